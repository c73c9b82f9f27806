//! What a hub tells while changes come at a steady rate, with history kept beside it and without: without an API server,
//! which holds a few hundred a second.

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use server::clock::now;
use server::cluster::{Health, Report, WatchHealth, watches};
use server::history::Part;
use server::hub::{Feed, Hub, REPORT_QUEUE};
use server::ledger::{Keeper, Place, Retention, Run, Store};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use topology::dns::Zone;
use topology::facts::{Event, Kind, Object, Observation, Pod, Watch};
use topology::wire::{Format, Instance, Scope, Subscription};
use topology::{ResourceVersion, SetKey, Timestamp};

use super::changes::Changes;

/// The namespace of the pod whose changes are timed.
const TIMED: &str = "timed";
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(7);
/// How long before they count.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends so many changes a second for so many seconds, and keeps them in a file or not at all. Tells how many a second the
/// hub took, how many a second were kept, how many there was no room for, and after how many microseconds the timed ones
/// were told, encoded (median, 95th percentile).
pub(super) async fn live(rate: u32, seconds: u64, file: Option<&Path>) -> Result<String, Box<dyn Error>> {
    let health = Health::new(watches(None), now());
    let (task, hub) = Hub::prepare(super::cluster(), Zone::default(), Instance(1), health, now);
    let (reports, inbox) = mpsc::channel(REPORT_QUEUE);
    let (stop, stopping) = watch::channel(false);
    let retention = Retention { age: None, rows: 1_000_000, events: u64::MAX };
    let place = file.map_or(Place::Off, |file| Place::File(file.to_owned()));
    let keeper = Keeper::open(place.clone(), retention).await?;
    let (mut waiting, mut writer, mut task) = (None, None, task);
    if let Some(keeper) = keeper {
        let (recorder, tape) = (keeper.recorder().clone(), keeper.tape().clone());
        waiting = Some((recorder.clone(), tape.clone()));
        task = task.recorded(recorder, tape);
        let (namespaces, zone, reports, status) = (None, Zone::default(), reports.clone(), hub.status());
        let run = Run { namespaces, zone, reports, status, run: 1, clock: now, stopping };
        writer = Some(tokio::spawn(keeper.keep_replay(run)));
    }
    tokio::spawn(task.run(inbox));
    let (pod, set) = timed_pod()?;
    tell(&reports, Event::Listed(Vec::new())).await?;
    let feed = hub.subscribe(Subscription { scope: Scope::StatefulSet(set), since: None }).await?;
    let began = Instant::now();
    let load = tokio::spawn(send(reports.clone(), rate, WARM_UP + Duration::from_secs(seconds)));
    let times = time(&reports, feed, pod, WARM_UP + Duration::from_secs(seconds)).await?;
    let sent = load.await??;
    let took = began.elapsed().as_secs_f64();
    stop.send(true)?;
    let (mut kept, mut dropped) = (0.0, 0);
    if let (Some(writer), Some((recorder, tape))) = (writer, waiting) {
        writer.await?;
        dropped = recorder.dropped() + tape.dropped();
        let store = Store::open(&place).await?.ok_or("no ledger")?;
        let window =
            store.window(&Part::all("recording"), Timestamp::default(), Timestamp::from_millis(i64::MAX)).await?;
        store.close().await;
        kept = f64::from(u32::try_from(window.events)?) / took;
    }
    let [median, most] = [times.len() / 2, times.len() * 95 / 100].map(|at| times[at].as_secs_f64() * 1e6);
    Ok(format!("{:.0} {kept:.0} {dropped} {median:.1} {most:.1}", f64::from(sent) / took))
}

/// The pod whose changes are timed, and its StatefulSet.
fn timed_pod() -> Result<(Pod, SetKey), Box<dyn Error>> {
    let pod = Changes::of_traces()?.find_map(|(_, observation)| match observation.event {
        Event::Applied(Object::Pod(pod)) if pod.owner.is_some() => Some(pod),
        _ => None,
    });
    let mut pod = *pod.ok_or("no trace has a pod")?;
    TIMED.clone_into(&mut pod.namespace);
    let owner = pod.owner.as_ref().map(|owner| owner.name.clone()).ok_or("the pod has no owner")?;
    Ok((pod, SetKey::new(TIMED, &owner)))
}

/// Tells what happened to the timed pod: its watch is one of its own, so that its versions are too.
async fn tell(reports: &mpsc::Sender<Report>, event: Event) -> Result<(), Box<dyn Error>> {
    let watch = Watch { kind: Kind::Pod, namespace: Some(TIMED.to_owned()) };
    Ok(reports.send(Report::Observed(Observation { watch, event })).await?)
}

/// Changes the pod again and again, and waits each time until that is told; how long each took, the shortest first.
async fn time(
    reports: &mpsc::Sender<Report>,
    mut feed: Feed,
    mut pod: Pod,
    length: Duration,
) -> Result<Vec<Duration>, Box<dyn Error>> {
    let (began, mut times) = (Instant::now(), Vec::new());
    for number in 1.. {
        pod.columns.restarts.count = i64::try_from(number)?;
        pod.version = ResourceVersion(Some(number));
        while feed.live.try_recv().is_ok() {}
        let sent = Instant::now();
        tell(reports, Event::Applied(Object::Pod(Box::new(pod.clone())))).await?;
        let frame = timeout(PATIENCE, feed.live.recv()).await??;
        frame.bytes(Format::Postcard)?;
        let took = sent.elapsed();
        if began.elapsed() > length {
            break;
        }
        if began.elapsed() > WARM_UP {
            times.push(took);
        }
        sleep(PAUSE).await;
    }
    times.sort();
    if times.is_empty() { Err("nothing was timed".into()) } else { Ok(times) }
}

/// Sends changes at a rate; how many.
async fn send(reports: mpsc::Sender<Report>, rate: u32, length: Duration) -> Result<u32, String> {
    let gone = |_| "the hub is gone".to_owned();
    for watch in watches(None) {
        reports.send(Report::Watch(watch, WatchHealth::Live)).await.map_err(gone)?;
    }
    let mut changes = Changes::of_traces().map_err(|error| error.to_string())?;
    let mut beat = interval(Duration::from_millis(1));
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (began, mut sent) = (Instant::now(), 0_u32);
    while began.elapsed() < length {
        beat.tick().await;
        while f64::from(sent) < began.elapsed().as_secs_f64() * f64::from(rate) {
            let (_, observation) = changes.next().ok_or("changes have no end")?;
            reports.send(Report::Observed(observation)).await.map_err(gone)?;
            sent += 1;
        }
    }
    Ok(sent)
}
