//! `load-history keep CHANGES FILE` keeps so many changes in a ledger and prints the seconds that keeping took, the bytes on
//! disk, and, of a window of the first twentieth and of the whole, how many changes it has and the milliseconds of 200
//! moments of it (median, 95th percentile, worst);
//! `load-history live RATE SECONDS FILE|off` has a hub take so many changes a second and keep them, or not, and prints what
//! [`live::live`] tells;
//! `load-history record BYTES FILE` makes a recording of about that length.

mod changes;
mod live;

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use changes::Changes;
use server::history::{Keeping, Limits, Moment, Part, Tape};
use server::ledger::{Place, Store};
use server::recording::{Entry, Head, What, Writer};
use topology::Timestamp;
use topology::dns::Zone;
use topology::facts::Observation;
use topology::fold::Input;
use topology::wire::Cluster;

/// The exit code for what the user can mend.
const USAGE: u8 = 2;
/// How many moments are shown.
const MOMENTS: i64 = 200;
/// Which part of the changes is the first window.
const EARLY: usize = 20;
/// How many changes are put on the tape before what is on it is written.
const TOGETHER: usize = 2_000;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["keep", count, file] => match count.parse() {
            Ok(count) => keep(count, Path::new(file)).await,
            Err(_) => Err("the number of changes is a whole number".into()),
        },
        ["live", rate, seconds, file] => match (rate.parse(), seconds.parse()) {
            (Ok(rate), Ok(seconds)) => live::live(rate, seconds, (file != "off").then(|| Path::new(file))).await,
            _ => Err("the rate and the seconds are whole numbers".into()),
        },
        ["record", bytes, file] => match bytes.parse() {
            Ok(bytes) => record(bytes, Path::new(file)),
            Err(_) => Err("the number of bytes is a whole number".into()),
        },
        _ => Err("usage: load-history keep CHANGES FILE | load-history live RATE SECONDS FILE|off | load-history record BYTES FILE".into()),
    };
    match done {
        Ok(told) => {
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("load-history: {problem}");
            ExitCode::from(USAGE)
        }
    }
}

async fn keep(count: usize, file: &Path) -> Result<String, Box<dyn Error>> {
    let store = Store::open(&Place::File(file.to_owned())).await?.ok_or("no ledger")?;
    let tape = Tape::new(TOGETHER * 4);
    let mut keeping = Keeping::new(tape.clone(), Zone::default(), 1, Limits::default());
    let changes: Vec<(Timestamp, Observation)> = Changes::of_traces()?.take(count).collect();
    let time = |number: usize| changes[number].0.as_millis();
    let windows = [changes.len() / EARLY, changes.len() - 1].map(|last| (last, time(0), time(last)));
    let began = Instant::now();
    for (number, (at, observation)) in changes.into_iter().enumerate() {
        tape.put(at, Input::Observed(vec![observation]));
        if number % TOGETHER == TOGETHER - 1 {
            keeping.write(&store, &Part::all("c")).await?;
        }
    }
    keeping.write(&store, &Part::all("c")).await?;
    let kept = began.elapsed().as_secs_f64();
    let mut told = String::new();
    for (count, first, last) in windows {
        let [median, most, worst] = moments(&store, first, last).await?;
        told = format!("{told} {} {median:.2} {most:.2} {worst:.2}", count + 1);
    }
    store.close().await;
    let bytes = std::fs::metadata(file)?.len();
    Ok(format!("{kept:.3} {bytes}{told}"))
}

/// How many milliseconds moments between two times take: the median, the 95th percentile and the worst.
async fn moments(store: &Store, first: i64, last: i64) -> Result<[f64; 3], Box<dyn Error>> {
    let mut times = Vec::new();
    for number in 0..MOMENTS {
        // Spread over the whole, in no order.
        let at = first + (last - first) / MOMENTS * (number * 77 % MOMENTS);
        let began = Instant::now();
        let moment = Moment::at(store, &Part::all("c"), Zone::default(), Timestamp::from_millis(at)).await?;
        times.push(began.elapsed().as_secs_f64() * 1_000.0);
        moment.ok_or("a moment is missing")?;
    }
    times.sort_by(f64::total_cmp);
    Ok([times.len() / 2, times.len() * 95 / 100, times.len() - 1].map(|at| times[at]))
}

/// The cluster as it is introduced.
fn cluster() -> Cluster {
    Cluster { name: "load".to_owned(), domain: "cluster.local".to_owned(), ttl: 5, namespaces: None, dns: None }
}

fn record(bytes: u64, file: &Path) -> Result<String, Box<dyn Error>> {
    let mut changes = Changes::of_traces()?.peekable();
    let at = changes.peek().map_or(Timestamp::default(), |(at, _)| *at);
    let head = Head { version: env!("CARGO_PKG_VERSION").to_owned(), at, cluster: cluster() };
    let mut writer = Writer::new(BufWriter::new(File::create(file)?), &head)?;
    let mut count = 0_u64;
    for (at, observation) in changes {
        writer.push(&Entry { at, what: What::Observed(observation) })?;
        count += 1;
        if count.is_multiple_of(2_000) && std::fs::metadata(file)?.len() >= bytes {
            break;
        }
    }
    writer.flush()?;
    Ok(count.to_string())
}
