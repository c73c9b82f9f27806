-- Times are milliseconds since the Unix epoch, UTC. Every type in here means the same to SQLite and PostgreSQL.

-- One row per pod that held an identity.
CREATE TABLE incarnations (
    cluster TEXT NOT NULL,
    uid TEXT NOT NULL,
    namespace TEXT NOT NULL,
    statefulset TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    pod TEXT NOT NULL,
    node TEXT,
    first_seen BIGINT NOT NULL,
    ended BIGINT,              -- at the latest; NULL while the pod exists
    changes BIGINT NOT NULL,   -- 1 while the row can still change, else 0
    document TEXT NOT NULL,    -- the whole row as JSON
    PRIMARY KEY (cluster, uid)
);
CREATE INDEX incarnations_by_identity ON incarnations (cluster, namespace, statefulset, ordinal, first_seen);
CREATE INDEX incarnations_by_time ON incarnations (cluster, first_seen, uid);
CREATE INDEX incarnations_by_end ON incarnations (cluster, ended);
CREATE INDEX incarnations_by_node ON incarnations (cluster, node, first_seen);

-- The addresses that each had.
CREATE TABLE addresses (
    cluster TEXT NOT NULL,
    ip TEXT NOT NULL,
    uid TEXT NOT NULL,
    PRIMARY KEY (cluster, ip, uid),
    FOREIGN KEY (cluster, uid) REFERENCES incarnations (cluster, uid) ON DELETE CASCADE
);
CREATE INDEX addresses_by_pod ON addresses (cluster, uid);

-- When the cluster was watched, and by which run of a server. What lies between is a gap.
CREATE TABLE watches (
    cluster TEXT NOT NULL,
    run BIGINT NOT NULL,
    began BIGINT NOT NULL,
    until BIGINT NOT NULL,
    namespaces TEXT NOT NULL,  -- a JSON list; "null" is all
    PRIMARY KEY (cluster, run, began)
);
CREATE INDEX watches_by_time ON watches (cluster, until);
