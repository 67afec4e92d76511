//! Where sections are written: headings, paragraphs, tables, and the blank lines between them.

use std::io::{self, Write};

use super::number;
use super::paint::{Painter, Style};
use super::table::Table;
use super::text;

/// How a page is to look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Columns of the screen.
    pub(crate) width: usize,
    pub(crate) painter: Painter,
    /// Rows of each table; `None` for all.
    pub(crate) top: Option<usize>,
}

/// A page that is being written from top to bottom.
pub(crate) struct Page<'o> {
    pub(super) look: Look,
    out: &'o mut dyn Write,
    /// Whether the next heading stands right at the top, or below a blank line.
    is_fresh: bool,
}

impl<'o> Page<'o> {
    pub(crate) fn new(look: Look, out: &'o mut dyn Write) -> Self {
        Self { look, out, is_fresh: true }
    }

    /// A blank line, unless there is one already.
    pub(crate) fn blank(&mut self) -> io::Result<()> {
        if self.is_fresh {
            return Ok(());
        }
        self.is_fresh = true;
        writeln!(self.out)
    }

    /// A line as it is: neither broken nor shortened.
    pub(super) fn line(&mut self, style: Style, text: &str) -> io::Result<()> {
        self.raw(&self.look.painter.paint(style, text))
    }

    /// A line that is painted already.
    pub(super) fn raw(&mut self, line: &str) -> io::Result<()> {
        self.is_fresh = false;
        writeln!(self.out, "{line}")
    }

    /// A line that stands out.
    pub(crate) fn title(&mut self, text: &str) -> io::Result<()> {
        self.line(Style::Title, text)
    }

    /// A section's heading, below a blank line: what it lists, and a word about it.
    pub(crate) fn heading(&mut self, title: &str, note: &str) -> io::Result<()> {
        self.blank()?;
        let painter = self.look.painter;
        let note = if note.is_empty() { String::new() } else { format!("  {note}") };
        let room = self.look.width.saturating_sub(text::width(title));
        let note = painter.paint(Style::Quiet, &text::shorten(&note, room));
        self.raw(&format!("{}{note}", painter.paint(Style::Title, title)))
    }

    /// Indented text, broken between words where the screen ends.
    pub(crate) fn paragraph(&mut self, style: Style, text: &str) -> io::Result<()> {
        const NARROWEST: usize = 20;

        let room = self.look.width.saturating_sub(2).max(NARROWEST);
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && text::width(&line) + 1 + text::width(word) > room {
                self.line(style, &format!("  {line}"))?;
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(style, &format!("  {line}"))
    }

    /// A table with nothing left out.
    pub(crate) fn whole(&mut self, table: &Table) -> io::Result<()> {
        for line in table.lines(self.look.width, self.look.painter) {
            self.raw(&line)?;
        }
        Ok(())
    }

    /// A table, then a line about the rows that were left out, if any.
    pub(super) fn table(&mut self, table: &Table, rest: Rest) -> io::Result<()> {
        self.whole(table)?;
        if rest.rows == 0 {
            return Ok(());
        }
        let Rest { rows, amount, unit: Unit(one, many) } = rest;
        let rows = number::count(rows);
        let amount = number::counted(amount, one, many);
        self.line(Style::Quiet, &format!("  … {rows} more, {amount} (--top all)"))
    }

    /// The rows that are shown, and what is left out.
    pub(super) fn top<'r, R>(
        &self,
        rows: &'r [R],
        unit: Unit,
        amount: impl Fn(&R) -> u64,
    ) -> (&'r [R], Rest) {
        let shown = self.look.top.unwrap_or(rows.len()).min(rows.len());
        let (shown, rest) = rows.split_at(shown);
        let amount = rest.iter().map(amount).fold(0, u64::saturating_add);
        let rows = u64::try_from(rest.len()).unwrap_or(u64::MAX);
        (shown, Rest { rows, amount, unit })
    }
}

/// What is counted: one, many.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unit(&'static str, &'static str);

pub(super) const CALLS: Unit = Unit("call", "calls");
pub(super) const MARKS: Unit = Unit("mark", "marks");
pub(super) const LINES: Unit = Unit("line", "lines");

/// What a table does not show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    rows: u64,
    amount: u64,
    unit: Unit,
}
