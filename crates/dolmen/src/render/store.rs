//! What a store holds.

use std::io::{self, Write};

use dolmen_store::Status;

use super::number;
use super::page::{Look, Page};
use super::paint::Style;
use super::table::{Cell, Kind, Table};
use crate::terminal::Terminal;

/// Writes sizes, and when each source spoke.
pub(crate) fn status(status: &Status, terminal: Terminal, out: &mut dyn Write) -> io::Result<()> {
    let look = Look { width: terminal.width, painter: terminal.painter, top: None };
    let mut page = Page::new(look, out);
    let rows = |kind: &str| {
        let mut segments = status.segments.iter().filter(|segments| segments.kind == kind);
        segments.next().map_or(0, |segments| segments.rows)
    };
    page.title(&format!(
        "{}, {}, {} that no format reads",
        number::counted(rows("calls"), "call line", "call lines"),
        number::counted(rows("marks"), "mark", "marks"),
        number::counted(rows("unread"), "line", "lines"),
    ))?;
    page.line(
        Style::Quiet,
        &format!(
            "{}, generation {}; the catalog has {} bytes; {} without a call, {} not yet folded in",
            number::counted(status.commits, "commit", "commits"),
            status.generation,
            number::count(status.catalog_bytes),
            number::counted(status.waiting_marks, "mark", "marks"),
            number::counted(status.amendments, "late join", "late joins"),
        ),
    )?;
    page.heading("Segments", "")?;
    let mut table = Table::new(&[
        ("kind", Kind::Text),
        ("files", Kind::Number),
        ("lines", Kind::Number),
        ("bytes", Kind::Number),
        ("of the lines", Kind::OptionalNumber),
        ("from", Kind::Text),
        ("to", Kind::Text),
    ]);
    let time = |time: Option<dolmen_model::Time>| {
        Cell::new(time.map_or_else(|| "-".to_owned(), number::instant))
    };
    for segments in &status.segments {
        let cells = vec![
            Cell::new(segments.kind),
            Cell::new(number::count(segments.segments)),
            Cell::new(number::count(segments.rows)),
            Cell::new(number::count(segments.bytes)),
            Cell::new(number::share(segments.bytes, segments.raw_bytes)),
            time(segments.from),
            time(segments.to),
        ];
        table.row(cells, segments.bytes);
    }
    page.whole(&table)?;
    page.heading("Sources", "when their lines came, and where they are missing")?;
    let mut table = Table::new(&[
        ("source", Kind::Path),
        ("kind", Kind::Text),
        ("lines", Kind::Number),
        ("from", Kind::Text),
        ("to", Kind::Text),
        ("gaps", Kind::Number),
    ]);
    for source in &status.sources {
        let gaps = source.gaps.len() as u64;
        let cells = vec![
            Cell::foreign(&source.source),
            Cell::new(source.kind.clone()),
            Cell::new(number::count(source.lines)),
            time(source.from),
            time(source.to),
            Cell::new(number::count(gaps)),
        ];
        table.row(cells, source.lines);
    }
    page.whole(&table)?;
    for source in status.sources.iter().filter(|source| !source.gaps.is_empty()) {
        for gap in &source.gaps {
            let (from, to) = (number::instant(gap.from), number::instant(gap.to));
            let length = number::span(gap.from, gap.to);
            let name = super::text::clean(&source.source);
            page.paragraph(
                Style::Plain,
                &format!("{name} was silent from {from} to {to}, {length}"),
            )?;
        }
    }
    Ok(())
}
