//! The line that is typed at a shell's prompt: editing it, and those that were typed before. Bytes of the keyboard go in,
//! and what the screen shows comes out.

use std::collections::VecDeque;

use super::session::MAX_LINE;

/// What the shell shows when it waits for a line.
const PROMPT: &[u8] = b"/ # ";

/// How many lines are remembered.
const REMEMBERED: usize = 100;

/// What a byte brought.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The line goes on.
    More,
    /// The line is complete.
    Line(String),
    /// Nothing more will be typed.
    End,
}

/// Where in an escape sequence the keyboard is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Escape {
    #[default]
    None,
    Begun,
    /// Behind `ESC [`, with the last digit of its number.
    Open(Option<u8>),
}

/// A line that is being typed.
#[derive(Debug, Default)]
pub(super) struct Terminal {
    line: Vec<char>,
    /// Before which character the next one goes.
    cursor: usize,
    before: VecDeque<Vec<char>>,
    /// Which of those before is shown; their count when it is none.
    place: usize,
    /// What was typed before one of them was shown.
    draft: Vec<char>,
    escape: Escape,
    /// The first bytes of a character.
    partial: Vec<u8>,
    /// Whether the last byte was a return, behind which a new line means nothing.
    returned: bool,
}

impl Terminal {
    /// Begins a line: what is shown before it.
    pub(super) fn prompt(&mut self) -> &'static [u8] {
        self.line.clear();
        self.cursor = 0;
        self.place = self.before.len();
        PROMPT
    }

    /// Takes a byte in; `shown` gets what the screen shows of it.
    pub(super) fn read(&mut self, byte: u8, shown: &mut Vec<u8>) -> Read {
        if std::mem::take(&mut self.returned) && byte == b'\n' {
            return Read::More;
        }
        match (self.escape, byte) {
            (Escape::None, 27) => self.escape = Escape::Begun,
            (Escape::None, _) => return self.key(byte, shown),
            (Escape::Begun, b'[' | b'O') => self.escape = Escape::Open(None),
            (Escape::Open(_), b'0'..=b'9') => self.escape = Escape::Open(Some(byte)),
            (Escape::Open(_), b';') => {}
            (Escape::Open(number), _) => {
                self.escape = Escape::None;
                self.function_key(number, byte, shown);
            }
            (Escape::Begun, _) => self.escape = Escape::None,
        }
        Read::More
    }

    fn key(&mut self, byte: u8, shown: &mut Vec<u8>) -> Read {
        match byte {
            b'\r' | b'\n' => {
                self.returned = byte == b'\r';
                shown.extend_from_slice(b"\r\n");
                return Read::Line(self.finish());
            }
            4 if self.line.is_empty() => {
                shown.extend_from_slice(b"\r\n");
                return Read::End;
            }
            3 => {
                shown.extend_from_slice(b"^C\r\n");
                shown.extend_from_slice(self.prompt());
            }
            1 => self.move_to(0, shown),
            5 => self.move_to(self.line.len(), shown),
            8 | 127 if self.cursor > 0 => self.erase(self.cursor - 1, self.cursor, shown),
            4 => self.erase(self.cursor, self.cursor + 1, shown),
            11 => self.erase(self.cursor, self.line.len(), shown),
            21 => self.erase(0, self.cursor, shown),
            23 => {
                let word = self.line[..self.cursor].iter().rposition(|c| *c != ' ').unwrap_or(0);
                let start = self.line[..word].iter().rposition(|c| *c == ' ').map_or(0, |space| space + 1);
                self.erase(start, self.cursor, shown);
            }
            12 => {
                shown.extend_from_slice(b"\x1b[H\x1b[J");
                self.redraw(shown);
            }
            byte if byte >= b' ' && byte != 127 => self.typed(byte, shown),
            _ => {}
        }
        Read::More
    }

    fn function_key(&mut self, number: Option<u8>, byte: u8, shown: &mut Vec<u8>) {
        match (byte, number) {
            (b'A', _) if self.place > 0 => self.remember(self.place - 1, shown),
            (b'B', _) if self.place < self.before.len() => self.remember(self.place + 1, shown),
            (b'C', _) => self.move_to(self.cursor + 1, shown),
            (b'D', _) => self.move_to(self.cursor.saturating_sub(1), shown),
            (b'H', _) | (b'~', Some(b'1')) => self.move_to(0, shown),
            (b'F', _) | (b'~', Some(b'4')) => self.move_to(self.line.len(), shown),
            (b'~', Some(b'3')) => self.erase(self.cursor, self.cursor + 1, shown),
            _ => {}
        }
    }

    /// A byte of a character.
    fn typed(&mut self, byte: u8, shown: &mut Vec<u8>) {
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                let c = text.chars().next();
                if let Some(c) = c.filter(|_| self.line.len() < MAX_LINE) {
                    self.line.insert(self.cursor, c);
                    self.cursor += 1;
                    if self.cursor == self.line.len() {
                        shown.extend_from_slice(&self.partial);
                    } else {
                        self.redraw(shown);
                    }
                }
                self.partial.clear();
            }
            Err(error) if error.error_len().is_some() => self.partial.clear(),
            Err(_) => {} // more bytes belong to it
        }
    }

    fn finish(&mut self) -> String {
        if !self.line.is_empty() && self.before.back() != Some(&self.line) {
            if self.before.len() == REMEMBERED {
                self.before.pop_front();
            }
            self.before.push_back(self.line.clone());
        }
        self.line.iter().collect()
    }

    /// Shows a line that was typed before, or again what was typed since.
    fn remember(&mut self, place: usize, shown: &mut Vec<u8>) {
        if self.place == self.before.len() {
            self.draft = std::mem::take(&mut self.line);
        }
        self.place = place;
        self.line = self.before.get(place).unwrap_or(&self.draft).clone();
        self.cursor = self.line.len();
        self.redraw(shown);
    }

    fn move_to(&mut self, place: usize, shown: &mut Vec<u8>) {
        self.cursor = place.min(self.line.len());
        self.redraw(shown);
    }

    fn erase(&mut self, from: usize, to: usize, shown: &mut Vec<u8>) {
        let to = to.min(self.line.len());
        if from < to {
            self.line.drain(from..to);
            self.cursor = from;
            self.redraw(shown);
        }
    }

    fn redraw(&self, shown: &mut Vec<u8>) {
        shown.push(b'\r');
        shown.extend_from_slice(PROMPT);
        shown.extend(self.line.iter().collect::<String>().into_bytes());
        shown.extend_from_slice(b"\x1b[J");
        let behind = self.line.len() - self.cursor;
        if behind > 0 {
            shown.extend(format!("\x1b[{behind}D").into_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines that come of what is typed.
    fn lines(typed: &str) -> Vec<String> {
        let (mut terminal, mut lines) = (Terminal::default(), Vec::new());
        terminal.prompt();
        for byte in typed.bytes() {
            match terminal.read(byte, &mut Vec::new()) {
                Read::More => {}
                Read::Line(line) => {
                    lines.push(line);
                    terminal.prompt();
                }
                Read::End => lines.push("END".to_owned()),
            }
        }
        lines
    }

    #[test]
    fn given_keys_when_typed_then_the_line_is_edited_as_at_a_shell() {
        let table: [(&str, &[&str]); 12] = [
            ("hostname\r", &["hostname"]),
            ("a\r\nb\n", &["a", "b"]),
            ("hostnmae\x7f\x7f\x7fame\r", &["hostname"]),
            ("ech a\x1b[D\x1b[Do\r", &["echo a"]),
            ("b\x01a\x05c\r", &["abc"]),
            ("one two\x17three\r", &["one three"]),
            ("one\x15two\r", &["two"]),
            ("ab\x1b[D\x1b[3~c\r", &["ac"]),
            ("one\rtwo\r\x1b[A\x1b[A\r\x1b[A\x1b[A\x1b[B!\r", &["one", "two", "one", "one!"]),
            ("half\x03whole\r\x1b[A\r", &["whole", "whole"]),
            ("grüß\x7fß\r", &["grüß"]),
            ("\x04", &["END"]),
        ];
        for (typed, expected) in table {
            assert_eq!(lines(typed), expected, "{typed:?}");
        }
    }

    #[test]
    fn given_plain_text_when_typed_then_the_screen_shows_it_as_it_is() {
        let mut terminal = Terminal::default();
        let mut shown = terminal.prompt().to_vec();
        for byte in b"echo a\r" {
            terminal.read(*byte, &mut shown);
        }
        assert_eq!(shown, b"/ # echo a\r\n");
    }

    #[test]
    fn given_a_line_without_end_when_typed_then_it_stops_growing() {
        let (mut terminal, mut shown) = (Terminal::default(), Vec::new());
        for _ in 0..2 * MAX_LINE {
            terminal.read(b'x', &mut shown);
        }
        assert_eq!(terminal.line.len(), MAX_LINE);
    }
}
