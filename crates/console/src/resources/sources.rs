use axum::Json;
use axum::extract::State;
use dolmen_model::Time;
use dolmen_store::{Alert, SourceStatus, Store};
use dolmen_watch::{Heard, Plan};
use serde::Serialize;
use utoipa::ToSchema;

use super::alerts::now;
use crate::app::{Console, SourceReading, SourceTraffic};
use crate::facts::Facts;
use crate::problem::Problem;

/// Where lines came from, and when.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sources {
    sources: Vec<SourceRow>,
}

#[derive(Serialize, ToSchema)]
struct SourceRow {
    source: String,
    /// `file`, `tcp`, `syslog`, `http` or `bus`; `null` where the configuration has no such source
    /// (any more).
    kind: Option<String>,
    /// What its lines were: `calls`, `marks` or `unread`.
    holds: String,
    lines: u64,
    /// The hour of the first line.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<Time>,
    /// The end of the hour of the last line.
    #[schema(value_type = Option<String>, format = DateTime)]
    to: Option<Time>,
    gaps: Vec<GapRow>,
    /// When lines of it were last read while this server ran; `null` where none were.
    #[schema(value_type = Option<String>, format = DateTime)]
    heard: Option<Time>,
    /// Since when it has been silent, where that is unusual for it: what the watch tells of, to the
    /// minute where it knows that, else the end of the hour.
    #[schema(value_type = Option<String>, format = DateTime)]
    silent_since: Option<Time>,
    /// Files that its paths lead to; `null` where it reads none.
    files: Option<u64>,
    /// What keeps lines of it from being read, in English: a file that is missing, may not be opened,
    /// or has no format that is known; wildcards that fit no file; a kind that is not built in. Of
    /// several rows of one source the first has it.
    problem: Option<String>,
    /// Since when it does, as far as this server knows.
    #[schema(value_type = Option<String>, format = DateTime)]
    problem_since: Option<Time>,
    /// What came over the network; `null` where it does not listen. Of several rows of one source the
    /// first has it.
    network: Option<NetworkRow>,
}

/// What came over the network to a source since this server started.
#[derive(Serialize, ToSchema)]
struct NetworkRow {
    /// Senders that are connected now.
    connections: u64,
    /// Lines that were taken.
    lines: u64,
    /// Every reason, and how often it refused a connection, a request or a line.
    refused: Vec<RefusedRow>,
    /// Bytes of the spool on the disk.
    spool_bytes: u64,
    /// Bytes that the spool may have.
    max_spool_bytes: u64,
}

#[derive(Serialize, ToSchema)]
struct RefusedRow {
    /// `network`, `token`, `tls`, `line`, `body`, `memory`, `connections`, `spool` or `disk`.
    reason: String,
    count: u64,
}

/// A stretch of unusual silence.
#[derive(Serialize, ToSchema)]
struct GapRow {
    #[schema(value_type = String, format = DateTime)]
    from: Time,
    #[schema(value_type = String, format = DateTime)]
    to: Time,
}

/// Where lines came from, when, and where nothing came although it should have.
#[utoipa::path(get, path = "/sources", responses((status = OK, body = Sources)))]
pub(crate) async fn sources(State(console): State<Console>) -> Result<Json<Sources>, Problem> {
    let (traffic, heard) = (console.traffic().await, console.heard());
    let readings = console.readings();
    console
        .ask(move |store, facts| {
            let mut rows = Vec::new();
            let (known, sources) = (store.alerts()?, store.status()?.sources);
            let silent = silent(store, facts, heard.clone(), &sources, &known)?;
            for (status, silent_since) in sources.into_iter().zip(silent) {
                let declared = facts.sources.iter().find(|one| one.name == status.source);
                let gap = |gap: &dolmen_store::Gap| GapRow { from: gap.from, to: gap.to };
                rows.push(SourceRow {
                    kind: declared.map(|declared| declared.kind.clone()),
                    heard: heard.as_ref().and_then(|heard| heard.last(&status.source)),
                    gaps: status.gaps.iter().map(gap).collect(),
                    source: status.source,
                    holds: status.kind,
                    lines: status.lines,
                    from: status.from,
                    to: status.to,
                    silent_since,
                    files: None,
                    problem: None,
                    problem_since: None,
                    network: None,
                });
            }
            // One that never spoke is the first to look at.
            for declared in &facts.sources {
                if !rows.iter().any(|row| row.source == declared.name) {
                    rows.push(SourceRow {
                        source: declared.name.clone(),
                        kind: Some(declared.kind.clone()),
                        holds: declared.holds.clone(),
                        lines: 0,
                        from: None,
                        to: None,
                        gaps: Vec::new(),
                        heard: None,
                        silent_since: None,
                        files: None,
                        problem: None,
                        problem_since: None,
                        network: None,
                    });
                }
            }
            for one in traffic {
                if let Some(row) = rows.iter_mut().find(|row| row.source == one.source) {
                    row.network = Some(one.into());
                }
            }
            for SourceReading { source, files, problem } in readings {
                if let Some(row) = rows.iter_mut().find(|row| row.source == source) {
                    row.files = files;
                    (row.problem, row.problem_since) = problem.unzip();
                }
            }
            Ok(Json(Sources { sources: rows }))
        })
        .await
}

/// Since when each of these sources is silent, where that is unusual, as the watch sees it.
pub(super) fn silent(
    store: &dyn Store,
    facts: &Facts,
    heard: Option<Heard>,
    sources: &[SourceStatus],
    known: &[Alert],
) -> Result<Vec<Option<Time>>, Problem> {
    // Where nobody watches nobody is missed.
    let Some(since) = store.watched()? else { return Ok(vec![None; sources.len()]) };
    let plan = Plan { heard, ..facts.plan.clone() };
    Ok(dolmen_watch::silences(sources, &plan, known, since, now()))
}

impl From<SourceTraffic> for NetworkRow {
    fn from(traffic: SourceTraffic) -> Self {
        let refused = traffic.refused.into_iter();
        Self {
            connections: traffic.connections,
            lines: traffic.lines,
            refused: refused
                .map(|(reason, count)| RefusedRow { reason: reason.to_owned(), count })
                .collect(),
            spool_bytes: traffic.spool,
            max_spool_bytes: traffic.max_spool,
        }
    }
}
