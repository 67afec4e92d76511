//! `dolmen demo`: two stories, told with real parts: a bank's with the pipeline, on logs that were
//! just written; an association's with buses in files.

mod agoram;
mod console;
mod judged;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dolmen_cubes::Report;
use dolmen_model::query::Query;

use console::Years;
use judged::Judged;

use super::{Context, report};
use crate::exit::Exit;
use crate::render::Style;
use crate::render::number;
use crate::render::report::{Look, Page, Section};
use crate::render::table::{Cell, Kind, Table};
use crate::render::verdict;
use crate::stories::monobanque::figures::{self, Figure, Question, Reports};
use crate::stories::monobanque::texts::{ENGLISH, Step, Texts};
use crate::stories::monobanque::{self, Story};
use crate::terminal;

/// Show what dolmen is good for, on the logs of a made-up bank and the bus of an association
///
/// Writes the logs of a bank that leaves its monolith, and reports on them step by step: what an
/// access log shows alone, what it shows when it is joined with the application's log, and who the
/// unknown callers are. Then it plays messages between the services of an association, one of which
/// fails. At last it opens the console on the bank's years. Nothing else on this machine is read or
/// changed.
#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Only one of the stories
    #[arg(long, value_name = "STORY", value_enum)]
    story: Option<StoryName>,
    /// Write the logs here, and keep them (a temporary folder otherwise)
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Where the console listens, at the end of the bank's story
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7117")]
    listen: SocketAddr,
    /// Tell the stories, and do not open the console
    #[arg(long)]
    no_console: bool,
    /// Compare the reports with the figures of the story; exit 1 if one is off
    #[arg(long)]
    check: bool,
    /// Print the figures as JSON
    #[arg(long, requires = "check")]
    json: bool,
}

/// A story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum StoryName {
    /// A bank leaves its monolith
    Monobanque,
    /// An association moves to a message bus
    Agoram,
}

/// Where the logs are.
enum Place {
    Kept(PathBuf),
    /// Removed when this is dropped.
    Temporary(tempfile::TempDir),
}

impl Place {
    fn find(dir: Option<PathBuf>) -> anyhow::Result<Self> {
        match dir {
            Some(dir) => Ok(Self::Kept(dir)),
            None => {
                let dir = tempfile::Builder::new().prefix("dolmen-demo-").tempdir();
                Ok(Self::Temporary(dir.context("failed to make a temporary folder")?))
            }
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }
}

pub(crate) fn run(args: DemoArgs, context: &Context) -> anyhow::Result<Exit> {
    let place = Place::find(args.dir)?;
    let is_told = |story| args.story.is_none_or(|only| only == story);
    let bank = match is_told(StoryName::Monobanque) {
        true => Some(Bank::read(place.path(), context)?),
        false => None,
    };
    let bus = match is_told(StoryName::Agoram) {
        true => Some(agoram::play(place.path())?),
        false => None,
    };
    if args.check {
        let mut figures = Vec::new();
        if let Some(Bank { story, reports, judged, .. }) = &bank {
            let late = figures::late_calls(story, |question| answer(&question, context))?;
            figures.extend(figures::figures(story, reports, &late));
            figures.extend(judged.figures());
        }
        figures.extend(bus.iter().flat_map(agoram::figures));
        if args.json {
            as_json(&figures)?
        } else {
            as_lines(&figures)?
        }
        return all_hold(&figures);
    }
    let look =
        Look { width: context.terminal.width, painter: context.terminal.painter, top: Some(ROWS) };
    let mut out = terminal::stdout();
    let mut page = Page::new(look, &mut out);
    if let Some(Bank { story, reports, judged, .. }) = &bank {
        Telling { texts: &ENGLISH, story, reports, judged, place: &place }.tell(&mut page)?;
        page.blank()?;
    }
    if let Some(story) = &bus {
        agoram::tell(story, &mut page)?;
    }
    out.flush()?;
    if let Some(Bank { story, years, .. }) = bank.filter(|_| !args.no_console) {
        console::open(years, &story, args.listen)?;
    }
    Ok(Exit::Done)
}

/// The bank's story, and what the reports say of it.
struct Bank {
    story: Story,
    reports: Reports,
    years: Years,
    judged: Judged,
}

impl Bank {
    fn read(dir: &Path, context: &Context) -> anyhow::Result<Self> {
        let story = monobanque::write(dir, monobanque::SEED)?;
        let reports = Reports::ask(&story, |question| answer(&question, context))?;
        let years = Years::import(&story, dir, context)?;
        let judged = Judged::of(&years)?;
        Ok(Self { story, reports, years, judged })
    }
}

/// Rows of each table.
const ROWS: usize = 10;

fn answer(question: &Question<'_>, context: &Context) -> anyhow::Result<Report> {
    let query = Query::parse(&question.query).context("a question of the story")?;
    report::configured(question.configuration, question.window, &query, context)
}

/// What is told, and in which words.
struct Telling<'a> {
    texts: &'a Texts,
    story: &'a Story,
    reports: &'a Reports,
    judged: &'a Judged,
    place: &'a Place,
}

