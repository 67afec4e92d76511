//! The tables of names: operations, actors, services, endpoints.

use std::io;

use dolmen_cubes::Report;

use super::Page;
use crate::render::number;
use crate::render::page::CALLS;
use crate::render::paint::Style;
use crate::render::table::{Cell, Kind, Table};

pub(super) fn operations(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let rows = &report.operations;
    if rows.iter().all(|row| row.operation.is_none()) {
        page.heading("Operations", "")?;
        let why = match report.marks {
            0 => "No rule names an operation yet, and there is no mark that does.",
            _ => "No rule names an operation yet, and no mark could be joined to a call.",
        };
        return page.paragraph(Style::Quiet, why);
    }
    page.heading("Operations", "by service; a call that entered two counts under both")?;
    let mut columns = vec![
        ("operation", Kind::Text),
        ("service", Kind::Text),
        ("calls", Kind::Number),
        ("share", Kind::Number),
    ];
    let timed = rows.iter().any(|row| row.p50.is_some());
    if timed {
        columns.extend([("p50", Kind::OptionalNumber), ("p95", Kind::OptionalNumber)]);
    }
    columns.push(("", Kind::Bar));
    let mut table = Table::new(&columns);
    let (shown, rest) = page.top(rows, CALLS, |row| row.calls);
    for row in shown {
        let mut cells = vec![
            Cell::name(row.operation.as_deref()),
            Cell::name(row.service.as_deref()),
            Cell::new(number::count(row.calls)),
            Cell::new(number::share(row.calls, report.calls)),
        ];
        if timed {
            cells.extend([duration(row.p50), duration(row.p95)]);
        }
        cells.push(Cell::default());
        table.row(cells, row.calls);
    }
    page.table(&table, rest)
}

pub(super) fn actors(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let rows: Vec<_> = report.actors.iter().map(|row| (row.actor.as_deref(), row.calls)).collect();
    let unknown = rows.iter().filter(|(name, _)| name.is_none()).map(|(_, calls)| calls).sum();
    let note = match unknown {
        0 => "every caller is known".to_owned(),
        n => format!("{} of the calls come from nobody known", number::share(n, report.calls)),
    };
    let nobody = "No rule names an actor yet.";
    named(&Names { title: "Actors", column: "actor", note, nobody }, &rows, report.calls, page)
}

pub(super) fn services(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let rows: Vec<_> =
        report.services.iter().map(|row| (row.service.as_deref(), row.calls)).collect();
    let nobody = "Neither a rule nor the source names a service yet.";
    let names = Names { title: "Services", column: "service", note: String::new(), nobody };
    named(&names, &rows, report.calls, page)
}

/// What is said about one kind of names.
struct Names {
    title: &'static str,
    column: &'static str,
    note: String,
    nobody: &'static str,
}

fn named(
    names: &Names,
    rows: &[(Option<&str>, u64)],
    calls: u64,
    page: &mut Page<'_>,
) -> io::Result<()> {
    if rows.iter().all(|(name, _)| name.is_none()) {
        page.heading(names.title, "")?;
        return page.paragraph(Style::Quiet, names.nobody);
    }
    page.heading(names.title, &names.note)?;
    let mut table = Table::new(&[
        (names.column, Kind::Text),
        ("calls", Kind::Number),
        ("share", Kind::Number),
        ("", Kind::Bar),
    ]);
    let (shown, rest) = page.top(rows, CALLS, |row| row.1);
    for &(name, count) in shown {
        let cells = vec![
            Cell::name(name),
            Cell::new(number::count(count)),
            Cell::new(number::share(count, calls)),
            Cell::default(),
        ];
        table.row(cells, count);
    }
    page.table(&table, rest)
}

pub(super) fn endpoints(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let rows = &report.endpoints;
    page.heading("Endpoints", "")?;
    let by_service = rows.iter().any(|row| row.service.is_some());
    let timed = rows.iter().any(|row| row.p95.is_some());
    let mut columns = Vec::new();
    if by_service {
        columns.push(("service", Kind::Text));
    }
    columns.extend([("endpoint", Kind::Text), ("calls", Kind::Number), ("share", Kind::Number)]);
    if timed {
        columns.push(("p95", Kind::OptionalNumber));
    }
    columns.push(("", Kind::Bar));
    let mut table = Table::new(&columns);
    let (shown, rest) = page.top(rows, CALLS, |row| row.calls);
    for row in shown {
        let mut cells = Vec::new();
        if by_service {
            cells.push(Cell::name(row.service.as_deref()));
        }
        cells.extend([
            endpoint(row.method.as_deref(), row.endpoint.as_deref()),
            Cell::new(number::count(row.calls)),
            Cell::new(number::share(row.calls, report.calls)),
        ]);
        if timed {
            cells.push(duration(row.p95));
        }
        cells.push(Cell::default());
        table.row(cells, row.calls);
    }
    page.table(&table, rest)
}

fn endpoint(method: Option<&str>, template: Option<&str>) -> Cell {
    match (method, template) {
        (Some(method), Some(template)) => Cell::foreign(&format!("{method} {template}")),
        (None, Some(other)) => Cell::foreign(other),
        (_, None) => Cell::new("not HTTP").styled(Style::Unknown),
    }
}

fn duration(micros: Option<u64>) -> Cell {
    Cell::new(micros.map(number::duration).unwrap_or_default())
}
