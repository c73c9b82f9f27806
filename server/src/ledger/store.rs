//! The database of the ledger.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Any, AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor, Row as _, SqlSafeStr, Transaction};
use thiserror::Error;
use tokio::time::{sleep, timeout};
use topology::ledger::Row;
use topology::{Timestamp, Uid};

use super::Place;
use super::sql::{Sql, Value};

/// The versions of the schema, oldest first.
const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "ledger", include_str!("../../migrations/0001_ledger.sql")),
    (2, "history", include_str!("../../migrations/0002_history.sql")),
    (3, "namespaces", include_str!("../../migrations/0003_namespaces.sql")),
];
/// How many connections are open at once at most.
const CONNECTIONS: u32 = 4;
/// How long one may be waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is tried to make the tables, and the pause between two tries.
const MIGRATION_TRIES: u32 = 5;
const MIGRATION_PAUSE: Duration = Duration::from_millis(100);
/// How many rows one step of [`Store::prune`] deletes at most.
const PRUNE_STEP: i64 = 500;
/// How many stretches [`Store::resume`] reads.
const STRETCHES: u32 = 256;
/// How many rows [`Store::resume`] reads at most: enough for every pod of a large cluster and its latest forerunners.
const RESUMED: i64 = 200_000;

/// What is wrong with the database.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Another version of Berth wrote it.
    #[error(
        "the ledger in {place} was written by a newer version of Berth (schema {found}, this one knows {known}): use that \
         version, or another place with --ledger"
    )]
    Newer {
        /// Which.
        place: String,
        /// Its schema.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// It is something else.
    #[error("{place} is no ledger of Berth's: {problem}; pass another place with --ledger")]
    Foreign {
        /// Which.
        place: String,
        /// What was found.
        problem: String,
    },
    /// It cannot be used now; later it may.
    #[error("{0}")]
    Unusable(String),
}

impl StoreError {
    /// Whether trying again later may help.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unusable(_))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Unusable(error.to_string())
    }
}

/// How long and how much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// How long after its end a row is kept; `None` is for ever.
    pub age: Option<Duration>,
    /// How many rows are kept of a cluster. Those of pods that exist are not counted out.
    pub rows: u64,
    /// How many events of its history are kept, about.
    pub events: u64,
}

/// A stretch in which a server watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Which run of a server.
    pub run: u32,
    /// Since when.
    pub began: Timestamp,
    /// Until when at least.
    pub until: Timestamp,
    /// Which namespaces; `None` is all.
    pub namespaces: Option<Vec<String>>,
}

/// What a server finds when it starts.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The rows of pods that may still exist, or whose names may still be in DNS, and the latest of those before them;
    /// oldest first.
    pub rows: Vec<Row>,
    /// The latest stretches in which servers watched, oldest first.
    pub watched: Vec<Watched>,
}

impl Found {
    /// Until when a namespace (`None`: all of them) had been watched.
    pub fn watched_until(&self, namespace: Option<&str>) -> Option<Timestamp> {
        self.covering(namespace).map(|watched| watched.until).max()
    }

    /// The stretches in which a namespace (`None`: all of them) was watched.
    pub fn covering<'a>(&'a self, namespace: Option<&'a str>) -> impl Iterator<Item = &'a Watched> {
        self.watched.iter().filter(move |watched| match (&watched.namespaces, namespace) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(names), Some(namespace)) => names.iter().any(|name| name == namespace),
        })
    }
}

/// The database, open.
#[derive(Debug, Clone)]
pub struct Store {
    pool: AnyPool,
    postgres: bool,
}

