//! What became of calls and marks in the join, and what is odd about it.

use std::io;

use dolmen_cubes::Report;

use super::Page;
use crate::render::number;
use crate::render::page::MARKS;
use crate::render::paint::Style;
use crate::render::table::{Cell, Kind, Table};

pub(super) fn write(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let lines = outcomes(report);
    if lines.is_empty() {
        return Ok(());
    }
    page.heading("Calls and marks", "joined by request id")?;
    let mut table = Table::new(&[
        ("", Kind::Text),
        ("", Kind::Number),
        ("", Kind::OptionalNumber),
        ("", Kind::Text),
    ]);
    for line in lines {
        let style = if line.is_odd { Style::Alarm } else { Style::Plain };
        let cells = vec![
            Cell::new(line.what).styled(style),
            Cell::new(number::count(line.count)).styled(style),
            Cell::new(line.whole.map(|whole| number::share(line.count, whole)).unwrap_or_default()),
            Cell::new(line.meaning).styled(Style::Quiet),
        ];
        table.row(cells, line.count);
    }
    page.whole(&table)?;
    mark_only(report, page)
}

struct Line {
    what: &'static str,
    count: u64,
    /// What the count is a part of.
    whole: Option<u64>,
    meaning: &'static str,
    is_odd: bool,
}

/// The lines worth showing: without marks nothing was to be joined, and an oddity that did not
/// happen is not worth a line.
fn outcomes(report: &Report) -> Vec<Line> {
    let calls = Some(report.calls);
    let usual = |what, count, whole, meaning| Line { what, count, whole, meaning, is_odd: false };
    let odd = |what, count, whole, meaning| Line { what, count, whole, meaning, is_odd: true };
    let mut lines = Vec::new();
    if report.marks > 0 {
        lines.extend([
            usual("joined", report.joined, calls, "calls that entered an operation"),
            usual(
                "call only",
                report.call_only,
                calls,
                "no mark: refused, cached, or never handled",
            ),
        ]);
    }
    let oddities = [
        odd("no id", report.no_id, calls, "calls past the proxy that makes ids"),
        odd(
            "mark only",
            report.mark_only,
            Some(report.marks),
            "marks without a call: a hidden caller",
        ),
        odd("bypassed", report.bypassed, calls, "calls that the proxy in front did not log"),
        odd("repeated ids", report.repeated_ids, None, "request ids that several calls carry"),
        odd("overused ids", report.overused_ids, None, "ids of more than 10,000 lines, not joined"),
        odd("disagreements", report.disagreements, calls, "rules and marks name other operations"),
    ];
    lines.extend(oddities.into_iter().filter(|line| line.count > 0));
    lines
}

fn mark_only(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let rows = &report.mark_only_operations;
    if rows.is_empty() {
        return Ok(());
    }
    page.heading("Marks without a call", "operations entered without passing the proxy")?;
    let mut table = Table::new(&[
        ("operation", Kind::Text),
        ("service", Kind::Text),
        ("marks", Kind::Number),
        ("", Kind::Bar),
    ]);
    let (shown, rest) = page.top(rows, MARKS, |row| row.marks);
    for row in shown {
        let cells = vec![
            Cell::name(row.operation.as_deref()),
            Cell::name(row.service.as_deref()),
            Cell::new(number::count(row.marks)),
            Cell::default(),
        ];
        table.row(cells, row.marks);
    }
    page.table(&table, rest)
}
