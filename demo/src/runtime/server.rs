//! What a server writes in its log: that it started, who asked for what, that it ends. An nginx does so in its own words.

use jiff::Timestamp;

use super::program::{name, tag};
use super::{Log, Stream};

/// A server that starts.
pub(super) fn started(log: &Log, image: &str) {
    if name(image) != "nginx" {
        return;
    }
    notice(log, "using the \"epoll\" event method");
    if tag(image).starts_with(|first: char| first.is_ascii_digit()) {
        notice(log, &format!("nginx/{}", tag(image)));
    }
    notice(log, "start worker processes");
}

/// A server that ends at once.
pub(super) fn crashed(log: &Log, image: &str) {
    let why = if name(image) == "nginx" {
        "nginx: [emerg] open() \"/etc/nginx/nginx.conf\" failed (2: No such file or directory)\n"
    } else {
        "fatal: the configuration cannot be read\n"
    };
    log.write(Stream::Err, why.as_bytes());
}

/// A server that is told to end.
pub(super) fn terminated(log: &Log, image: &str) {
    if name(image) == "nginx" {
        notice(log, "signal 15 (SIGTERM) received, exiting");
    }
}

/// Somebody got a page.
pub(super) fn visited(log: &Log, visitor: &str, path: &str, bytes: usize) {
    let time = Timestamp::now().strftime("%d/%b/%Y:%H:%M:%S +0000");
    let line = format!("{visitor} - - [{time}] \"GET {path} HTTP/1.1\" 200 {bytes} \"-\" \"Wget\" \"-\"\n");
    log.write(Stream::Out, line.as_bytes());
}

fn notice(log: &Log, what: &str) {
    let time = Timestamp::now().strftime("%Y/%m/%d %H:%M:%S");
    log.write(Stream::Err, format!("{time} [notice] 1#1: {what}\n").as_bytes());
}
