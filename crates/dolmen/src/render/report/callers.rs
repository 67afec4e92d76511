//! Callers that no rule names: the work to do.

use std::io;

use dolmen_cubes::Report;

use super::Page;
use crate::render::number;
use crate::render::page::CALLS;
use crate::render::paint::Style;
use crate::render::table::{Cell, Kind, Table};

pub(super) fn unknown(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let rows = &report.unknown_callers;
    if rows.is_empty() {
        page.heading("Unknown callers", "")?;
        return page.paragraph(Style::Quiet, "None: a rule names every caller.");
    }
    let callers = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    page.heading("Unknown callers", &number::counted(callers, "caller", "callers"))?;
    let enter = rows.iter().any(|row| !row.operations.is_empty());
    let mut columns = vec![("address", Kind::Text), ("user agent", Kind::Text)];
    if enter {
        columns.push(("operations", Kind::Text));
    }
    columns.extend([("calls", Kind::Number), ("share", Kind::OptionalNumber)]);
    let mut table = Table::new(&columns);
    let (shown, rest) = page.top(rows, CALLS, |row| row.calls);
    for row in shown {
        let mut cells = vec![said(row.address.as_deref()), said(row.user_agent.as_deref())];
        if enter {
            cells.push(Cell::foreign(&row.operations.join(", ")));
        }
        cells.push(Cell::new(number::count(row.calls)));
        cells.push(Cell::new(number::share(row.calls, report.calls)));
        table.row(cells, row.calls);
    }
    page.table(&table, rest)
}

/// What a log says, or nothing.
fn said(text: Option<&str>) -> Cell {
    match text {
        Some(text) => Cell::foreign(text),
        None => Cell::new("-").styled(Style::Quiet),
    }
}
