//! What a store says to whoever must decide.

use std::io::{self, Write};

use dolmen_advice::map::{Compared, Thing, ThingKind};
use dolmen_advice::moved::{MovedActor, Shape, Side};
use dolmen_advice::{FirstRow, Moved};

use super::number;
use super::page::{Look, Page};
use super::paint::Style;
use super::table::{Cell, Kind, Table};
use super::text::clean;

/// Writes operations, the best to move first.
pub(crate) fn first(rows: &[FirstRow], look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    if rows.is_empty() {
        page.title("No operation to move")?;
        let why = "Nothing but retired operations was called in the last four weeks of the log. If that \
                   surprises you: operations are known by rules or by marks, and services by rules.";
        return page.paragraph(Style::Plain, why);
    }
    page.title("What to move first")?;
    let mut table = Table::new(&[
        ("", Kind::Number),
        ("operation", Kind::Text),
        ("service", Kind::Text),
        ("calls a day", Kind::Number),
        ("share", Kind::Number),
        ("growth", Kind::OptionalNumber),
        ("actors", Kind::Number),
        ("unknown", Kind::Number),
        ("score", Kind::OptionalNumber),
    ]);
    for row in rows {
        let growth = row.growth.map_or_else(|| "-".to_owned(), |growth| format!("x{growth:.1}"));
        let cells = vec![
            Cell::new(row.rank.to_string()),
            Cell::foreign(&row.operation),
            Cell::foreign(&row.service),
            Cell::new(rate(row.calls_per_day)),
            Cell::new(percent(row.share)),
            Cell::new(growth),
            Cell::new(row.actors.len().to_string()),
            Cell::new(percent(row.unknown_share)),
            Cell::new(format!("{:.2}", row.score)),
        ];
        table.row(cells, 0);
    }
    page.whole(&table)?;
    for row in rows {
        page.heading(&format!("{}. {}", row.rank, clean(&row.operation)), "")?;
        for reason in &row.reasons {
            page.paragraph(Style::Plain, &clean(reason))?;
        }
    }
    Ok(())
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn rate(calls: f64) -> String {
    if calls < 10.0 { format!("{calls:.1}") } else { number::count(calls.round() as u64) }
}

/// Writes an operation before and after its move.
pub(crate) fn moved(moved: &Moved, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    let Moved { operation, from_service, to_service, days, .. } = moved;
    page.title(&clean(&format!("{operation}: from {from_service} to {to_service}")))?;
    let when = number::instant(moved.moved);
    page.line(Style::Quiet, &format!("moved {when}; {days:.1} days before and after compared"))?;
    let mut table = Table::new(&[
        ("actor", Kind::Text),
        ("", Kind::Text),
        ("calls a day", Kind::Number),
        ("statuses", Kind::Text),
        ("p95", Kind::OptionalNumber),
    ]);
    for actor in &moved.actors {
        let MovedActor { before, after, left_behind, .. } = actor;
        let name = || Cell::name(actor.actor.as_deref());
        side(&mut table, name(), "before", before);
        side(&mut table, Cell::default(), "after", after);
        if left_behind.calls > 0 {
            side(&mut table, Cell::default(), "still on the old one", left_behind);
        }
    }
    page.whole(&table)?;
    let lost: Vec<(&MovedActor, &Shape)> = moved
        .actors
        .iter()
        .flat_map(|actor| actor.vanished.iter().map(move |shape| (actor, shape)))
        .collect();
    page.heading("Requests that have not come since", "")?;
    if lost.is_empty() {
        return page.paragraph(Style::Quiet, "None: whatever was asked for before still is.");
    }
    for (actor, Shape { method, parameters, calls, endpoint }) in lost {
        let actor = actor.actor.as_deref().unwrap_or("unknown");
        let with = match parameters.as_slice() {
            [] => String::new(),
            some => format!(" with {}", some.join(", ")),
        };
        let calls = number::counted(*calls, "call", "calls");
        let text = format!("{actor}: {method}{with} ({endpoint}), {calls} before");
        page.paragraph(Style::Plain, &clean(&text))?;
    }
    Ok(())
}

fn side(table: &mut Table, name: Cell, when: &str, side: &Side) {
    let statuses: Vec<String> = side
        .statuses
        .iter()
        .map(|(class, calls)| format!("{class} {}", number::share(*calls, side.calls)))
        .collect();
    let cells = vec![
        name,
        Cell::new(when),
        Cell::new(rate(side.calls_per_day)),
        Cell::new(statuses.join(", ")),
        Cell::new(side.p95.map_or_else(|| "-".to_owned(), number::duration)),
    ];
    table.row(cells, 0);
}

/// Writes what of a map is true.
pub(crate) fn map(compared: &Compared, look: Look, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(look, out);
    let Compared { confirmed, unseen, unmapped } = compared;
    page.title(match compared.agree() {
        true => "The map is right",
        false => "The map is not right",
    })?;
    things(&mut page, "Confirmed", confirmed)?;
    things(&mut page, "On the map, and not seen", unseen)?;
    things(&mut page, "Seen, and not on the map", unmapped)
}

fn things(page: &mut Page<'_>, title: &str, things: &[Thing]) -> io::Result<()> {
    page.heading(title, &number::count(things.len() as u64))?;
    let mut table = Table::new(&[("", Kind::Text), ("", Kind::Text), ("", Kind::Number)]);
    for thing in things {
        let text = |text: &Option<String>| clean(text.as_deref().unwrap_or_default());
        let (actor, operation, service) =
            (text(&thing.actor), text(&thing.operation), text(&thing.service));
        let on = if service.is_empty() { String::new() } else { format!(" on {service}") };
        let (kind, what) = match thing.kind {
            ThingKind::Actor => ("actor", actor),
            ThingKind::Service => ("service", service),
            ThingKind::Operation => ("operation", format!("{operation}{on}")),
            ThingKind::Call => ("call", format!("{actor}: {operation}{on}")),
        };
        let calls = match thing.calls {
            0 => String::new(),
            calls => number::counted(calls, "call", "calls"),
        };
        table.row(vec![Cell::new(kind), Cell::new(what), Cell::new(calls)], 0);
    }
    page.whole(&table)
}
