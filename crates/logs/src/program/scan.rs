use memchr::{memchr, memchr2, memmem};

use super::{Class, Program, Span, Step};
use crate::Unread;

impl Program {
    /// Finds where each field lies.
    pub(super) fn scan(&self, line: &[u8], spans: &mut Vec<Span>) -> Result<(), Unread> {
        spans.clear();
        if !line.starts_with(&self.lead) {
            return Err(expected_text(line, 0, &self.lead));
        }
        let mut at = self.lead.len();
        let tail = self.required < self.steps.len();
        for (number, step) in self.steps.iter().enumerate() {
            if at >= line.len() && number >= self.required {
                break;
            }
            let last = number + 1 == self.steps.len();
            let rest = &line[at.min(line.len())..];
            let (end, escaped) = match step.after.first() {
                None if last && tail => (
                    memchr(b' ', rest).unwrap_or(rest.len()),
                    memchr(b'\\', rest).is_some(),
                ),
                None => (rest.len(), memchr(b'\\', rest).is_some()),
                Some(_) => match self.find(step, rest) {
                    Some(found) => found,
                    None if number + 1 >= self.required && tail => (rest.len(), true),
                    None => return Err(expected_text(line, line.len(), &step.after)),
                },
            };
            if !step.class.fits(&rest[..end]) {
                return Err(Unread::new(at, step.class.to_string()));
            }
            spans.push(Span {
                start: at,
                end: at + end,
                escaped,
                undone: false,
            });
            at += end + step.after.len();
        }
        if at < line.len() && !tail {
            return Err(Unread::new(at, "the end of the line"));
        }
        Ok(())
    }

    /// Where a field ends that starts with `rest`, and whether it has a backslash.
    fn find(&self, step: &Step, rest: &[u8]) -> Option<(usize, bool)> {
        let first = *step.after.first()?;
        let mut from = 0;
        let mut escaped = false;
        loop {
            let at = from + memchr2(first, b'\\', &rest[from..])?;
            if rest[at] == b'\\' && first != b'\\' {
                escaped = true;
                from = at + 1 + usize::from(self.escapes.quotes());
                if from > rest.len() {
                    return None;
                }
                continue;
            }
            if rest[at..].starts_with(&step.after) {
                return Some((at, escaped));
            }
            from = at + 1;
        }
    }
}

impl Class {
    fn fits(self, text: &[u8]) -> bool {
        match self {
            Self::Text | Self::List | Self::Clf => true,
            Self::Token => memchr(b' ', text).is_none(),
            Self::Number => {
                text == b"-"
                    || text
                        .iter()
                        .all(|b| matches!(b, b'0'..=b'9' | b'.' | b'+' | b'-'))
            }
        }
    }
}

/// Points at the first byte from `at` on that is not `text`.
fn expected_text(line: &[u8], at: usize, text: &[u8]) -> Unread {
    let rest = line.get(at..).unwrap_or_default();
    let same = rest.iter().zip(text).take_while(|(a, b)| a == b).count();
    let _ = memmem::find(rest, text);
    Unread::new(at + same, format!("`{}`", text[same..].escape_ascii()))
}
