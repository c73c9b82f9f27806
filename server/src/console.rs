//! Standard output and standard error, which may be read by nobody any more: `berth demo | head -1` closes its end after the
//! first line, and the server goes on.

use std::fmt::Display;
use std::io::Write as _;

/// Writes a line on standard output, where people and scripts read it.
pub fn tell(line: impl Display) {
    // Who reads nothing misses nothing.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Writes a line on standard error.
pub fn complain(line: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
