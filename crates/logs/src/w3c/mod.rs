//! The W3C extended log file format, as IIS writes it, and CloudFront.
//!
//! A `#Fields:` line says what the columns of the lines after it are; it may stand in the middle
//! of a file as well, where somebody changed the server's settings. So a file's lines must be read
//! in their order, by one reader. Times are UTC. See the [working draft].
//!
//! [working draft]: https://www.w3.org/TR/WD-logfile.html

mod column;

use std::ops::Range;

use dolmen_model::{Call, Header};

use crate::escape::percent_decoded;
use crate::program::{Slot, assign};
use crate::reader::Scratch;
use crate::time::{Clock, Unit, micros};
use crate::{Line, Unread};

use column::{Column, Kind, columns};

/// A log whose columns its own directives name.
#[derive(Debug, Default)]
pub(crate) struct W3c {
    /// The columns of lines before the first directive.
    initial: Vec<Column>,
}

/// What the directives so far said. A reader's, for one file.
#[derive(Debug, Default)]
pub(crate) struct Directives {
    columns: Option<Vec<Column>>,
    /// The day of `#Date:`, for a log whose columns have the time alone.
    date: Vec<u8>,
    /// Where the fields of the present line lie, by column.
    fields: Vec<Field>,
}

/// Where a field lies.
#[derive(Clone, Debug)]
struct Field {
    range: Range<usize>,
    /// In the scratch's bytes rather than in the line.
    is_decoded: bool,
}

const FIELDS: &[u8] = b"Fields:";
const DATE: &[u8] = b"Date:";

impl W3c {
    /// A log without directives, whose columns are those of the directive `text`: the part of a
    /// file whose first part is gone. `None` when `text` is no such directive.
    pub(crate) fn with_columns(text: &str) -> Option<Self> {
        let names = text.strip_prefix('#')?.as_bytes().strip_prefix(FIELDS)?;
        Some(Self { initial: columns(names) })
    }

    /// Reads one line.
    pub(crate) fn read<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<Line<'a>, Unread> {
        let Scratch { bytes, w3c, clock, .. } = scratch;
        if let Some(directive) =
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).strip_prefix(b"#")
        {
            w3c.take(directive);
            return Ok(Line::Nothing);
        }
        let Directives { columns, date, fields } = w3c;
        let columns = columns.as_ref().unwrap_or(&self.initial);
        if columns.is_empty() {
            return Err(Unread::new(0, "a line `#Fields:` before it, which names the columns"));
        }
        split(line, columns, fields)?;
        decode(line, columns, fields, bytes);
        join_query(line, columns, fields, bytes);
        let texts = Texts { line, bytes, fields };
        let time = texts.time(columns, date, clock)?;
        let mut call = Call { time, ..Call::default() };
        for rank in 0..=column::LAST_RANK {
            for (number, column) in columns.iter().enumerate().filter(|(_, c)| c.rank == rank) {
                fill(column, texts.get(number), &mut call);
            }
        }
        Ok(Line::Call(call))
    }
}

impl Directives {
    fn take(&mut self, directive: &[u8]) {
        if let Some(names) = directive.strip_prefix(FIELDS) {
            self.columns = Some(columns(names));
        } else if let Some(date) = directive.strip_prefix(DATE) {
            let date = date.trim_ascii();
            self.date = date[..date.len().min(10)].to_vec();
        }
    }
}

fn fill<'a>(column: &'a Column, text: &'a [u8], call: &mut Call<'a>) {
    match &column.kind {
        Kind::Date | Kind::Time | Kind::Ignored => {}
        Kind::Slot(Slot::Header(name)) => call.headers.push(Header { name, value: text }),
        Kind::Slot(slot) => assign(slot, text, call),
        // IIS counts whole milliseconds; the draft, and CloudFront, seconds with a fraction.
        Kind::TimeTaken => {
            let unit = if text.contains(&b'.') { Unit::Seconds } else { Unit::Millis };
            call.duration = call.duration.or_else(|| micros(text, unit));
        }
    }
}

