//! The story's figures, and what the reports say of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context, Result};
use dolmen_collect::Window;
use dolmen_cubes::Report;
use dolmen_model::Time;
use serde::Serialize;

use super::Story;
use super::ask::{Ask, Route};
use super::cast::{Actor, KNOWN, OPPOSITION_HOST, Operation, SCRIPTS, Service, VIREMENT_HOST};
use super::moves::retired_on;
use super::plan::End;
use super::rhythm::bank_zone;
use super::tally::Tally;

/// The reports that the story is told with.
#[derive(Debug)]
pub(crate) struct Reports {
    /// The monolith's own access log, with one rule.
    pub(crate) first: Report,
    /// Joined.
    pub(crate) joined: Report,
    /// Joined, operation by operation.
    pub(crate) by_operation: Vec<(Operation, Report)>,
    /// Joined, with three actors.
    pub(crate) three_actors: Report,
    /// Joined, with five actors, on the days when the scripts say who they are.
    pub(crate) five_actors: Report,
}

/// Asks for the calls of the years after that should not have been: external transfers on the
/// monolith once they had moved, and whatever came when it was gone.
pub(crate) fn late_calls(
    story: &Story,
    answer: impl FnOnce(Question<'_>) -> Result<Report>,
) -> Result<Report> {
    let retired = retired_on(Service::ExternalTransfers)?.context("they never moved")?;
    let from = retired.to_zoned(bank_zone()?)?.timestamp();
    answer(Question {
        configuration: &story.configurations.months,
        query: "service:monolith and (operation:\"external transfer\" or status:410)".to_owned(),
        window: Window { from: Time::from_micros(from.as_microsecond()), to: Time::MAX },
    })
}

/// One question to the pipeline.
#[derive(Debug)]
pub(crate) struct Question<'s> {
    /// The configuration that names logs and rules.
    pub(crate) configuration: &'s std::path::Path,
    /// As after `--where`; empty for all calls.
    pub(crate) query: String,
    /// The instants it is about.
    pub(crate) window: Window,
}

/// One figure: what the story says, and what the reports say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Figure {
    /// What it is a figure of.
    pub(crate) figure: String,
    /// The story's.
    pub(crate) expected: String,
    /// The report's.
    pub(crate) found: String,
    /// Whether they are the same.
    pub(crate) ok: bool,
}

impl Figure {
    pub(crate) fn new(
        figure: impl Into<String>,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self { figure: figure.into(), ok: expected == found, expected, found }
    }
}

