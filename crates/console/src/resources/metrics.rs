//! Figures for Prometheus, in its text format 0.0.4.

use std::fmt::Write;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use dolmen_model::Time;
use dolmen_store::{Alert, Status};
use dolmen_watch::Kind;

use super::alerts::now;
use super::sources::silent;
use crate::app::{Console, SourceReading, SourceTraffic};
use crate::problem::Problem;

pub(crate) async fn metrics(State(console): State<Console>) -> Result<Response, Problem> {
    let heard = console.heard();
    let (status, silent, alerts) = console
        .ask(move |store, facts| {
            let (status, alerts) = (store.status()?, store.alerts()?);
            let silent = silent(store, facts, heard, &status.sources, &alerts)?;
            Ok((status, silent, alerts))
        })
        .await?;
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    let traffic = console.traffic().await;
    let mut text = text(&status, &silent, &alerts, &traffic);
    text.push_str(&reading(&console.readings()));
    Ok((kind, text).into_response())
}

/// `silent` says of each source since when it is unusually silent.
fn text(
    status: &Status,
    silent: &[Option<Time>],
    alerts: &[Alert],
    traffic: &[SourceTraffic],
) -> String {
    let mut out = Metrics::default();
    out.family("dolmen_build_info", "gauge", "The version of this program.");
    out.sample("dolmen_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    out.family("dolmen_store_commits_total", "counter", "Commits to the store.");
    out.sample("dolmen_store_commits_total", &[], status.commits);
    out.family("dolmen_store_catalog_bytes", "gauge", "Size of the catalog.");
    out.sample("dolmen_store_catalog_bytes", &[], status.catalog_bytes);
    out.family("dolmen_store_segment_bytes", "gauge", "Size of the segments on disk.");
    for segments in &status.segments {
        out.sample("dolmen_store_segment_bytes", &[("kind", segments.kind)], segments.bytes);
    }
    out.family("dolmen_store_rows", "gauge", "Rows in the segments.");
    for segments in &status.segments {
        out.sample("dolmen_store_rows", &[("kind", segments.kind)], segments.rows);
    }
    out.family("dolmen_store_waiting_marks", "gauge", "Marks whose call has not come.");
    out.sample("dolmen_store_waiting_marks", &[], status.waiting_marks);
    out.family("dolmen_source_lines_total", "counter", "Lines read.");
    for source in &status.sources {
        let labels = [("source", source.source.as_str()), ("kind", source.kind.as_str())];
        out.sample("dolmen_source_lines_total", &labels, source.lines);
    }
    out.family("dolmen_source_last_seconds", "gauge", "End of the last hour with a line.");
    for source in &status.sources {
        if let Some(to) = source.to {
            let labels = [("source", source.source.as_str()), ("kind", source.kind.as_str())];
            out.sample("dolmen_source_last_seconds", &labels, to.seconds().max(0).unsigned_abs());
        }
    }
    let help = "Whether it is silent, and that is unusual for it.";
    out.family("dolmen_source_silent", "gauge", help);
    for (source, silent) in status.sources.iter().zip(silent) {
        let labels = [("source", source.source.as_str()), ("kind", source.kind.as_str())];
        out.sample("dolmen_source_silent", &labels, u64::from(silent.is_some()));
    }
    let now = now();
    out.family("dolmen_alerts_open", "gauge", "Alerts that nobody answered or muted.");
    for kind in Kind::ALL.map(Kind::name) {
        let is_open = |alert: &&Alert| alert.kind == kind && dolmen_watch::is_open(alert, now);
        let open = alerts.iter().filter(is_open).count();
        out.sample("dolmen_alerts_open", &[("kind", kind)], open as u64);
    }
    let help = "What is still to be sent of alerts, to somebody outside.";
    out.family("dolmen_notices_pending", "gauge", help);
    out.sample("dolmen_notices_pending", &[], status.pending_notices);
    network(traffic, &mut out);
    out.text
}

/// How it stands with reading sources.
fn reading(readings: &[SourceReading]) -> String {
    let mut out = Metrics::default();
    out.family("dolmen_source_files", "gauge", "Files that the paths of a source lead to.");
    for one in readings {
        if let Some(files) = one.files {
            out.sample("dolmen_source_files", &[("source", one.source.as_str())], files);
        }
    }
    let help = "Whether something keeps lines of a source from being read.";
    out.family("dolmen_source_problem", "gauge", help);
    for one in readings {
        let value = u64::from(one.problem.is_some());
        out.sample("dolmen_source_problem", &[("source", one.source.as_str())], value);
    }
    out.text
}

fn network(traffic: &[SourceTraffic], out: &mut Metrics) {
    let mut family = |name, kind, help, value: fn(&SourceTraffic) -> u64| {
        out.family(name, kind, help);
        for one in traffic {
            out.sample(name, &[("source", one.source.as_str())], value(one));
        }
    };
    let senders = "Senders that are connected.";
    family("dolmen_source_connections", "gauge", senders, |one| one.connections);
    let lines = "Lines taken from the network.";
    family("dolmen_source_received_lines_total", "counter", lines, |one| one.lines);
    family("dolmen_spool_bytes", "gauge", "Bytes of the spool on the disk.", |one| one.spool);
    let most = "Bytes that the spool may have.";
    family("dolmen_spool_limit_bytes", "gauge", most, |one| one.max_spool);
    let name = "dolmen_source_refused_total";
    out.family(name, "counter", "Connections, requests and lines that were refused.");
    for one in traffic {
        for (reason, count) in &one.refused {
            out.sample(name, &[("source", one.source.as_str()), ("reason", reason)], *count);
        }
    }
}

#[derive(Default)]
struct Metrics {
    text: String,
}

impl Metrics {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a text cannot fail.
        _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        _ = match labels.is_empty() {
            true => writeln!(self.text, "{name} {value}"),
            false => writeln!(self.text, "{name}{{{}}} {value}", labels.join(",")),
        };
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut out = Metrics::default();
        out.sample("m", &[("source", "a\"b\\c\nd")], 3);
        assert_eq!(out.text, "m{source=\"a\\\"b\\\\c\\nd\"} 3\n");
    }
}