impl Store {
    /// Opens the database, and makes or brings up its tables. `None` when the ledger is off.
    ///
    /// # Errors
    /// When it cannot be reached or written, or is not a ledger of this version.
    pub async fn open(place: &Place) -> Result<Option<Self>, StoreError> {
        sqlx::any::install_default_drivers();
        let (url, postgres) = match place {
            Place::Off => return Ok(None),
            Place::Memory => return Self::in_memory(place).await.map(Some),
            Place::File(path) => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                if let Some(folder) = folder {
                    tokio::fs::create_dir_all(folder).await?;
                }
                (file_url(path), false)
            }
            Place::Postgres(url) => (url.clone(), true),
        };
        // The first connection is made by itself: a pool would try again and again, and not tell what is wrong.
        let connected = timeout(PATIENCE, AnyConnection::connect(&url)).await;
        let connected = connected.map_err(|_elapsed| StoreError::Unusable("no answer within 5 s".to_owned()))?;
        let mut first = connected.map_err(|error| unopened(place, &error))?;
        set_up(&mut first, postgres).await.map_err(|error| unopened(place, &error))?;
        migrate(&mut first, place).await?;
        first.close().await?;
        let options = AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let options = options.after_connect(move |connection, _| Box::pin(set_up(connection, postgres)));
        Ok(Some(Self { pool: options.connect_lazy(&url)?, postgres }))
    }

    /// A database that lives as long as its one connection does.
    async fn in_memory(place: &Place) -> Result<Self, StoreError> {
        let options = AnyPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        let pool = options.idle_timeout(None).max_lifetime(None).connect("sqlite::memory:").await?;
        migrate(&mut *pool.acquire().await?, place).await?;
        Ok(Self { pool, postgres: false })
    }

    /// Begins to write. With SQLite there is one writer; that is claimed at once, as reading first could fail later.
    pub(crate) async fn begin(&self) -> Result<Transaction<'static, Any>, sqlx::Error> {
        if self.postgres {
            return self.pool.begin().await;
        }
        let mut tries = 0;
        loop {
            tries += 1;
            match self.pool.begin_with("BEGIN IMMEDIATE").await {
                // On a full disk SQLite ends a transaction by itself; `sqlx` believes that it goes on, and the connection
                // begins no other one. What is in memory has but one connection, and no disk.
                Err(sqlx::Error::InvalidSavePointStatement)
                    if tries <= CONNECTIONS && self.pool.options().get_max_connections() > 1 =>
                {
                    self.pool.acquire().await?.close().await?;
                }
                begun => return begun,
            }
        }
    }

    /// Writes rows, each joined with what is there of it, and until when the cluster was watched: all or nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn write(&self, cluster: &str, mut rows: Vec<Row>, watched: Option<&Watched>) -> Result<(), StoreError> {
        // Everybody writes in the same order, so that nobody waits in a circle.
        rows.sort_by(|one, other| one.uid.cmp(&other.uid));
        let mut transaction = self.begin().await?;
        for rows in rows.chunks(100) {
            self.write_some(&mut transaction, cluster, rows).await?;
        }
        if let Some(watched) = watched {
            let mut sql = Sql::new("INSERT INTO watches (cluster, run, began, until, namespaces) VALUES ");
            sql.tuple([
                cluster.into(),
                i64::from(watched.run).into(),
                watched.began.as_millis().into(),
                watched.until.as_millis().into(),
                json(&watched.namespaces)?.into(),
            ]);
            sql.push(" ON CONFLICT (cluster, run, began) DO UPDATE SET until = excluded.until");
            sql.query().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn write_some(
        &self,
        transaction: &mut Transaction<'static, Any>,
        cluster: &str,
        rows: &[Row],
    ) -> Result<(), StoreError> {
        let mut sql = Sql::new(
            "INSERT INTO incarnations (cluster, uid, namespace, statefulset, ordinal, pod, node, first_seen, ended, changes, document) VALUES ",
        );
        let tuples = rows.iter().map(|row| columns(cluster, row)).collect::<Result<Vec<_>, _>>()?;
        sql.tuples(tuples).push(" ON CONFLICT (cluster, uid) DO NOTHING RETURNING uid");
        let written = sql.query().fetch_all(&mut **transaction).await?;
        let written = written.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
        let mut known: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.uid.0.as_ref(), row)).collect();
        for uid in &written {
            known.remove(uid.as_str());
        }
        if !known.is_empty() {
            let mut sql = Sql::new("SELECT document FROM incarnations WHERE cluster = ");
            sql.bind(cluster).push(" AND uid IN ").tuple(known.keys().map(|uid| Value::from(*uid)));
            sql.push(" ORDER BY uid");
            if self.postgres {
                sql.push(" FOR UPDATE");
            }
            for found in sql.query().fetch_all(&mut **transaction).await? {
                let there = parse(&found.try_get::<String, _>(0)?)?;
                let Some(new) = known.get(there.uid.0.as_ref()) else { continue };
                let joined = there.clone().merge((*new).clone());
                if joined != there {
                    update(cluster, &joined)?.query().execute(&mut **transaction).await?;
                }
            }
        }
        let addresses = rows.iter().flat_map(|row| {
            row.addresses.iter().map(|held| [cluster.into(), held.ip.to_string().into(), row.uid.0.as_ref().into()])
        });
        let addresses: Vec<[Value; 3]> = addresses.collect();
        if !addresses.is_empty() {
            let mut sql = Sql::new("INSERT INTO addresses (cluster, ip, uid) VALUES ");
            sql.tuples(addresses).push(" ON CONFLICT (cluster, ip, uid) DO NOTHING");
            sql.query().execute(&mut **transaction).await?;
        }
        Ok(())
    }

    /// What a server that starts has to know.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn resume(&self, cluster: &str) -> Result<Found, StoreError> {
        let mut sql = Sql::new("SELECT document FROM incarnations WHERE cluster = ");
        sql.bind(cluster).push(" ORDER BY changes DESC, first_seen DESC, uid LIMIT ").bind(RESUMED);
        let mut rows = documents(&sql.query().fetch_all(&self.pool).await?)?;
        rows.sort_by(|one, other| (one.first_seen, &one.uid).cmp(&(other.first_seen, &other.uid)));
        Ok(Found { rows, watched: self.watched(cluster, STRETCHES).await? })
    }

    /// The stretches in which the cluster was watched, oldest first, the latest `limit` of them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn watched(&self, cluster: &str, limit: u32) -> Result<Vec<Watched>, StoreError> {
        let mut sql = Sql::new("SELECT run, began, until, namespaces FROM watches WHERE cluster = ");
        sql.bind(cluster).push(" ORDER BY until DESC LIMIT ").bind(i64::from(limit));
        let mut watched = Vec::new();
        for row in sql.query().fetch_all(&self.pool).await? {
            let namespaces: String = row.try_get(3)?;
            watched.push(Watched {
                run: u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or_default(),
                began: millis(row.try_get(1)?),
                until: millis(row.try_get(2)?),
                namespaces: serde_json::from_str(&namespaces).map_err(|error| unreadable(&error))?,
            });
        }
        watched.reverse();
        Ok(watched)
    }

    /// Deletes what is too old or too much, in one bounded step; how many rows went. Nothing that still exists goes.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn prune(&self, cluster: &str, retention: Retention, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        if let Some(age) = retention.age {
            let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
            let before = now.as_millis().saturating_sub(age);
            let mut sql = Sql::new("DELETE FROM incarnations WHERE cluster = ");
            sql.bind(cluster).push(" AND uid IN (SELECT uid FROM incarnations WHERE cluster = ").bind(cluster);
            sql.push(" AND ended < ").bind(before).push(" ORDER BY ended LIMIT ").bind(PRUNE_STEP).push(")");
            gone += sql.query().execute(&self.pool).await?.rows_affected();
            let mut sql = Sql::new("DELETE FROM watches WHERE cluster = ");
            sql.bind(cluster).push(" AND until < ").bind(before);
            sql.query().execute(&self.pool).await?;
        }
        let mut sql = Sql::new("SELECT COUNT(*) FROM incarnations WHERE cluster = ");
        sql.bind(cluster);
        let count: i64 = sql.query().fetch_one(&self.pool).await?.try_get(0)?;
        let excess = count.saturating_sub(i64::try_from(retention.rows).unwrap_or(i64::MAX));
        if excess > 0 {
            let mut sql = Sql::new("DELETE FROM incarnations WHERE cluster = ");
            sql.bind(cluster).push(" AND uid IN (SELECT uid FROM incarnations WHERE cluster = ").bind(cluster);
            sql.push(" AND ended IS NOT NULL ORDER BY ended LIMIT ").bind(excess.min(PRUNE_STEP)).push(")");
            gone += sql.query().execute(&self.pool).await?.rows_affected();
        }
        Ok(gone)
    }

    /// Ends every connection; what was written is on disk.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// The one number that a statement gives, if any.
    pub(super) async fn number(&self, sql: Sql) -> Result<Option<i64>, StoreError> {
        Ok(sql.query().fetch_one(&self.pool).await?.try_get(0)?)
    }

    pub(super) async fn fetch(&self, sql: Sql) -> Result<Vec<Row>, StoreError> {
        documents(&sql.query().fetch_all(&self.pool).await?)
    }
}

