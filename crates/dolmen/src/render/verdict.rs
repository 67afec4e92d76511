//! Verdicts and their reasons.

mod words;

use std::io::{self, Write};

use dolmen_console::verdicts::{OperationVerdict, Verdicts, Wall, WordRow, state_name};
use dolmen_model::Language;

use super::number;
use super::page::{Look, Page};
use super::paint::Style;
use super::table::{Cell, Kind, Table};
use super::text;
use crate::terminal::Terminal;
use words::Words;

/// Calls to come that are told.
const AHEAD: usize = 12;

/// Writes a table of all operations, then each with its reasons and its callers. The verdicts were
/// said in the same language.
pub(crate) fn verdicts(
    verdicts: &Verdicts,
    language: Language,
    terminal: Terminal,
    out: &mut dyn Write,
) -> io::Result<()> {
    let look = Look { width: terminal.width, painter: terminal.painter, top: None };
    let mut page = Page::new(look, out);
    tell(verdicts, language, &mut page)
}

/// The same, on a page that is being written.
pub(crate) fn tell(verdicts: &Verdicts, language: Language, page: &mut Page<'_>) -> io::Result<()> {
    let told = Told::of(verdicts, language);
    let safe = verdicts.operations.iter().filter(|operation| operation.is_safe).count();
    let at = told.wall.minute(verdicts.at);
    page.title(&told.words.title(
        safe,
        verdicts.operations.len(),
        &at,
        &text::clean(&verdicts.zone),
    ))?;
    page.whole(&told.overview(verdicts))?;
    for operation in &verdicts.operations {
        told.reasons(operation, page)?;
    }
    told.ahead(verdicts, page)
}

/// One row an operation, in English.
pub(crate) fn overview_table(verdicts: &Verdicts) -> Table {
    Told::of(verdicts, Language::English).overview(verdicts)
}

/// How it is told.
struct Told {
    wall: Wall,
    words: &'static Words,
    language: Language,
}

impl Told {
    fn of(verdicts: &Verdicts, language: Language) -> Self {
        let zone = verdicts.wall.clone();
        Self { wall: Wall { zone, language }, words: Words::of(language), language }
    }

    fn chance(&self, chance: f64) -> String {
        format!("{:.1} %", chance * 100.0).replace('.', self.words.decimal)
    }

