//! `dolmen report` for people: totals, then a table a question, then what to do next.

mod callers;
mod hints;
mod join;
mod names;
mod unparsed;

use std::io::{self, Write};

use dolmen_cubes::Report;

use super::number;
pub(crate) use super::page::{Look, Page};
use super::paint::Style;

/// A question that a report answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Totals,
    Operations,
    Actors,
    Services,
    Endpoints,
    UnknownCallers,
    Join,
    Files,
    Unparsed,
    Next,
}

impl Section {
    /// All of them, in the order they are read.
    const ALL: [Self; 10] = [
        Self::Totals,
        Self::Operations,
        Self::Actors,
        Self::Services,
        Self::Endpoints,
        Self::UnknownCallers,
        Self::Join,
        Self::Files,
        Self::Unparsed,
        Self::Next,
    ];

    fn write(self, report: &Report, page: &mut Page<'_>) -> io::Result<()> {
        match self {
            Self::Totals => totals(report, page),
            Self::Operations => names::operations(report, page),
            Self::Actors => names::actors(report, page),
            Self::Services => names::services(report, page),
            Self::Endpoints => names::endpoints(report, page),
            Self::UnknownCallers => callers::unknown(report, page),
            Self::Join => join::write(report, page),
            Self::Files => unparsed::files(report, page),
            Self::Unparsed => unparsed::lines(report, page),
            Self::Next => hints::write(report, page),
        }
    }

    /// Whether it can say anything at all without a call.
    const fn needs_calls(self) -> bool {
        matches!(
            self,
            Self::Operations
                | Self::Actors
                | Self::Services
                | Self::Endpoints
                | Self::UnknownCallers
        )
    }
}

/// Writes a whole report.
pub(crate) fn write(report: &Report, look: Look, out: &mut dyn Write) -> io::Result<()> {
    Page::new(look, out).sections(report, &Section::ALL)
}

impl Page<'_> {
    /// Writes some sections of a report.
    pub(crate) fn sections(&mut self, report: &Report, sections: &[Section]) -> io::Result<()> {
        sections
            .iter()
            .filter(|section| report.calls > 0 || !section.needs_calls())
            .try_for_each(|section| section.write(report, self))
    }
}

fn totals(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    let files = u64::try_from(report.files.len()).unwrap_or(u64::MAX);
    let mut parts = vec![number::counted(report.calls, "call", "calls")];
    if report.marks > 0 {
        parts.push(number::counted(report.marks, "mark", "marks"));
    }
    if report.unparsed > 0 {
        parts.push(number::counted(report.unparsed, "unparsed line", "unparsed lines"));
    }
    let within = match files {
        0 => String::new(),
        n => format!(" in {}", number::counted(n, "file", "files")),
    };
    page.title(&format!("{}{within}", parts.join(", ")))?;
    if let (Some(from), Some(to)) = (report.from, report.to) {
        let time = format!(
            "{} to {} UTC, {}",
            number::instant(from),
            number::instant(to),
            number::span(from, to)
        );
        page.line(Style::Plain, &time)?;
    }
    for row in &report.unreadable {
        let rows = number::counted(row.rows, "row", "rows");
        let time = match (&row.from, &row.to) {
            (Some(from), Some(to)) => format!(" from {from} to {to}"),
            _ => String::new(),
        };
        let lacking = format!("Without {rows}{time}: {} cannot be read.", row.segment);
        page.paragraph(Style::Alarm, &lacking)?;
    }
    if report.calls == 0 {
        page.line(Style::Quiet, "There is no call to report on.")?;
    }
    Ok(())
}
