//! What each directive but `%t` logs.

use crate::program::{Class, Slot};
use crate::request_id::RequestIdKind;
use crate::time::Unit;

/// What a directive logs.
pub(super) struct Meaning {
    pub(super) class: Class,
    pub(super) slot: Slot,
    /// Among directives with the same slot; the lowest is preferred.
    pub(super) rank: u8,
    /// Whether `-` means that there is nothing, without any condition.
    pub(super) is_dashed: bool,
}

impl Meaning {
    fn new(class: Class, slot: Slot) -> Self {
        Self { class, slot, rank: 0, is_dashed: true }
    }

    fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// Apache always has a value: a `-` is one.
    fn always(self) -> Self {
        Self { is_dashed: false, ..self }
    }
}

/// What `%letter` or `%{parameter}letter` logs; the error says what is wrong with it.
pub(super) fn meaning(letter: &str, parameter: Option<&str>) -> Result<Meaning, String> {
    known(letter, parameter).ok_or_else(|| refusal(letter, parameter))
}

fn known(letter: &str, parameter: Option<&str>) -> Option<Meaning> {
    use Class::{Flag, Hex, Integer, Raw, Text, Token};
    let lower = parameter.map(str::to_ascii_lowercase);
    Some(match (letter, lower.as_deref()) {
        ("a", None) => Meaning::new(Token, Slot::Address).always(),
        ("h", None) => Meaning::new(Token, Slot::Address).rank(1).always(),
        ("h", _) if parameter == Some("c") => Meaning::new(Token, Slot::Address).rank(2).always(),
        ("a", _) if parameter == Some("c") => Meaning::new(Token, Slot::Address).rank(3).always(),
        ("A", None) => Meaning::new(Token, Slot::Ignored).always(),
        ("b" | "B", None) => Meaning::new(Integer, Slot::Bytes),
        ("O", None) => Meaning::new(Integer, Slot::Bytes).rank(1),
        ("I" | "S" | "k" | "P", None) => Meaning::new(Integer, Slot::Ignored),
        ("P", Some("pid" | "tid")) => Meaning::new(Integer, Slot::Ignored),
        ("P", Some("hextid")) => Meaning::new(Hex, Slot::Ignored),
        ("p", None | Some("canonical" | "local" | "remote")) => {
            Meaning::new(Integer, Slot::Ignored)
        }
        ("D", None) | ("T", Some("us")) => Meaning::new(Integer, Slot::Duration(Unit::Micros)),
        ("T", Some("ms")) => Meaning::new(Integer, Slot::Duration(Unit::Millis)).rank(1),
        ("T", None | Some("s")) => Meaning::new(Integer, Slot::Duration(Unit::Seconds)).rank(2),
        ("^FB", None) => Meaning::new(Integer, Slot::Ignored),
        ("f", None) => Meaning::new(Text, Slot::Ignored),
        ("H", None) => Meaning::new(Text, Slot::Protocol),
        ("l", None) => Meaning::new(Token, Slot::Ignored),
        // Only there when the error log has something about the request, so no request id.
        ("L", None) => Meaning::new(Token, Slot::Ignored),
        ("L", _) if parameter == Some("c") => Meaning::new(Token, Slot::Ignored),
        ("m", None) => Meaning::new(Token, Slot::Method),
        ("q", None) => Meaning::new(Text, Slot::Query).always(),
        ("r", None) => Meaning::new(Text, Slot::RequestLine),
        ("R", None) => Meaning::new(Text, Slot::Ignored),
        ("s", None) => Meaning::new(Integer, Slot::Status),
        ("u", None) => Meaning::new(Text, Slot::User),
        // Where `%r` is there it has the target as it came; this one is decoded.
        ("U", None) => Meaning::new(Text, Slot::Path).rank(1),
        ("v", None) => Meaning::new(Token, Slot::Host).rank(2).always(),
        ("V", None) => Meaning::new(Token, Slot::Host).rank(1).always(),
        ("X", None) => Meaning::new(Flag("+-X"), Slot::Ignored).always(),
        ("i", Some(name)) => {
            let slot = Slot::of_header(name);
            let class = if slot == Slot::ForwardedFor { Class::List } else { Text };
            let rank = slot.rank_of_id();
            Meaning::new(class, slot).rank(rank)
        }
        ("C" | "e" | "n" | "o" | "^ti" | "^to", Some(name)) => {
            let slot = RequestIdKind::of_header(name).map_or(Slot::Ignored, Slot::RequestId);
            let rank = slot.rank_of_id();
            Meaning::new(Text, slot).rank(rank)
        }
        ("c" | "x", Some(_)) => Meaning::new(Raw, Slot::Ignored),
        _ => return None,
    })
}

/// Why there is no such directive, and what to write.
fn refusal(letter: &str, parameter: Option<&str>) -> String {
    let written = parameter.map_or_else(|| format!("%{letter}"), |p| format!("%{{{p}}}{letter}"));
    let percent = "write `%%` for a percent sign";
    match (letter, parameter) {
        ("i" | "o" | "e" | "n" | "C" | "c" | "x" | "^ti" | "^to", None) => {
            format!("`{written}` needs a name in braces, as in `{}`", example(letter))
        }
        ("a" | "h" | "L", Some(_)) => {
            format!("`%{letter}` takes `c` in braces or nothing: `%{{c}}{letter}`")
        }
        ("p", Some(_)) => "`%p` takes `canonical`, `local` or `remote` in braces".to_owned(),
        ("P", Some(_)) => "`%P` takes `pid`, `tid` or `hextid` in braces".to_owned(),
        ("T", Some(_)) => "`%T` takes `ms`, `us` or `s` in braces".to_owned(),
        (_, Some(_)) if known(letter, None).is_some() => {
            format!("`%{letter}` takes nothing in braces")
        }
        _ => match nearest(letter, parameter) {
            Some(near) => format!("no directive `{written}`; did you mean `{near}`? {percent}"),
            None => format!("no directive `{written}`; {percent}"),
        },
    }
}

fn example(letter: &str) -> &'static str {
    match letter {
        "o" => "%{X-Request-Id}o",
        "e" => "%{UNIQUE_ID}e",
        "n" => "%{request-id}n",
        "C" => "%{session}C",
        "c" => "%{cipher}c",
        "x" => "%{SSL_PROTOCOL}x",
        "^ti" => "%{Expires}^ti",
        "^to" => "%{Expires}^to",
        _ => "%{Referer}i",
    }
}

/// The directive that differs in case alone.
fn nearest(letter: &str, parameter: Option<&str>) -> Option<String> {
    let swapped: String =
        letter
            .chars()
            .map(|c| {
                if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() }
            })
            .collect();
    let is_known = swapped == "t" || known(&swapped, parameter).is_some();
    let written = match parameter {
        Some(parameter) => format!("%{{{parameter}}}{swapped}"),
        None => format!("%{swapped}"),
    };
    is_known.then_some(written)
}