    fn state(&self, operation: &OperationVerdict) -> &'static str {
        state_name(&operation.state, self.language)
    }

    fn overview(&self, verdicts: &Verdicts) -> Table {
        let [operation, service, state, last, safe, still] = self.words.overview;
        let mut table = Table::new(&[
            (operation, Kind::Text),
            (service, Kind::Text),
            (state, Kind::Text),
            (last, Kind::Text),
            (safe, Kind::Text),
            (still, Kind::Number),
        ]);
        for operation in &verdicts.operations {
            let never = || self.words.never.to_owned();
            let state = Cell::new(self.state(operation));
            let cells = vec![
                Cell::foreign(&operation.operation),
                Cell::name(operation.service.as_deref()),
                if operation.is_safe { state } else { state.styled(Style::Unknown) },
                Cell::new(operation.last_call.map_or_else(never, |at| self.wall.minute(at))),
                Cell::new(operation.safe_on.map_or_else(never, |at| self.wall.day(at))),
                Cell::new(self.chance(operation.p_any)),
            ];
            table.row(cells, 0);
        }
        table
    }

    fn reasons(&self, operation: &OperationVerdict, page: &mut Page<'_>) -> io::Result<()> {
        let words = self.words;
        let service = operation.service.as_deref().unwrap_or(words.unknown);
        let (name, service) = (text::clean(&operation.operation), text::clean(service));
        page.heading(&format!("{name} {} {service}", words.on), self.state(operation))?;
        for reason in &operation.reasons {
            page.paragraph(Style::Plain, &format!("- {}", text::clean(reason)))?;
        }
        if operation.callers.is_empty() {
            return Ok(());
        }
        let [caller, from, calls, rhythm, last, next, still] = words.callers;
        let mut table = Table::new(&[
            (caller, Kind::Text),
            (from, Kind::Text),
            (calls, Kind::Number),
            (rhythm, Kind::Text),
            (last, Kind::Text),
            (next, Kind::Text),
            (still, Kind::Number),
        ]);
        for caller in &operation.callers {
            let who = caller.actor.as_deref().or(caller.user_agent.as_deref());
            let from = match (caller.addresses, caller.address.as_deref()) {
                (0 | 1, address) => Cell::name(address),
                (addresses, _) => Cell::new(format!("{addresses} {}", words.addresses)),
            };
            let who = if caller.is_hidden { Cell::new(words.no_proxy) } else { Cell::name(who) };
            let rhythm = match caller.certainty.as_str() {
                "suspected" => format!("{} {}", words.perhaps, caller.cadence),
                _ => caller.cadence.clone(),
            };
            let next = caller.next_expected;
            let next = next.map_or_else(|| "-".to_owned(), |at| self.wall.minute(at));
            let cells = vec![
                who,
                from,
                Cell::new(number::count(caller.calls)),
                Cell::new(rhythm),
                Cell::new(self.wall.minute(caller.last_call)),
                Cell::new(next),
                Cell::new(self.chance(caller.p_alive)),
            ];
            table.row(cells, 0);
        }
        page.whole(&table)
    }

    fn ahead(&self, verdicts: &Verdicts, page: &mut Page<'_>) -> io::Result<()> {
        if verdicts.expected.is_empty() {
            return Ok(());
        }
        let words = self.words;
        page.heading(words.days, words.due)?;
        let [when, operation, who, rhythm, still] = words.expected;
        let mut table = Table::new(&[
            (when, Kind::Text),
            (operation, Kind::Text),
            (who, Kind::Text),
            (rhythm, Kind::Text),
            (still, Kind::Number),
        ]);
        for call in verdicts.expected.iter().take(AHEAD) {
            let cells = vec![
                Cell::new(self.wall.minute(call.at)),
                Cell::foreign(&call.operation),
                Cell::foreign(&call.who),
                Cell::new(call.cadence.clone()),
                Cell::new(self.chance(call.p_alive)),
            ];
            table.row(cells, 0);
        }
        page.whole(&table)?;
        match verdicts.expected.len().checked_sub(AHEAD).filter(|more| *more > 0) {
            Some(more) => {
                page.paragraph(Style::Quiet, &format!("… {more} {} (--json)", words.more))
            }
            None => Ok(()),
        }
    }
}

/// Writes what owners said.
pub(crate) fn words(
    words: &[WordRow],
    language: Language,
    terminal: Terminal,
    out: &mut dyn Write,
) -> io::Result<()> {
    let look = Look { width: terminal.width, painter: terminal.painter, top: None };
    let mut page = Page::new(look, out);
    let names = Words::of(language);
    page.title(&names.of_owners(words.len()))?;
    let [said, about, who, why] = names.said;
    let mut table = Table::new(&[
        ("", Kind::Number),
        (said, Kind::Text),
        (about, Kind::Text),
        (who, Kind::Text),
        (why, Kind::Text),
    ]);
    for word in words {
        let about = match word.about.as_str() {
            "year_end" => Some(names.year_end),
            _ => None,
        };
        let named = [&word.operation, &word.service, &word.actor, &word.user_agent, &word.address];
        let named = named.into_iter().flatten().map(String::as_str);
        let about: Vec<&str> = about.into_iter().chain(named).collect();
        let cells = vec![
            Cell::new(word.id.to_string()),
            Cell::new(number::instant(word.said)),
            Cell::foreign(&about.join(", ")),
            Cell::foreign(&word.who),
            Cell::foreign(&word.why),
        ];
        table.row(cells, 0);
    }
    page.whole(&table)
}
