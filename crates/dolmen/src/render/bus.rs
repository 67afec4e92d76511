//! The bus for people: tables of services, messages and what happened to them.

use std::io::{self, Write};

use dolmen_bus::{Change, ChangeAction, Mode};
use dolmen_model::Time;

use super::number;
use super::paint::Style;
use super::report::{Look, Page};
use super::table::{Cell, Kind, Table};
use crate::commands::bus::{
    FailedRow, Foreign, MessageRow, Status, TraceRow, UnroutedRow, WaitingRow, Worked,
};
use crate::terminal::{self, Terminal};

/// Ids are to be pasted: they are never cut.
const ID: Kind = Kind::Number;

/// What setup did or would do. What a broker was only asked to declare is counted.
pub(crate) fn changes(
    changes: &[Change],
    mode: Mode,
    place: &str,
    terminal: Terminal,
) -> io::Result<()> {
    let mut out = terminal::stdout();
    let painter = terminal.painter;
    let declared = changes.iter().filter(|change| change.action == ChangeAction::Declare).count();
    for Change { action, object, note } in changes {
        let style = match action {
            ChangeAction::Create => Style::Paste,
            ChangeAction::Remove => Style::Alarm,
            ChangeAction::Conflict => Style::Alarm,
            ChangeAction::Warn => Style::Unknown,
            ChangeAction::Declare => continue,
        };
        let note = note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        writeln!(out, "{} {object}{note}", painter.paint(style, action.as_str()))?;
    }
    if declared > 0 {
        let count = number::counted(declared as u64, "object is", "objects are");
        writeln!(out, "{place}: {count} as they should be")?;
    } else if changes.is_empty() {
        writeln!(out, "{place}: everything is there")?;
    } else if mode == Mode::Show {
        writeln!(out, "{}", painter.paint(Style::Quiet, "(nothing was changed)"))?;
    }
    out.flush()
}

/// What workers did.
pub(crate) fn worked(services: &[Worked], terminal: Terminal) -> io::Result<()> {
    let mut table = Table::new(&[
        ("service", Kind::Text),
        ("done", Kind::Number),
        ("softfailed", Kind::Number),
        ("hardfailed", Kind::Number),
        ("forwarded", Kind::Number),
        ("handed back", Kind::OptionalNumber),
        ("lost", Kind::OptionalNumber),
    ]);
    for row in services {
        let counts =
            [row.done, row.softfailed, row.hardfailed, row.forwarded, row.handed_back, row.lost];
        let mut cells = vec![Cell::foreign(&row.service)];
        cells.extend(counts.map(|count| Cell::new(number::count(count))));
        table.row(cells, 0);
    }
    page(terminal, |page| page.whole(&table))
}

/// Where messages are.
pub(crate) fn status(status: &Status, place: &str, terminal: Terminal) -> io::Result<()> {
    let is_measured = status.services.iter().any(|row| row.rates.is_some());
    let mut columns = vec![
        ("service", Kind::Text),
        ("ready", Kind::Number),
        ("waiting", Kind::Number),
        ("failed", Kind::Number),
    ];
    if is_measured {
        columns.extend([("in/s", Kind::OptionalNumber), ("out/s", Kind::OptionalNumber)]);
    }
    columns.extend([("oldest", Kind::Text), ("", Kind::Text)]);
    let mut table = Table::new(&columns);
    for row in &status.services {
        let failed = Cell::new(number::count(row.failed));
        let failed = if row.failed > 0 { failed.styled(Style::Alarm) } else { failed };
        let last = match row.paused_at {
            Some(at) => {
                Cell::new(format!("paused since {}", number::instant(at))).styled(Style::Unknown)
            }
            None => Cell::foreign(row.about.as_deref().unwrap_or_default()).styled(Style::Quiet),
        };
        let mut cells = vec![
            Cell::foreign(&row.service),
            Cell::new(number::count(row.ready)),
            Cell::new(number::count(row.waiting)),
            failed,
        ];
        if is_measured {
            let rate = |rate: Option<f64>| {
                Cell::new(rate.map_or_else(String::new, |rate| format!("{rate:.1}")))
            };
            cells.extend([
                rate(row.rates.map(|rates| rates.incoming)),
                rate(row.rates.map(|rates| rates.ended)),
            ]);
        }
        cells.extend([Cell::new(row.oldest_at.map(number::instant).unwrap_or_default()), last]);
        table.row(cells, 0);
    }
    page(terminal, |page| {
        page.title(place)?;
        match status.services.is_empty() {
            true => page.paragraph(Style::Quiet, "no service is known here")?,
            false => page.whole(&table)?,
        }
        if status.unrouted > 0 {
            let count = number::counted(status.unrouted, "message", "messages");
            let text = format!("{count} that no service listened to (`dolmen bus unrouted`)");
            page.paragraph(Style::Unknown, &text)?;
        }
        if status.is_blind {
            let text = "rates and ages are missing: they need `admin_url`, the management API";
            page.paragraph(Style::Quiet, text)?;
        }
        Ok(())
    })
}

/// A table of messages, whose first column says when.
fn messages(when: &'static str) -> Table {
    Table::new(&[
        (when, Kind::Text),
        ("service", Kind::Text),
        ("message", ID),
        ("routing key", Kind::Text),
        ("attempt", Kind::Number),
        ("nature", Kind::Text),
        ("error", Kind::Text),
    ])
}

