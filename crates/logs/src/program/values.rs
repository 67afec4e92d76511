//! From spans to typed values.

use super::fill::Found;
use super::request::path_and_args;
use super::{Field, Program, Slot, TimeForm, ValueKind, Whose};
use crate::Unread;
use crate::reader::Scratch;
use crate::time::{self, Clock, Moment, Part, Parts};
use crate::values::{FieldName, Value};

impl Program {
    /// Every field of a line, in the order of the line, then the times that pieces add up to.
    pub(crate) fn values(
        &self,
        line: &[u8],
        scratch: &mut Scratch,
    ) -> Result<Vec<(FieldName, Value)>, Unread> {
        self.scan(line, &mut scratch.spans)?;
        self.undo(line, scratch);
        let Scratch { bytes, spans, clock, .. } = scratch;
        let found = Found { line, bytes, spans };
        let mut values = Vec::new();
        let mut times: Vec<(Whose, Parts)> = Vec::new();
        let shown = self.fields.iter().enumerate().take(found.spans.len());
        for (number, field) in shown.filter(|(_, field)| !field.name.is_empty()) {
            let text = found.raw(number);
            if let ValueKind::Target(names) = &field.kind {
                values.extend(split_target(field, names, text));
                continue;
            }
            let bad = || {
                let start = found.spans[number].start;
                Unread::new(start, format!("{} for {}", field.class, field.name))
            };
            let value = match text {
                None => Value::Missing,
                Some(text) => field.value(text, clock).ok_or_else(bad)?,
            };
            values.push((FieldName::Written(field.name.to_string()), value));
            if let Slot::Part(whose, part) = field.slot {
                let known = times.iter().position(|(w, _)| *w == whose).unwrap_or(times.len());
                if known == times.len() {
                    times.push((whose, Parts::default()));
                }
                if let Some(text) = text {
                    times[known].1.take(part, text, clock).ok_or_else(bad)?;
                }
            }
        }
        for (whose, parts) in times {
            let value = parts.moment().map_or(Value::Missing, Value::Moment);
            values.push((FieldName::Time(whose), value));
        }
        Ok(values)
    }
}

impl Field {
    /// The value of this field's text; `None` when it is not what the field may hold.
    fn value(&self, text: &[u8], clock: &mut Clock) -> Option<Value> {
        if text == b"-" && self.kind != ValueKind::Text {
            return Some(Value::Missing);
        }
        Some(match &self.kind {
            _ if self.slot == Slot::User && text == b"\"\"" => Value::Text(Vec::new()),
            ValueKind::Text | ValueKind::TextOrDash => Value::Text(text.to_vec()),
            _ if text.is_empty() && !matches!(self.kind, ValueKind::Part(_)) => Value::Missing,
            ValueKind::Integer => Value::Integer(std::str::from_utf8(text).ok()?.parse().ok()?),
            ValueKind::Hex => {
                Value::Integer(i64::from_str_radix(std::str::from_utf8(text).ok()?, 16).ok()?)
            }
            ValueKind::Decimal => Value::Decimal(std::str::from_utf8(text).ok()?.parse().ok()?),
            ValueKind::Part(part) => part_value(*part, text, clock)?,
            ValueKind::Time(TimeForm::Clf) => Value::Moment(clock.clf(text)?),
            ValueKind::Time(TimeForm::Any) => Value::Moment(clock.any(text)?),
            ValueKind::Time(TimeForm::Iso) => Value::Moment(clock.iso(text)?),
            ValueKind::Time(TimeForm::Epoch(unit)) => {
                Value::Moment(Moment { time: time::epoch(text, *unit)?, offset: Some(0) })
            }
            ValueKind::Target(_) => return None,
        })
    }
}

fn part_value(part: Part, text: &[u8], clock: &mut Clock) -> Option<Value> {
    Some(match part {
        Part::Timestamp => Value::Moment(clock.clf(text)?),
        Part::AmericanDate | Part::IsoDate => Value::Date(part.date(text)?),
        Part::HourMinute | Part::TimeOfDay => {
            let (hour, minute, second) = part.time_of_day(text)?;
            Value::TimeOfDay { hour, minute, second: second.unwrap_or(0) }
        }
        Part::MonthName | Part::WeekdayName | Part::Half | Part::ZoneName => {
            Value::Text(text.to_vec())
        }
        Part::Offset if text.is_empty() => Value::Missing,
        Part::Offset => Value::Offset(time::offset(text)?),
        _ => Value::Integer(std::str::from_utf8(text.trim_ascii_start()).ok()?.parse().ok()?),
    })
}

/// A target that is one field here under its two or three names: the path, nginx's `$is_args`, and
/// the query.
fn split_target(field: &Field, names: &[Box<str>], text: Option<&[u8]>) -> Vec<(FieldName, Value)> {
    let (path, query) = match text {
        Some(text) if field.slot == Slot::PathAndArgs => path_and_args(text),
        Some(text) => {
            let at = memchr::memchr(b'?', text).unwrap_or(text.len());
            (&text[..at], Some(&text[at..]))
        }
        None => (b"-".as_slice(), None),
    };
    let path = Some(path).filter(|path| *path != b"-");
    let value = |text: Option<&[u8]>| text.map_or(Value::Missing, |t| Value::Text(t.to_vec()));
    let values = match names.len() {
        3 => {
            let (is_args, args) = query.map(|q| q.split_at(q.len().min(1))).unzip();
            vec![value(path), value(is_args), value(args)]
        }
        _ => vec![value(path), value(query)],
    };
    names.iter().map(|name| FieldName::Written(name.to_string())).zip(values).collect()
}
