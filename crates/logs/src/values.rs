//! Every field of a line, typed: for those who want more than a call.

use dolmen_model::{Call, RequestId, Time};

use crate::{Date, Line, Moment, Whose};

/// What a value of a line is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldName {
    /// As the format writes it: `%{Referer}i`, `$http_referer`. Of a time in pieces, each piece has
    /// its own: `%{%Y-%m}t` gives `%{%Y}t` and `%{%m}t`.
    Written(String),
    /// The time that all pieces with the same edge and redirect add up to.
    Time(Whose),
}

/// A value of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `-`, or nothing where the format writes nothing for what it has not. Of a time, that its
    /// pieces do not add up to one.
    Missing,
    /// Text, its escapes undone.
    Text(Vec<u8>),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Decimal(f64),
    /// A time that is a whole.
    Moment(Moment),
    /// A day (`%{%F}t`).
    Date(Date),
    /// A time of day (`%{%T}t`, `%{%R}t`).
    TimeOfDay {
        /// 0 to 23.
        hour: i64,
        /// 0 to 59.
        minute: i64,
        /// 0 to 60; 0 where it is not logged.
        second: i64,
    },
    /// Seconds east of UTC (`%{%z}t`).
    Offset(i32),
}

/// The values of a line whose format has no names of its own, under the names of a call's and a
/// mark's fields.
pub(crate) fn of_line(line: &Line<'_>) -> Vec<(FieldName, Value)> {
    match line {
        Line::Nothing => Vec::new(),
        Line::Mark(mark) => named([
            ("time", time(mark.time)),
            ("request_id", request_id(mark.request_id)),
            ("operation", text(mark.operation)),
            ("service", text(mark.service)),
        ]),
        Line::Call(call) => of_call(call),
    }
}

fn of_call(call: &Call<'_>) -> Vec<(FieldName, Value)> {
    let mut values = named([
        ("time", time(call.time)),
        ("address", text(call.address)),
        ("forwarded_for", text(call.forwarded_for)),
        ("user", text(call.user)),
        ("method", text(call.method)),
        ("target", text(call.target)),
        ("protocol", text(call.protocol)),
        ("host", text(call.host)),
        ("status", integer(call.status.map(u64::from))),
        ("bytes", integer(call.bytes)),
        ("duration_us", integer(call.duration)),
        ("referer", text(call.referer)),
        ("user_agent", text(call.user_agent)),
        ("request_id", request_id(call.request_id)),
        ("upstream", text(call.upstream)),
    ]);
    values.extend(
        call.headers.iter().map(|header| {
            (FieldName::Written(format!("header.{}", header.name)), text(header.value))
        }),
    );
    values
}

fn named<const N: usize>(values: [(&str, Value); N]) -> Vec<(FieldName, Value)> {
    values.map(|(name, value)| (FieldName::Written(name.to_owned()), value)).into()
}

fn text(text: &[u8]) -> Value {
    if text.is_empty() { Value::Missing } else { Value::Text(text.to_vec()) }
}

fn integer(number: Option<u64>) -> Value {
    number.and_then(|n| i64::try_from(n).ok()).map_or(Value::Missing, Value::Integer)
}

fn time(time: Option<Time>) -> Value {
    time.map_or(Value::Missing, |time| Value::Moment(Moment { time, offset: None }))
}

fn request_id(id: RequestId<'_>) -> Value {
    match id {
        RequestId::Is(id) => text(id),
        RequestId::NotLogged | RequestId::Missing => Value::Missing,
    }
}
