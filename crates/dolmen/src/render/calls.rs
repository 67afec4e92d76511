//! Calls as they were logged.

use std::io::{self, Write};

use dolmen_store::{Request, Role, StoredCall};
use serde::Deserialize;

use super::number;
use super::page::{Look, Page};
use super::paint::{Painter, Style};
use super::table::{Cell, Kind, Table};
use super::text;
use crate::terminal::Terminal;

/// Writes a call: its line, byte for byte but for what would move a terminal's cursor.
pub(crate) fn line(call: &StoredCall, painter: Painter, out: &mut dyn Write) -> io::Result<()> {
    let line = text::clean(&String::from_utf8_lossy(&call.line));
    let style =
        if call.status.is_some_and(|status| status >= 500) { Style::Unknown } else { Style::Plain };
    writeln!(out, "{}", painter.paint(style, &line))
}

/// Writes what is known of one request.
pub(crate) fn request(
    id: &str,
    request: &Request,
    terminal: Terminal,
    out: &mut dyn Write,
) -> io::Result<()> {
    let look = Look { width: terminal.width, painter: terminal.painter, top: None };
    let mut page = Page::new(look, out);
    let of = |role| request.calls.iter().filter(move |call| call.role == role).collect();
    let (calls, hops): (Vec<&StoredCall>, Vec<&StoredCall>) = (of(Role::Call), of(Role::Hop));
    let records: Vec<&StoredCall> = of(Role::Delivery);
    let counted =
        |n: usize, one, many| number::counted(u64::try_from(n).unwrap_or(u64::MAX), one, many);
    let mut title = format!(
        "{}: {}, {}, {}",
        text::clean(id),
        counted(calls.len(), "call", "calls"),
        counted(hops.len(), "hop", "hops"),
        counted(request.marks.len(), "mark", "marks"),
    );
    if !records.is_empty() {
        title += &format!(", {} of the bus", counted(records.len(), "record", "records"));
    }
    page.title(&title)?;
    for (title, calls) in [("Call", calls), ("Hop", hops)] {
        for call in calls {
            page.heading(title, &call.time.map_or_else(String::new, number::instant))?;
            let mut table = Table::new(&[("", Kind::Text), ("", Kind::Text)]);
            for (name, value) in facts(call) {
                table.row(vec![Cell::new(name), value], 0);
            }
            page.whole(&table)?;
            page.line(Style::Quiet, &text::clean(&String::from_utf8_lossy(&call.line)))?;
        }
    }
    if !request.marks.is_empty() {
        page.heading("Marks", "")?;
        let mut table = Table::new(&[
            ("time", Kind::Text),
            ("operation", Kind::Text),
            ("service", Kind::Text),
            ("source", Kind::Text),
        ]);
        for mark in &request.marks {
            let time = mark.time.map_or_else(String::new, number::instant);
            let operation = Cell::name(mark.operation.as_deref());
            let service = Cell::name(mark.service.as_deref());
            table.row(vec![Cell::new(time), operation, service, Cell::foreign(&mark.source)], 0);
        }
        page.whole(&table)?;
    }
    if !records.is_empty() {
        page.heading("Messages", "")?;
        page.whole(&messages(&records))?;
    }
    Ok(())
}

/// What a record of the bus says beside what every call does.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Record {
    attempt: Option<u32>,
    error: Option<String>,
    to: Option<String>,
    message_id: Option<String>,
}

fn messages(records: &[&StoredCall]) -> Table {
    let mut table = Table::new(&[
        ("time", Kind::Text),
        ("what", Kind::Text),
        ("operation", Kind::Text),
        ("service", Kind::Text),
        ("attempt", Kind::Number),
        ("message", Kind::Text),
        ("error", Kind::Text),
    ]);
    for call in records {
        let record: Record = serde_json::from_slice(&call.line).unwrap_or_default();
        let what = call.method.as_deref().unwrap_or_default();
        let what = match &record.to {
            Some(to) => format!("{what} to {to}"),
            None => what.to_owned(),
        };
        table.row(
            vec![
                Cell::new(call.time.map_or_else(String::new, number::instant)),
                Cell::foreign(&what),
                Cell::name(call.operations.first().map(String::as_str)),
                Cell::name(call.service.as_deref()),
                Cell::new(record.attempt.map_or_else(String::new, |attempt| attempt.to_string())),
                Cell::foreign(&record.message_id.unwrap_or_default()),
                Cell::foreign(&record.error.unwrap_or_default()),
            ],
            0,
        );
    }
    table
}

fn facts(call: &StoredCall) -> Vec<(&'static str, Cell)> {
    let operations = match call.operations.as_slice() {
        [] => Cell::name(None),
        several => Cell::foreign(&several.join(", ")),
    };
    let number = |number: Option<u64>, show: fn(u64) -> String| {
        Cell::new(number.map_or_else(|| "-".to_owned(), show))
    };
    vec![
        ("source", Cell::foreign(&call.source)),
        ("service", Cell::name(call.service.as_deref())),
        ("actor", Cell::name(call.actor.as_deref())),
        ("operations", operations),
        ("endpoint", Cell::name(call.endpoint.as_deref())),
        ("address", Cell::name(call.address.as_deref())),
        ("user agent", Cell::name(call.user_agent.as_deref())),
        ("status", number(call.status.map(u64::from), |status| status.to_string())),
        ("duration", number(call.duration, number::duration)),
    ]
}
