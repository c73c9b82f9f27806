//! Texts whose words stay whole where they fit: a browser breaks lines within `web-0`, and between an option and its value.

use leptos::prelude::*;

use super::reactive::{Changing, several};

/// A text that changes, whose pieces are broken only where one has no room on a line.
pub(super) fn whole(text: Signal<String>) -> Changing {
    several(move || {
        let text = text.get();
        let view = |piece: Piece<'_>| match piece {
            Piece::Plain(text) => text.to_owned().into_any(),
            Piece::Whole(text) => view! { <span class="whole">{text.to_owned()}</span> }.into_any(),
        };
        pieces(&text).into_iter().map(view).collect()
    })
}

/// A stretch of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// The browser breaks it as it likes.
    Plain(&'a str),
    /// A name or an option in which it would break a line.
    Whole(&'a str),
}

/// The stretches of a text: words with a hyphen are whole, options together with their values.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut words: Vec<(usize, usize)> = Vec::new();
    for (at, character) in text.char_indices().filter(|(_, character)| character.is_ascii_graphic()) {
        match words.last_mut() {
            Some((_, end)) if *end == at => *end += 1,
            Some((start, end)) if character != '-' && &text[*end..at] == " " && takes_value(&text[*start..*end]) => {
                *end = at + 1;
            }
            _ => words.push((at, at + 1)),
        }
    }
    let (mut pieces, mut plain) = (Vec::new(), 0);
    for (from, to) in words.into_iter().filter(|(from, to)| text[*from..*to].contains('-')) {
        if plain < from {
            pieces.push(Piece::Plain(&text[plain..from]));
        }
        pieces.push(Piece::Whole(&text[from..to]));
        plain = to;
    }
    if plain < text.len() {
        pieces.push(Piece::Plain(&text[plain..]));
    }
    pieces
}

/// Whether a word looks like an option whose value is the next word.
fn takes_value(word: &str) -> bool {
    word.starts_with('-') && word != "-" && word != "--" && !word.contains(['=', ' '])
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    #[test]
    fn given_commands_and_texts_when_cut_then_names_and_options_with_values_are_whole_and_nothing_is_lost() {
        for (text, whole) in [
            ("kubectl get pods -w -l app=nginx", &["-w", "-l app=nginx"][..]),
            (
                "kubectl run -i --image busybox:1 dns-test --rm -- /bin/sh\nnslookup web-0.nginx",
                &["-i", "--image busybox:1", "dns-test", "--rm", "--", "web-0.nginx"],
            ),
            ("先删除 web-0，再删除 web-1。", &["web-0", "web-1"]),
            ("Both are deleted - at once.", &["-"]),
            ("kubectl delete pod", &[]),
            ("", &[]),
        ] {
            let pieces = pieces(text);
            let of = |piece: &Piece<'_>| match piece {
                Piece::Plain(text) | Piece::Whole(text) => (*text).to_owned(),
            };
            assert_eq!(pieces.iter().map(of).collect::<String>(), text);
            let kept = pieces.iter().filter(|piece| matches!(piece, Piece::Whole(_))).map(of);
            assert_eq!(kept.collect::<Vec<_>>(), whole);
        }
    }
}
