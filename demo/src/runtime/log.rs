//! What a container wrote: the latest lines, each with its time. Readers keep their own place, so that a slow one costs no
//! memory; it misses what was dropped meanwhile.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::watch;

use super::Stream;

/// The bytes that are kept of one container, with what each line costs.
const MOST: usize = 64 << 10;

/// The same when all containers together have written a lot.
const FEW: usize = 4 << 10;

/// The bytes of all containers that count as a lot.
const ALL: usize = 32 << 20;

/// What a line costs beside its text.
const LINE: usize = size_of::<Line>();

/// The bytes that all logs together hold.
#[derive(Debug, Default)]
pub(super) struct Budget(AtomicUsize);

/// A line, or the part of one that was written at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) at: Timestamp,
    pub(crate) stream: Stream,
    /// The text; a whole line ends with `\n`.
    pub(crate) text: Bytes,
}

impl Line {
    fn cost(&self) -> usize {
        LINE + self.text.len()
    }
}

/// What a container wrote.
#[derive(Debug)]
pub(crate) struct Log {
    kept: Mutex<Kept>,
    /// How many lines were ever written; closed when there will be no more.
    written: watch::Sender<u64>,
    budget: Arc<Budget>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Line>,
    bytes: usize,
    /// How many lines were written in all.
    written: u64,
    closed: bool,
}

impl Kept {
    /// The number of the first line that is kept.
    fn first(&self) -> u64 {
        self.written - self.lines.len() as u64
    }
}

impl Log {
    pub(super) fn new(budget: Arc<Budget>) -> Self {
        Self { kept: Mutex::default(), written: watch::Sender::new(0), budget }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner) // no change is left half made
    }

    /// Writes text at this time.
    pub(super) fn write(&self, stream: Stream, text: &[u8]) {
        self.write_at(Timestamp::now(), stream, text);
    }

    fn write_at(&self, at: Timestamp, stream: Stream, text: &[u8]) {
        let mut kept = self.lock();
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            let text = Bytes::copy_from_slice(&line[..line.len().min(MOST / 2)]);
            let line = Line { at, stream, text };
            let cost = line.cost();
            kept.lines.push_back(line);
            kept.bytes += cost;
            kept.written += 1;
            let all = self.budget.0.fetch_add(cost, Ordering::Relaxed) + cost;
            let limit = if all > ALL { FEW } else { MOST };
            while kept.bytes > limit && kept.lines.len() > 1 {
                let Some(oldest) = kept.lines.pop_front() else { break };
                kept.bytes -= oldest.cost();
                self.budget.0.fetch_sub(oldest.cost(), Ordering::Relaxed);
            }
        }
        let written = kept.written;
        drop(kept);
        self.written.send_replace(written);
    }

    /// Nothing more will be written.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.written.send_modify(|_| {});
    }

    /// Reads everything that is kept, then what is written from now on.
    pub(crate) fn reader(self: &Arc<Self>) -> Reader {
        let first = self.lock().first();
        Reader { log: Arc::clone(self), next: first, written: self.written.subscribe() }
    }

    /// Reads what is written from now on, and before that the line that has been begun.
    pub(crate) fn reader_of_line(self: &Arc<Self>) -> Reader {
        let mut reader = self.reader();
        let kept = self.lock();
        let begun = kept.lines.iter().rev().take_while(|line| !line.text.ends_with(b"\n")).count();
        reader.next = kept.written - begun as u64;
        drop(kept);
        reader
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.lock().bytes, Ordering::Relaxed);
    }
}

/// A place in a log.
#[derive(Debug)]
pub(crate) struct Reader {
    log: Arc<Log>,
    /// The number of the next line.
    next: u64,
    written: watch::Receiver<u64>,
}

impl Reader {
    /// What there is to read now; whether more can come.
    pub(crate) fn read(&mut self) -> (Vec<Line>, bool) {
        self.written.borrow_and_update();
        let kept = self.log.lock();
        let first = kept.first();
        let skipped = usize::try_from(self.next.saturating_sub(first)).unwrap_or(usize::MAX);
        let lines = kept.lines.iter().skip(skipped).cloned().collect();
        self.next = kept.written;
        (lines, !kept.closed)
    }

    /// Waits for something to read; nothing when no more will come.
    pub(crate) async fn next(&mut self) -> Option<Vec<Line>> {
        loop {
            match self.read() {
                (lines, more) if !lines.is_empty() || !more => return Some(lines).filter(|lines| !lines.is_empty()),
                _ => self.written.changed().await.ok()?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line]) -> Vec<String> {
        lines.iter().map(|line| String::from_utf8_lossy(&line.text).into_owned()).collect()
    }

    #[tokio::test]
    async fn given_a_log_when_followed_then_what_was_written_comes_first_and_the_end_is_told() {
        let log = Arc::new(Log::new(Arc::default()));
        log.write(Stream::Out, b"one\ntwo\n/ # ");
        let (mut all, mut line) = (log.reader(), log.reader_of_line());
        assert_eq!(texts(&all.next().await.expect("lines")), ["one\n", "two\n", "/ # "]);
        assert_eq!(texts(&line.next().await.expect("a line")), ["/ # "]);
        assert_eq!(line.read(), (Vec::new(), true));
        log.write(Stream::Err, b"exit\n");
        log.close();
        for mut reader in [all, line] {
            assert_eq!(texts(&reader.next().await.expect("a line")), ["exit\n"]);
            assert_eq!(reader.next().await, None);
        }
    }

    #[test]
    fn given_more_than_is_kept_when_written_then_the_oldest_lines_go_and_the_budget_knows() {
        let budget: Arc<Budget> = Arc::default();
        let log = Arc::new(Log::new(Arc::clone(&budget)));
        let mut slow = log.reader();
        for number in 0..5_000 {
            log.write(Stream::Out, format!("line {number} {}\n", "x".repeat(40)).as_bytes());
        }
        let (lines, _) = slow.read();
        assert!(lines.len() < 2_000 && texts(&lines[lines.len() - 1..])[0].starts_with("line 4999 "));
        let held = budget.0.load(Ordering::Relaxed);
        assert!((MOST / 2..=MOST).contains(&held), "{held}");
        log.write(Stream::Out, &vec![b'y'; 10 * MOST]);
        assert!(budget.0.load(Ordering::Relaxed) <= MOST);
        drop((slow, lines, log));
        assert_eq!(budget.0.load(Ordering::Relaxed), 0);
    }
}