async fn set_up(connection: &mut AnyConnection, postgres: bool) -> Result<(), sqlx::Error> {
    if !postgres {
        // Readers do not wait for the writer, and a crash of this program loses nothing that was written.
        connection.execute("PRAGMA journal_mode = WAL").await?;
        connection.execute("PRAGMA synchronous = NORMAL").await?;
        // What is written again and again, as the segment that is not full yet, takes little room beside the database.
        connection.execute("PRAGMA wal_autocheckpoint = 128").await?;
    }
    Ok(())
}

/// Makes the tables, or brings them up to this version.
async fn migrate(connection: &mut AnyConnection, place: &Place) -> Result<(), StoreError> {
    let migration = |(version, name, sql): (i64, &'static str, &'static str)| {
        // The one type whose name differs.
        let sql = if place.is_postgres() { sql.replace(" BLOB", " BYTEA") } else { sql.to_owned() };
        let sql = AssertSqlSafe(sql).into_sql_str();
        Migration::new(version, Cow::Borrowed(name), MigrationType::Simple, sql, false)
    };
    let migrations: Vec<Migration> = MIGRATIONS.into_iter().map(migration).collect();
    let known = migrations.last().map_or(0, |last| last.version);
    let migrator =
        Migrator { migrations: migrations.into(), table_name: Cow::Borrowed("berth_migrations"), ..Migrator::DEFAULT };
    let mut tries = 0;
    loop {
        tries += 1;
        // The usual `run` makes a future that no task takes: rustc finds `Acquire` "not general enough" there.
        let source = match migrator.run_direct(None, &mut *connection, false).await {
            Ok(()) => return Ok(()),
            Err(MigrateError::VersionMissing(found)) => {
                return Err(StoreError::Newer { place: place.to_string(), found, known });
            }
            Err(error @ (MigrateError::VersionMismatch(_) | MigrateError::Dirty(_))) => {
                return Err(StoreError::Foreign { place: place.to_string(), problem: error.to_string() });
            }
            Err(MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)) => source,
            Err(other) => return Err(StoreError::Unusable(other.to_string())),
        };
        // SQLite lets two servers that start at once both begin; the second finds it done.
        if tries == MIGRATION_TRIES {
            return Err(unopened(place, &source));
        }
        sleep(MIGRATION_PAUSE).await;
    }
}