impl Telling<'_> {
    fn tell(&self, page: &mut Page<'_>) -> io::Result<()> {
        use Section::{Actors, Operations, Totals, UnknownCallers};

        let Self { texts, story, reports, .. } = self;
        let configurations = &story.configurations;
        page.title(texts.title)?;
        page.paragraph(Style::Plain, texts.intro)?;
        self.step(&texts.first, &configurations.first, page, |page| {
            page.sections(&reports.first, &[Totals, Operations])
        })?;
        self.step(&texts.joined, &configurations.joined, page, |page| {
            page.sections(&reports.joined, &[Totals, Operations])?;
            self.routes(page)
        })?;
        self.step(&texts.three_actors, &configurations.three_actors, page, |page| {
            page.sections(&reports.three_actors, &[Actors, UnknownCallers])
        })?;
        self.step(&texts.five_actors, &configurations.five_actors, page, |page| {
            page.sections(&reports.five_actors, &[Actors, UnknownCallers])
        })?;
        page.blank()?;
        self.verdict(page)?;
        page.blank()?;
        page.paragraph(Style::Plain, texts.next)?;
        match self.place {
            Place::Kept(_) => {
                page.paragraph(Style::Plain, texts.kept)?;
                self.command(&configurations.months, page)
            }
            Place::Temporary(_) => page.paragraph(Style::Plain, texts.thrown_away),
        }
    }

    fn step(
        &self,
        step: &Step,
        configuration: &Path,
        page: &mut Page<'_>,
        show: impl FnOnce(&mut Page<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        page.blank()?;
        page.title(step.title)?;
        page.paragraph(Style::Plain, step.before)?;
        if let Place::Kept(_) = self.place {
            self.command(configuration, page)?;
        }
        page.blank()?;
        show(page)?;
        page.blank()?;
        page.paragraph(Style::Plain, step.after)
    }

    /// May it be switched off? On the day it had moved, when somebody came back, and at the end.
    fn verdict(&self, page: &mut Page<'_>) -> io::Result<()> {
        let Self { texts, judged, .. } = self;
        let Judged { moved, residual, end } = judged;
        page.title(texts.verdict.title)?;
        page.paragraph(Style::Plain, texts.verdict.before)?;
        for (told, verdicts) in texts.verdict_days.iter().zip([moved, residual, end]) {
            page.blank()?;
            page.paragraph(Style::Plain, told)?;
            page.whole(&verdict::overview_table(verdicts))?;
        }
        page.blank()?;
        page.paragraph(Style::Plain, texts.verdict.after)
    }

    /// What one would type to see more.
    fn command(&self, configuration: &Path, page: &mut Page<'_>) -> io::Result<()> {
        let command = format!("dolmen report --config {}", configuration.display());
        page.paragraph(Style::Paste, &command)
    }

    /// Every route that leads to each operation.
    fn routes(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading(self.texts.routes, "")?;
        let [operation, route, calls] = self.texts.routes_columns;
        let columns =
            [(operation, Kind::Text), (route, Kind::Text), (calls, Kind::Number), ("", Kind::Bar)];
        let mut table = Table::new(&columns);
        for (operation, report) in &self.reports.by_operation {
            let mut name = operation.name();
            for (route, calls) in Reports::routes(report) {
                let cells = [
                    Cell::new(name),
                    Cell::foreign(&route),
                    Cell::new(number::count(calls)),
                    Cell::default(),
                ];
                table.row(cells.into(), calls);
                // The name stands in the first of its rows.
                name = "";
            }
        }
        page.whole(&table)
    }
}

fn as_json(figures: &[Figure]) -> anyhow::Result<()> {
    let mut out = terminal::stdout();
    serde_json::to_writer_pretty(&mut out, figures)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

fn as_lines(figures: &[Figure]) -> anyhow::Result<()> {
    let mut out = terminal::stdout();
    for Figure { figure, expected, found, ok } in figures {
        if *ok {
            writeln!(out, "ok   {figure}: {found}")?;
        } else {
            writeln!(out, "OFF  {figure}: the story says {expected}, the report {found}")?;
        }
    }
    Ok(out.flush()?)
}

fn all_hold(figures: &[Figure]) -> anyhow::Result<Exit> {
    let off: Vec<_> =
        figures.iter().filter(|figure| !figure.ok).map(|figure| figure.figure.as_str()).collect();
    anyhow::ensure!(off.is_empty(), "figures of the story are off: {}", off.join("; "));
    Ok(Exit::Done)
}