impl Reports {
    /// Asks for all of them.
    pub(crate) fn ask(
        story: &Story,
        mut answer: impl FnMut(Question<'_>) -> Result<Report>,
    ) -> Result<Self> {
        let configurations = &story.configurations;
        let mut all =
            |configuration, query| answer(Question { configuration, query, window: Window::ALL });
        let mut by_operation = Vec::new();
        for operation in Operation::ALL {
            let query = format!("operation:\"{}\"", operation.name());
            by_operation.push((operation, all(&configurations.joined, query)?));
        }
        Ok(Self {
            first: all(&configurations.first, String::new())?,
            joined: all(&configurations.joined, String::new())?,
            by_operation,
            three_actors: all(&configurations.three_actors, String::new())?,
            five_actors: all(&configurations.five_actors, String::new())?,
        })
    }

    /// The routes that lead to an operation, as a report of its calls shows them.
    pub(crate) fn routes(report: &Report) -> impl Iterator<Item = (String, u64)> {
        report.endpoints.iter().map(|row| {
            let words = [row.method.as_deref(), row.endpoint.as_deref()];
            (words.into_iter().flatten().collect::<Vec<_>>().join(" "), row.calls)
        })
    }
}

/// All figures of the story.
pub(crate) fn figures(story: &Story, reports: &Reports, late: &Report) -> Vec<Figure> {
    let mut figures = observe(story, reports);
    figures.extend(routes(story, reports));
    figures.extend(actors(story, reports));
    figures.extend(late_figures(story, late));
    figures
}

fn observe(story: &Story, reports: &Reports) -> Vec<Figure> {
    let tally = &story.observe.tally;
    let (first, joined) = (&reports.first, &reports.joined);
    let own = tally.calls(|deed| deed.end.is_past_the_proxy());
    vec![
        Figure::new("calls in the monolith's own log", own, first.calls),
        Figure::new("operations it shows", "external transfer", operations(first)),
        Figure::new("calls at the proxy", 50_000, joined.calls),
        Figure::new("marks", tally.marks(), joined.marks),
        Figure::new(
            "calls with a mark",
            tally.calls(|deed| !deed.marked().is_empty()),
            joined.joined,
        ),
        Figure::new("marks without a call", 0, joined.mark_only),
        Figure::new("calls without an id", 0, joined.no_id),
        Figure::new("lines that no format reads", 0, first.unparsed + joined.unparsed),
        Figure::new(
            "operations after the join",
            "balance and movements, card block, card ceiling, external transfer, internal transfer",
            operations(joined),
        ),
    ]
}

/// The names of a report's operations.
fn operations(report: &Report) -> String {
    let names = report.operations.iter().filter_map(|row| row.operation.as_deref());
    list(names.collect::<BTreeSet<_>>())
}

fn routes(story: &Story, reports: &Reports) -> Vec<Figure> {
    let tally = &story.observe.tally;
    let mut figures = Vec::new();
    let mut leads_to: BTreeMap<String, u64> = BTreeMap::new();
    let mut styles = BTreeSet::new();
    for (operation, report) in &reports.by_operation {
        let shown: BTreeMap<_, _> = Reports::routes(report).collect();
        for route in shown.keys() {
            *leads_to.entry(route.clone()).or_default() += 1;
        }
        let deeds = tally.deeds().map(|(deed, _)| deed);
        let here = deeds.filter(|deed| deed.ask.operations().contains(operation));
        let seen = here.filter(|deed| shown.contains_key(&text(&deed.route())));
        styles.extend(seen.filter_map(|deed| deed.ask.interface()));
        let written = tally.routes(*operation);
        figures.push(Figure::new(
            format!("routes to {}", operation.name()),
            counted(written.iter().map(|(route, calls)| (text(route), *calls)).collect()),
            counted(shown),
        ));
    }
    let several = leads_to.into_iter().filter(|&(_, operations)| operations > 1);
    figures.push(Figure::new(
        "routes that lead to several operations",
        "POST /api/operations (2), POST /services/BanqueService (3)",
        counted(several.collect()),
    ));
    figures.push(Figure::new("styles of interface", 4, styles.len()));
    figures
}

fn actors(story: &Story, reports: &Reports) -> Vec<Figure> {
    let written = |tally: &Tally, actors: &[Actor]| {
        let calls = |actor: Actor| tally.calls(|deed| deed.actor == actor);
        counted(actors.iter().map(|&actor| (actor.name().to_owned(), calls(actor))).collect())
    };
    let (three, five) = (&reports.three_actors, &reports.five_actors);
    let machines = three.unknown_callers.iter().filter_map(|row| row.address.clone());
    let work = |host: std::net::Ipv4Addr| {
        let rows = three.unknown_callers.iter();
        let here = rows.filter(|row| row.address.as_deref() == Some(&host.to_string()));
        list(here.flat_map(|row| row.operations.iter().map(String::as_str)).collect())
    };
    vec![
        Figure::new("three actors", written(&story.observe.tally, &KNOWN), named_actors(three)),
        Figure::new("unknown with three actors", "10500 of 50000 (21.0 %)", unknown_share(three)),
        Figure::new(
            "unknown machines",
            list(BTreeSet::from([&*OPPOSITION_HOST.to_string(), &*VIREMENT_HOST.to_string()])),
            list(machines.collect::<BTreeSet<_>>().iter().map(|machine| &**machine).collect()),
        ),
        Figure::new("what the first enters", "card block", work(OPPOSITION_HOST)),
        Figure::new(
            "what the second enters",
            "external transfer, internal transfer",
            work(VIREMENT_HOST),
        ),
        Figure::new(
            "five actors",
            written(&story.named.tally, &[&KNOWN[..], &SCRIPTS].concat()),
            named_actors(five),
        ),
        Figure::new("unknown with five actors", "0 of 50000 (0.0 %)", unknown_share(five)),
    ]
}

fn named_actors(report: &Report) -> String {
    let rows = report.actors.iter();
    counted(rows.filter_map(|row| Some((row.actor.clone()?, row.calls))).collect())
}

fn unknown_share(report: &Report) -> String {
    let unknown = report.actors.iter().filter(|row| row.actor.is_none()).map(|row| row.calls);
    let (unknown, calls) = (unknown.sum::<u64>(), report.calls);
    let tenths = unknown * 1_000 / calls.max(1);
    format!("{unknown} of {calls} ({}.{} %)", tenths / 10, tenths % 10)
}

fn late_figures(story: &Story, late: &Report) -> Vec<Figure> {
    let gone = story.months.tally.deeds().filter(|(deed, _)| deed.end == End::Gone);
    let mut written: BTreeMap<_, _> =
        gone.map(|(deed, calls)| (text(&deed.route()), calls)).collect();
    // The call of the first of June.
    written.insert(text(&Ask::CountByQuery.route(Service::Monolith)), 1);
    let callers = late.unknown_callers.iter().map(|row| {
        let text = |text: &Option<Arc<str>>| text.as_deref().unwrap_or("none").to_owned();
        format!("{} ({})", text(&row.address), text(&row.user_agent))
    });
    vec![
        Figure::new(
            "calls of later years that should not have been",
            counted(written),
            counted(Reports::routes(late).collect()),
        ),
        Figure::new(
            "by whom, where nobody knew",
            "10.1.9.63 (Python-urllib/3.9)",
            callers.collect::<Vec<_>>().join(", "),
        ),
    ]
}

fn text(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

fn list(names: BTreeSet<&str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn counted(rows: BTreeMap<String, u64>) -> String {
    let rows: Vec<_> = rows.iter().map(|(name, count)| format!("{name} ({count})")).collect();
    if rows.is_empty() { "none".to_owned() } else { rows.join(", ") }
}
