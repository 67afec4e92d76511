//! A TOML file with the place of everything in it.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;

/// One step to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'s> {
    Key(&'s str),
    Index(usize),
}

/// A parsed file.
#[derive(Debug)]
pub(super) struct Document<'t> {
    path: PathBuf,
    text: &'t str,
    table: Spanned<DeTable<'t>>,
}

impl<'t> Document<'t> {
    /// Parses a file; a syntax error is the only problem then.
    pub(super) fn parse(path: &Path, text: &'t str) -> Result<Self, Problem> {
        match DeTable::parse(text) {
            Ok(table) => Ok(Self { path: path.to_owned(), text, table }),
            Err(error) => {
                let at = error.span().unwrap_or(0..0);
                Err(Problem::new(path, text, at, error.message()))
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn table(&self) -> &DeTable<'t> {
        self.table.get_ref()
    }

    /// The value at the end of these steps.
    pub(super) fn value(&self, steps: &[Step<'_>]) -> Option<&Spanned<DeValue<'t>>> {
        let (first, rest) = steps.split_first()?;
        let Step::Key(key) = first else { return None };
        let mut value = entry(self.table(), key)?;
        for step in rest {
            value = match (step, value.get_ref()) {
                (Step::Key(key), DeValue::Table(table)) => entry(table, key)?,
                (Step::Index(index), DeValue::Array(array)) => array.get(*index)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// The line of a value, from 1.
    pub(super) fn line(&self, steps: &[Step<'_>]) -> Option<usize> {
        let start = self.value(steps)?.span().start;
        Some(self.text[..start].matches('\n').count() + 1)
    }

    /// A problem with these bytes of the file.
    pub(super) fn problem(&self, at: Range<usize>, message: impl Into<String>) -> Problem {
        Problem::new(&self.path, self.text, at, message)
    }

    /// The bytes of the file that hold these bytes of a string value, `string` being the value's
    /// place. Escapes make the one longer than the other.
    pub(super) fn inside(&self, string: Range<usize>, part: Range<usize>) -> Range<usize> {
        let Some(raw) = self.text.get(string.clone()) else { return string };
        let start = string.start + raw_offset(raw, part.start);
        let end = string.start + raw_offset(raw, part.end);
        start..end.max(start)
    }
}

fn entry<'d, 't>(table: &'d DeTable<'t>, key: &str) -> Option<&'d Spanned<DeValue<'t>>> {
    table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
}

/// Where in a string as written stands the `wanted`th byte of what it means.
fn raw_offset(raw: &str, wanted: usize) -> usize {
    let (quotes, has_escapes) = match raw.as_bytes() {
        [b'"', b'"', b'"', ..] => (3, true),
        [b'\'', b'\'', b'\'', ..] => (3, false),
        [b'"', ..] => (1, true),
        [b'\'', ..] => (1, false),
        // Not a string at all.
        _ => return 0,
    };
    let mut at = quotes;
    if quotes == 3 {
        // A line end right after the opening quotes is not part of the text.
        at += match &raw.as_bytes()[at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            _ => 0,
        };
    }
    let mut meant = 0;
    while at < raw.len() - quotes {
        let (written, means) = match raw[at..].chars().next() {
            Some('\\') if has_escapes => escape(&raw[at..]),
            Some(c) => (c.len_utf8(), c.len_utf8()),
            None => break,
        };
        if meant >= wanted && means > 0 {
            break;
        }
        at += written;
        meant += means;
    }
    at
}

/// Bytes of the escape that starts here, as written and as meant.
fn escape(raw: &str) -> (usize, usize) {
    let hex = |digits: usize| {
        let code = raw.get(2..2 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        (2 + digits, code.and_then(char::from_u32).map_or(1, char::len_utf8))
    };
    match raw.as_bytes().get(1) {
        Some(b'x') => hex(2),
        Some(b'u') => hex(4),
        Some(b'U') => hex(8),
        // A backslash at the end of a line takes the blanks after it along.
        Some(b'\n' | b'\r' | b' ' | b'\t') => (raw.len() - raw[1..].trim_start().len(), 0),
        Some(_) => (2, 1),
        None => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_place_inside_a_string() {
        let place = |raw: &str, wanted: &str| {
            let text = format!("key = {raw}");
            let document = Document::parse(Path::new("f.toml"), &text).unwrap();
            let value = document.value(&[Step::Key("key")]).unwrap();
            let string = value.get_ref().as_str().unwrap().to_owned();
            let part = string.find(wanted).unwrap();
            let at = document.inside(value.span(), part..part + wanted.len());
            text[at].to_owned()
        };
        assert_eq!(place(r#"'%h "%r" %!'"#, "%!"), "%!");
        assert_eq!(place(r#""%h \"%r\" %!""#, "%!"), "%!");
        assert_eq!(place(r#""caf\u00e9 \\ \t %!""#, "%!"), "%!");
        assert_eq!(place("\"\"\"\n%h \"\" %!\"\"\"", "%!"), "%!");
        assert_eq!(place("'''\n%h ' %!'''", "%!"), "%!");
        assert_eq!(place("\"\"\"%h \\\n    %!\"\"\"", "%!"), "%!");
    }

    #[test]
    fn the_end_of_a_string_is_inside_it() {
        let document = Document::parse(Path::new("f.toml"), "key = 'ab'").unwrap();
        let value = document.value(&[Step::Key("key")]).unwrap();
        assert_eq!(document.inside(value.span(), 2..2), 9..9);
    }

    #[test]
    fn finds_values_by_their_steps() {
        let text = "[[actor]]\nname = 'a'\n[[actor]]\nheader = { X = 'b' }\n";
        let document = Document::parse(Path::new("f.toml"), text).unwrap();
        let steps = [Step::Key("actor"), Step::Index(1), Step::Key("header"), Step::Key("X")];
        assert_eq!(document.line(&steps), Some(4));
        assert_eq!(document.line(&[Step::Key("actor"), Step::Index(2)]), None);
    }
}