fn message(at: Time, row: &MessageRow, reason: Option<&str>) -> Vec<Cell> {
    vec![
        Cell::new(number::instant(at)),
        Cell::foreign(&row.service),
        Cell::foreign(&row.message_id),
        Cell::foreign(&row.routing_key),
        Cell::new(row.attempt.to_string()),
        Cell::new(row.nature.map_or("", |nature| nature.as_str())),
        error(row.error.as_deref().or(reason)),
    ]
}

/// Messages that wait.
pub(crate) fn waiting(rows: &[WaitingRow], terminal: Terminal) -> io::Result<()> {
    let mut table = messages("due");
    for row in rows {
        table.row(message(row.due_at, &row.message, None), 0);
    }
    list(&table, rows.len(), "no message waits", terminal)
}

/// Failed messages.
pub(crate) fn failed(rows: &[FailedRow], terminal: Terminal) -> io::Result<()> {
    let mut table = messages("failed");
    for row in rows {
        table.row(message(row.failed_at, &row.message, row.reason.as_deref()), 0);
        if let Some(Foreign { bytes, begins }) = row.foreign.as_ref().filter(|_| row.body.is_none())
        {
            let size = number::counted(*bytes as u64, "byte", "bytes");
            let cells = [Cell::default(), Cell::new(size), Cell::foreign(begins)];
            table.row(cells.into(), 0);
        }
        if let Some(body) = &row.body {
            let cells = [Cell::default(), Cell::new("body"), Cell::foreign(body)];
            table.row(cells.into(), 0);
        }
    }
    list(&table, rows.len(), "no failed message", terminal)
}

/// Messages that nobody got.
pub(crate) fn unrouted(rows: &[UnroutedRow], terminal: Terminal) -> io::Result<()> {
    let mut table = Table::new(&[
        ("came", Kind::Text),
        ("message", ID),
        ("routing key", Kind::Text),
        ("producer", Kind::Text),
        ("why", Kind::Text),
    ]);
    for row in rows {
        let cells = vec![
            Cell::new(number::instant(row.at)),
            Cell::foreign(&row.message_id),
            Cell::foreign(&row.routing_key),
            Cell::foreign(row.producer.as_deref().unwrap_or_default()),
            Cell::foreign(row.reason.as_deref().unwrap_or_default()),
        ];
        table.row(cells, 0);
        if let Some(body) = &row.body {
            let cells = [Cell::default(), Cell::new("body"), Cell::foreign(body)];
            table.row(cells.into(), 0);
        }
    }
    list(&table, rows.len(), "every message was heard", terminal)
}

/// What happened to one message.
pub(crate) fn trace(rows: &[TraceRow], terminal: Terminal) -> io::Result<()> {
    page(terminal, |page| page.whole(&story(rows)))
}

/// The table of what happened, for a page of its own.
pub(crate) fn story(rows: &[TraceRow]) -> Table {
    let mut table = Table::new(&[
        ("at", Kind::Text),
        ("service", Kind::Text),
        ("what", Kind::Text),
        ("attempt", Kind::OptionalNumber),
        ("nature", Kind::Text),
        ("", Kind::Text),
    ]);
    for row in rows {
        let style = match row.what {
            "hardfail" | "discarded" => Style::Alarm,
            "softfail" | "paused" => Style::Unknown,
            "done" => Style::Paste,
            _ => Style::Plain,
        };
        // What happened outside a service has no attempt.
        let attempt = row.service.as_ref().map(|_| row.attempt.to_string());
        let cells = vec![
            Cell::new(number::instant(row.at)),
            Cell::foreign(row.service.as_deref().unwrap_or_default()),
            Cell::new(row.what).styled(style),
            Cell::new(attempt.unwrap_or_default()),
            Cell::new(row.nature.map_or("", |nature| nature.as_str())),
            Cell::foreign(&words(row)),
        ];
        table.row(cells, 0);
    }
    table
}

/// What is to be said of an event besides its columns.
fn words(row: &TraceRow) -> String {
    let mut words: Vec<String> = Vec::new();
    if row.what == "published" {
        words.push(row.routing_key.clone());
    }
    words.extend(row.error.as_deref().map(last_line));
    words.extend(row.due_at.map(|due_at| format!("again at {}", number::instant(due_at))));
    words.extend(row.to.as_ref().map(|to| format!("to {to}")));
    let by = matches!(row.what, "retried" | "discarded" | "restored");
    words.extend(row.reason.as_ref().map(|reason| match by {
        true => format!("by {reason}"),
        false => reason.clone(),
    }));
    words.join(", ")
}

fn error(text: Option<&str>) -> Cell {
    Cell::foreign(&last_line(text.unwrap_or_default()))
}

/// The last line says most: it is what a program said last.
fn last_line(text: &str) -> String {
    text.trim_end().lines().last().unwrap_or_default().to_owned()
}

fn list(table: &Table, rows: usize, nothing: &str, terminal: Terminal) -> io::Result<()> {
    page(terminal, |page| match rows {
        0 => page.paragraph(Style::Quiet, nothing),
        _ => page.whole(table),
    })
}

fn page(terminal: Terminal, write: impl FnOnce(&mut Page<'_>) -> io::Result<()>) -> io::Result<()> {
    let look = Look { width: terminal.width, painter: terminal.painter, top: None };
    let mut out = terminal::stdout();
    write(&mut Page::new(look, &mut out))?;
    out.flush()
}