/// What the error of a first statement means.
fn unopened(place: &Place, error: &sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code().map(Cow::into_owned));
    // SQLITE_NOTADB and SQLITE_CORRUPT.
    if matches!(place, Place::File(_)) && matches!(code.as_deref(), Some("26" | "11")) {
        return StoreError::Foreign { place: place.to_string(), problem: error.to_string() };
    }
    StoreError::Unusable(error.to_string())
}

/// The URL of a SQLite file: what would mean something in a URL is escaped.
fn file_url(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut url = "sqlite://".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            url.push(char::from(*byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url + "?mode=rwc"
}

fn columns(cluster: &str, row: &Row) -> Result<[Value; 11], StoreError> {
    Ok([
        cluster.into(),
        row.uid.0.as_ref().into(),
        row.set.namespace.as_str().into(),
        row.set.name.as_str().into(),
        i64::from(row.ordinal.0).into(),
        row.pod.as_str().into(),
        row.node.clone().into(),
        row.first_seen.as_millis().into(),
        ended(row).into(),
        changes(row).into(),
        json(row)?.into(),
    ])
}

fn update(cluster: &str, row: &Row) -> Result<Sql, StoreError> {
    let mut sql = Sql::new("UPDATE incarnations SET first_seen = ");
    sql.bind(row.first_seen.as_millis()).push(", ended = ").bind(ended(row)).push(", changes = ").bind(changes(row));
    sql.push(", node = ").bind(row.node.clone());
    sql.push(", document = ").bind(json(row)?);
    sql.push(" WHERE cluster = ").bind(cluster).push(" AND uid = ").bind(uid(&row.uid));
    Ok(sql)
}

fn uid(uid: &Uid) -> Value {
    uid.0.as_ref().into()
}

fn ended(row: &Row) -> Option<i64> {
    row.ended.map(|ended| ended.at.latest().as_millis())
}

fn changes(row: &Row) -> i64 {
    i64::from(row.ended.is_none() || row.is_in_dns())
}

fn millis(number: i64) -> Timestamp {
    Timestamp::from_millis(number)
}

fn documents(rows: &[sqlx::any::AnyRow]) -> Result<Vec<Row>, StoreError> {
    rows.iter().map(|row| parse(&row.try_get::<String, _>(0)?)).collect()
}

fn parse(document: &str) -> Result<Row, StoreError> {
    serde_json::from_str(document).map_err(|error| unreadable(&error))
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> StoreError {
    StoreError::Unusable(format!("a row of the ledger cannot be read or written: {error}"))
}
