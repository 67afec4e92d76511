use axum::Json;
use axum::extract::State;
use dolmen_model::Time;
use serde::Serialize;
use utoipa::ToSchema;

use super::alerts::now;
use crate::app::Console;
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
    /// Since when it has been silent, where that is unusual for it.
    #[schema(value_type = Option<String>, format = DateTime)]
    silent_since: Option<Time>,
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
    console
        .ask(|store, facts| {
            let now = now();
            let mut rows: Vec<SourceRow> = store
                .status()?
                .sources
                .into_iter()
                .map(|status| SourceRow {
                    silent_since: status.due.filter(|due| *due < now).and(status.to),
                    kind: facts
                        .sources
                        .iter()
                        .find(|declared| declared.name == status.source)
                        .map(|declared| declared.kind.clone()),
                    source: status.source,
                    holds: status.kind,
                    lines: status.lines,
                    from: status.from,
                    to: status.to,
                    gaps: status
                        .gaps
                        .iter()
                        .map(|gap| GapRow { from: gap.from, to: gap.to })
                        .collect(),
                })
                .collect();
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
                        silent_since: None,
                    });
                }
            }
            Ok(Json(Sources { sources: rows }))
        })
        .await
}
