//! A line of the shell, taken apart: words, and what joins commands.

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// It is this.
    Text(String),
    /// It is what a variable holds.
    Variable(String),
}

/// A word; its variables are filled in when the command runs.
pub(super) type Word = Vec<Piece>;

/// When a command runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Join {
    /// In any case.
    Always,
    /// If the one before went well.
    And,
    /// If the one before did not.
    Or,
}

/// A command, and when it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) join: Join,
    pub(super) words: Vec<Word>,
}

/// Reads a line.
///
/// # Errors
/// What is wrong with it, as a shell says it.
pub(super) fn parse(line: &str) -> Result<Vec<Command>, String> {
    let mut reader = Reader { rest: line.chars().peekable(), word: None, words: Vec::new() };
    let mut commands = Vec::new();
    let mut join = Join::Always;
    loop {
        let (next, token) = match reader.rest.next() {
            None => (None, "newline"),
            Some(' ' | '\t' | '\r') => {
                reader.end_word();
                continue;
            }
            Some('#') if reader.word.is_none() => {
                while reader.rest.next_if(|c| *c != '\n').is_some() {}
                continue;
            }
            Some(';' | '\n') => (Some(Join::Always), ";"),
            Some('&') if reader.rest.next_if_eq(&'&').is_some() => (Some(Join::And), "&&"),
            Some('|') if reader.rest.next_if_eq(&'|').is_some() => (Some(Join::Or), "||"),
            Some(c @ ('&' | '|' | '<' | '>' | '(' | ')' | '`')) => return Err(unexpected(&c.to_string())),
            Some(c) => {
                reader.read(c)?;
                continue;
            }
        };
        reader.end_word();
        let words = std::mem::take(&mut reader.words);
        if !words.is_empty() {
            commands.push(Command { join, words });
        } else if join != Join::Always || matches!(next, Some(Join::And | Join::Or)) {
            return Err(unexpected(token));
        }
        match next {
            Some(next) => join = next,
            None => return Ok(commands),
        }
    }
}

fn unexpected(token: &str) -> String {
    format!("syntax error: unexpected \"{token}\"")
}

struct Reader<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    word: Option<Word>,
    words: Vec<Word>,
}

impl Reader<'_> {
    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn push(&mut self, c: char) {
        let word = self.word.get_or_insert_default();
        if let Some(Piece::Text(text)) = word.last_mut() {
            text.push(c);
        } else {
            word.push(Piece::Text(c.to_string()));
        }
    }

    /// Reads what a character begins: quoted text, a variable, or just itself.
    fn read(&mut self, c: char) -> Result<(), String> {
        match c {
            '\'' => {
                self.word.get_or_insert_default();
                loop {
                    match self.rest.next() {
                        Some('\'') => return Ok(()),
                        Some(c) => self.push(c),
                        None => return Err("syntax error: unterminated quoted string".to_owned()),
                    }
                }
            }
            '"' => {
                self.word.get_or_insert_default();
                loop {
                    match self.rest.next() {
                        Some('"') => return Ok(()),
                        Some('$') => self.variable(),
                        Some('\\') => {
                            let escaped = self.rest.next_if(|c| matches!(c, '"' | '\\' | '$' | '`'));
                            self.push(escaped.unwrap_or('\\'));
                        }
                        Some(c) => self.push(c),
                        None => return Err("syntax error: unterminated quoted string".to_owned()),
                    }
                }
            }
            '$' => self.variable(),
            '\\' => {
                let escaped = self.rest.next().unwrap_or('\\');
                self.push(escaped);
            }
            c => self.push(c),
        }
        Ok(())
    }

    fn variable(&mut self) {
        let is_name = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let mut name = String::new();
        if self.rest.next_if_eq(&'?').is_some() {
            name.push('?');
        } else if self.rest.next_if_eq(&'{').is_some() {
            while let Some(c) = self.rest.next_if(|c| *c != '}') {
                name.push(c);
            }
            self.rest.next();
        } else {
            while let Some(c) = self.rest.next_if(is_name) {
                name.push(c);
            }
        }
        if name.is_empty() {
            self.push('$');
        } else {
            self.word.get_or_insert_default().push(Piece::Variable(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The commands of a line, each as its join and its words with their variables.
    fn shown(line: &str) -> Result<String, String> {
        let commands = parse(line)?.into_iter().map(|command| {
            let words = command.words.iter().map(|word| {
                let pieces = word.iter().map(|piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Variable(name) => format!("<{name}>"),
                });
                pieces.collect::<String>()
            });
            format!("{:?}[{}]", command.join, words.collect::<Vec<_>>().join("|"))
        });
        Ok(commands.collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn given_lines_when_parsed_then_words_and_joins_are_those_of_a_shell() {
        let table = [
            ("", ""),
            ("  # nothing", ""),
            ("echo a  b", "Always[echo|a|b]"),
            ("a && b || c; d\ne", "Always[a] And[b] Or[c] Always[d] Always[e]"),
            ("echo 'a $b' \"c $d\" e\\ f", "Always[echo|a $b|c <d>|e f]"),
            ("echo $? ${A}b $", "Always[echo|<?>|<A>b|$]"),
            ("echo '' \"\"", "Always[echo||]"),
            ("a;", "Always[a]"),
        ];
        for (line, expected) in table {
            assert_eq!(shown(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn given_broken_lines_when_parsed_then_the_shell_says_what_is_wrong() {
        let table = [
            ("echo 'a", "syntax error: unterminated quoted string"),
            ("&& a", "syntax error: unexpected \"&&\""),
            ("a &&", "syntax error: unexpected \"newline\""),
            ("a || || b", "syntax error: unexpected \"||\""),
            ("a | b", "syntax error: unexpected \"|\""),
            ("a > b", "syntax error: unexpected \">\""),
        ];
        for (line, expected) in table {
            assert_eq!(shown(line), Err(expected.to_owned()), "{line}");
        }
    }
}
