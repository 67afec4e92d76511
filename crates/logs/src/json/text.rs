//! From where a value lies to what it says.

use super::scan::{Form, Pick, Scanned};
use crate::escape::Escapes;
use crate::search::find_any;

/// The texts of one line's picks.
pub(super) struct Texts<'a> {
    line: &'a [u8],
    undone: &'a [u8],
    picks: &'a [Pick],
}

impl<'a> Texts<'a> {
    /// Undoes escapes and joins lists, into `undone`; most lines have neither.
    pub(super) fn new(
        line: &'a [u8],
        picks: &'a mut [Pick],
        undone: &'a mut Vec<u8>,
        scanned: Scanned,
    ) -> Self {
        if scanned == Scanned::Straight {
            return Self { line, undone, picks };
        }
        for pick in &mut *picks {
            if !matches!(pick.form, Form::Escaped | Form::Array) {
                continue;
            }
            let value = &line[pick.start..pick.end];
            if let [b'[', b'"', text @ .., b'"', b']'] = value
                && find_any(text, [b'"', b'\\']).is_none()
            {
                // A header as Go logs it: a list of one.
                (pick.start, pick.end, pick.form) = (pick.start + 2, pick.end - 2, Form::Text);
                continue;
            }
            let start = undone.len();
            pick.form = if pick.form == Form::Escaped {
                Escapes::Json.undo(value, undone);
                Form::Undone
            } else {
                join(value, undone)
            };
            (pick.start, pick.end) = (start, undone.len());
        }
        Self { line, undone, picks }
    }

    /// How the slot's value was written.
    pub(super) fn form(&self, slot: usize) -> Form {
        self.picks.get(slot).map_or(Form::Absent, |pick| pick.form)
    }

    /// Which of the slot's spellings was found.
    pub(super) fn spelling(&self, slot: usize) -> usize {
        self.picks.get(slot).map_or(0, Pick::spelling)
    }

    /// Where the slot's value begins in the line.
    pub(super) fn offset(&self, slot: usize) -> usize {
        self.picks.get(slot).map_or(0, |pick| pick.at)
    }

    /// What the slot holds; nothing for `-`, `null` and a key that is not there.
    pub(super) fn get(&self, slot: usize) -> &'a [u8] {
        let Some(pick) = self.picks.get(slot) else { return b"" };
        let text = match pick.form {
            Form::Absent | Form::Null => return b"",
            Form::Undone | Form::Joined => &self.undone[pick.start..pick.end],
            Form::Text | Form::Bare | Form::Escaped | Form::Array => {
                &self.line[pick.start..pick.end]
            }
        };
        if text == b"-" { b"" } else { text }
    }
}

/// Makes one target of a path and a query that lie apart.
pub(super) fn join_query(
    line: &[u8],
    picks: &mut [Pick],
    (target, query): (usize, usize),
    undone: &mut Vec<u8>,
) {
    let is_text = |pick: &Pick| matches!(pick.form, Form::Text | Form::Escaped);
    let (path, query) = (picks[target], picks[query]);
    if !is_text(&path) || !is_text(&query) {
        return;
    }
    let (text, query) = (&line[path.start..path.end], &line[query.start..query.end]);
    if matches!(query, b"" | b"-" | b"?") || text.contains(&b'?') {
        return;
    }
    let start = undone.len();
    Escapes::Json.undo(text, undone);
    undone.push(b'?');
    Escapes::Json.undo(query.strip_prefix(b"?").unwrap_or(query), undone);
    picks[target] = Pick { start, end: undone.len(), form: Form::Undone, ..path };
}

/// Makes one target of a routing key and the number of an attempt.
pub(super) fn join_attempt(
    line: &[u8],
    picks: &mut [Pick],
    (target, attempt): (usize, usize),
    undone: &mut Vec<u8>,
) {
    let (key, attempt) = (picks[target], picks[attempt]);
    if !matches!(key.form, Form::Text | Form::Escaped) || attempt.form != Form::Bare {
        return;
    }
    let start = undone.len();
    Escapes::Json.undo(&line[key.start..key.end], undone);
    undone.extend_from_slice(b"?attempt=");
    undone.extend_from_slice(&line[attempt.start..attempt.end]);
    picks[target] = Pick { start, end: undone.len(), form: Form::Undone, ..key };
}

/// Appends the texts of an array's elements, `, ` between them, as HTTP joins a header that was
/// sent several times. The array was scanned before; what is nested in it is left out.
fn join(array: &[u8], out: &mut Vec<u8>) -> Form {
    let mut elements = 0;
    let mut rest = array.get(1..).unwrap_or_default();
    loop {
        rest = rest.trim_ascii_start();
        let text = match rest.first() {
            Some(b'"') => {
                let mut end = 1;
                while let Some(&b) = rest.get(end).filter(|&&b| b != b'"') {
                    end += if b == b'\\' { 2 } else { 1 };
                }
                let text = &rest[1..end.min(rest.len())];
                rest = rest.get(end + 1..).unwrap_or_default();
                text
            }
            Some(b',') => {
                rest = &rest[1..];
                continue;
            }
            Some(b'[' | b'{' | b']') | None => break,
            Some(_) => {
                let end = rest.iter().position(|b| matches!(b, b',' | b']')).unwrap_or(rest.len());
                let text = rest[..end].trim_ascii_end();
                rest = &rest[end..];
                text
            }
        };
        if elements > 0 {
            out.extend_from_slice(b", ");
        }
        Escapes::Json.undo(text, out);
        elements += 1;
    }
    match elements {
        0 => Form::Null,
        1 => Form::Undone,
        _ => Form::Joined,
    }
}