/// Finds the fields: words between blanks or tabs, or texts in quotes with quotes doubled.
fn split(line: &[u8], columns: &[Column], fields: &mut Vec<Field>) -> Result<(), Unread> {
    fields.clear();
    let line = line.trim_ascii_end();
    let mut at = 0;
    for column in columns {
        if at >= line.len() {
            return Err(Unread::new(line.len(), format!("a field for {}", column.name)));
        }
        let end = if line[at] == b'"' {
            quoted_end(line, at)
                .ok_or_else(|| Unread::new(line.len(), format!("`\"` after {}", column.name)))?
        } else {
            at + memchr::memchr2(b' ', b'\t', &line[at..]).unwrap_or(line.len() - at)
        };
        fields.push(Field { range: at..end, is_decoded: false });
        at = end;
        if let Some(b' ' | b'\t') = line.get(at) {
            at += 1;
        } else if at < line.len() {
            return Err(Unread::new(at, format!("a blank after {}", column.name)));
        }
    }
    if at < line.len() {
        return Err(Unread::new(at, "the end of the line: `#Fields:` named no more columns"));
    }
    Ok(())
}

/// Behind the quote that ends the text that begins at `start`.
fn quoted_end(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr(b'"', line.get(at..)?)? + 1;
        match line.get(at) {
            Some(b'"') => at += 1,
            _ => return Some(at),
        }
    }
}

/// Undoes what servers do to headers, where they did it: quotes; IIS's `+` for a blank; the
/// percent signs of CloudFront, whose columns are separated by tabs.
fn decode(line: &[u8], columns: &[Column], fields: &mut [Field], bytes: &mut Vec<u8>) {
    let has_tabs = memchr::memchr(b'\t', line).is_some();
    for (field, column) in fields.iter_mut().zip(columns) {
        let text = &line[field.range.clone()];
        let start = bytes.len();
        match text {
            [b'"', inside @ .., b'"'] if !inside.contains(&b'"') => {
                field.range = field.range.start + 1..field.range.end - 1;
                continue;
            }
            [b'"', inside @ .., b'"'] => {
                let mut is_first = false;
                bytes.extend(inside.iter().filter(|&&b| {
                    is_first = b == b'"' && !is_first;
                    b != b'"' || is_first
                }));
            }
            _ if !column.is_header => continue,
            _ if has_tabs && text.contains(&b'%') => percent_decoded(text, bytes),
            _ if !has_tabs && text.contains(&b'+') => {
                bytes.extend(text.iter().map(|&b| if b == b'+' { b' ' } else { b }));
            }
            _ => continue,
        }
        *field = Field { range: start..bytes.len(), is_decoded: true };
    }
}

/// Makes one target of a stem and a query, in the place of the stem.
fn join_query(line: &[u8], columns: &[Column], fields: &mut [Field], bytes: &mut Vec<u8>) {
    let find = |slot: &Slot| columns.iter().position(|c| c.kind == Kind::Slot(slot.clone()));
    let (Some(stem), Some(query)) = (find(&Slot::Path), find(&Slot::Query)) else { return };
    let (Some(path), Some(args)) = (fields.get(stem), fields.get(query)) else { return };
    let (path, args) = (path.range.clone(), args.range.clone());
    if fields[stem].is_decoded || matches!(&line[args.clone()], b"" | b"-") {
        return;
    }
    let start = bytes.len();
    bytes.extend_from_slice(&line[path]);
    bytes.push(b'?');
    bytes.extend_from_slice(&line[args]);
    fields[stem] = Field { range: start..bytes.len(), is_decoded: true };
}

/// The fields of a line.
struct Texts<'a> {
    line: &'a [u8],
    bytes: &'a [u8],
    fields: &'a [Field],
}

impl<'a> Texts<'a> {
    fn get(&self, column: usize) -> &'a [u8] {
        let Some(field) = self.fields.get(column) else { return b"" };
        let source = if field.is_decoded { self.bytes } else { self.line };
        match &source[field.range.clone()] {
            b"-" => b"",
            text => text,
        }
    }

    fn time(
        &self,
        columns: &[Column],
        directive: &[u8],
        clock: &mut Clock,
    ) -> Result<Option<dolmen_model::Time>, Unread> {
        let find = |kind: Kind| columns.iter().position(|column| column.kind == kind);
        let Some(time) = find(Kind::Time) else { return Ok(None) };
        let date = find(Kind::Date);
        let day = date.map_or(directive, |date| self.get(date));
        if day.is_empty() || self.get(time).is_empty() {
            return Ok(None);
        }
        let mut text = smallvec::SmallVec::<[u8; 32]>::from_slice(day);
        text.push(b' ');
        text.extend_from_slice(self.get(time));
        let at = self.fields.get(date.unwrap_or(time)).map_or(0, |field| field.range.start);
        let moment = clock.iso(&text).ok_or_else(|| Unread::new(at, "a date and a time"))?;
        Ok(Some(moment.time))
    }
}
