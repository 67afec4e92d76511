//! What an import did.

use std::io::{self, Write};

use dolmen_collect::{FileStatus, Imported};

use super::number;
use super::page::{Look, Page};
use super::paint::Style;
use super::table::{Cell, Kind, Table};
use crate::terminal::Terminal;

/// Writes the summary of an import.
pub(crate) fn write(
    imported: &Imported,
    terminal: Terminal,
    out: &mut dyn Write,
) -> io::Result<()> {
    let look = Look { width: terminal.width, painter: terminal.painter, top: None };
    let mut page = Page::new(look, out);
    let Imported { files, calls, marks, unparsed, unreadable: _ } = imported;
    let mut parts = vec![number::counted(*calls, "call", "calls")];
    if *marks > 0 {
        parts.push(number::counted(*marks, "mark", "marks"));
    }
    if *unparsed > 0 {
        parts.push(number::counted(*unparsed, "unparsed line", "unparsed lines"));
    }
    let files_in_all = u64::try_from(files.len()).unwrap_or(u64::MAX);
    let from = number::counted(files_in_all, "file", "files");
    page.title(&format!("{} added from {from}", parts.join(", ")))?;
    page.heading("Files", "")?;
    let mut table =
        Table::new(&[("file", Kind::Path), ("status", Kind::Text), ("lines added", Kind::Number)]);
    for file in files {
        let status = match file.status {
            FileStatus::New => Cell::new("new"),
            FileStatus::Grown => Cell::new("grown"),
            FileStatus::Known => Cell::new("known, nothing new").styled(Style::Quiet),
            FileStatus::Empty => Cell::new("no complete line").styled(Style::Quiet),
            FileStatus::Changed => Cell::new("changed, left alone").styled(Style::Unknown),
            FileStatus::Broken => Cell::new("read in part").styled(Style::Unknown),
        };
        let lines = Cell::new(number::count(file.lines_added));
        table.row(vec![Cell::foreign(&file.path), status, lines], file.lines_added);
    }
    page.whole(&table)
}
