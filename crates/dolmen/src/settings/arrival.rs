//! Sources that arrive over the network: who may send, how, and how much.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use dolmen_collect::{Limits, TlsFiles};
use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

use super::document::Document;
use super::file::{SourceKind, SourceSection};
use super::problem::Problem;
use super::size::Size;
use super::source::beside;

/// How lines arrive that no file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) kind: SourceKind,
    /// Where it listens; `None` for what comes from the bus.
    pub(crate) listen: Option<SocketAddr>,
    /// Who may send; empty: everybody.
    pub(crate) allow: Vec<IpNet>,
    /// What an HTTP sender must know.
    pub(crate) token: Option<String>,
    /// Its certificate; `None`: it speaks plain text.
    pub(crate) tls: Option<TlsFiles>,
    pub(crate) limits: Limits,
    /// Bytes that may wait until they are read.
    pub(crate) max_spool: u64,
}

/// `tls = { ... }` of a source.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsSection {
    certificate: String,
    key: String,
    #[serde(default)]
    clients: Option<String>,
}

/// A line of a log is far shorter; what is longer no format reads.
const MAX_LINE: Size = Size(16 << 20);
const MAX_BODY: Size = Size(64 << 20);
/// An hour of a busy proxy.
const MAX_SPOOL: Size = Size(1 << 30);
const MAX_CONNECTIONS: u32 = 1_024;

impl Arrival {
    /// Of a source that could not be read, or listens nowhere.
    pub(super) fn nowhere(kind: SourceKind) -> Self {
        let limits = Limits {
            line: MAX_LINE.0 as usize,
            body: MAX_BODY.0 as usize,
            connections: MAX_CONNECTIONS as usize,
        };
        Self {
            kind,
            listen: None,
            allow: Vec::new(),
            token: None,
            tls: None,
            limits,
            max_spool: MAX_SPOOL.0,
        }
    }
}

/// What a source says of its network, checked.
pub(super) fn read(
    document: &Document<'_>,
    section: &SourceSection,
    kind: SourceKind,
    problems: &mut Vec<Problem>,
) -> Arrival {
    let allow = allow(document, section, problems);
    if let (Some(token), true) = (&section.token, kind != SourceKind::Http) {
        let message = "only a source of the kind \"http\" has a token: say with `allow`, or with `clients` in \
             `tls`, who may send";
        problems.push(document.problem(token.span(), message));
    }
    let limits = limits(document, section, kind, problems);
    Arrival {
        listen: section.listen.as_ref().and_then(|listen| listen.get_ref().parse().ok()),
        allow,
        token: section.token.as_ref().map(|token| token.get_ref().clone()),
        tls: section.tls.as_ref().map(|tls| {
            let TlsSection { certificate, key, clients } = tls.get_ref();
            TlsFiles {
                certificate: beside(document, certificate),
                key: beside(document, key),
                clients: clients.as_ref().map(|clients| beside(document, clients)),
            }
        }),
        limits,
        max_spool: section.max_spool.as_ref().map_or(MAX_SPOOL, |size| *size.get_ref()).0,
        ..Arrival::nowhere(kind)
    }
}

fn allow(
    document: &Document<'_>,
    section: &SourceSection,
    problems: &mut Vec<Problem>,
) -> Vec<IpNet> {
    let mut allow = Vec::new();
    let Some(networks) = &section.allow else { return allow };
    for text in &networks.get_ref().0 {
        match text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
            Ok(network) => allow.push(network),
            Err(_) => {
                let message =
                    format!("`{text}` is no address and no network: write 10.0.0.7 or 10.0.0.0/8");
                problems.push(document.problem(networks.span(), message));
            }
        }
    }
    allow
}

fn limits(
    document: &Document<'_>,
    section: &SourceSection,
    kind: SourceKind,
    problems: &mut Vec<Problem>,
) -> Limits {
    let mut within = |key: &str, size: &Option<Spanned<Size>>, least: u64, most: u64, usual| {
        let Some(size) = size else { return usual };
        let bytes = size.get_ref().0;
        if !(least..=most).contains(&bytes) {
            let (least, most) = (Size(least), Size(most));
            let message = format!("`{key}` is at least {least} and at most {most}");
            problems.push(document.problem(size.span(), message));
        }
        Size(bytes)
    };
    let line = within("max_line", &section.max_line, 1 << 10, 256 << 20, MAX_LINE);
    let body = within("max_body", &section.max_body, 1 << 10, 1 << 30, MAX_BODY);
    let spool = within("max_spool", &section.max_spool, 4 << 20, 1 << 50, MAX_SPOOL);
    let connections = section.max_connections.as_ref().map_or(MAX_CONNECTIONS, |most| {
        let connections = *most.get_ref();
        if !(1..=65_536).contains(&connections) {
            let message = "`max_connections` is at least 1 and at most 65536";
            problems.push(document.problem(most.span(), message));
        }
        connections
    });
    if let (Some(body), true) = (&section.max_body, kind != SourceKind::Http) {
        let message = "only a source of the kind \"http\" gets bodies: `max_line` is for lines";
        problems.push(document.problem(body.span(), message));
    }
    // Files of the spool are removed whole, so what comes at once has to be small beside it.
    let (key, at_once) = match kind {
        SourceKind::Http => ("max_body", body),
        _ => ("max_line", line),
    };
    let spans = [&section.max_spool, &section.max_body, &section.max_line];
    let written = spans.into_iter().flatten().map(Spanned::span).next();
    if let (Some(at), true) = (written, spool.0 < 4 * at_once.0) {
        let message = format!(
            "`max_spool` is at least four times `{key}`: {spool} is less than four times {at_once}"
        );
        problems.push(document.problem(at, message));
    }
    let bytes = |size: Size| usize::try_from(size.0).unwrap_or(usize::MAX);
    Limits { line: bytes(line), body: bytes(body), connections: connections as usize }
}

/// Keys that only a source that listens has, where it says them.
pub(super) fn keys_of_the_network(
    section: &SourceSection,
) -> impl Iterator<Item = (&'static str, Range<usize>)> {
    let keys = [
        ("listen", section.listen.as_ref().map(Spanned::span)),
        ("token", section.token.as_ref().map(Spanned::span)),
        ("allow", section.allow.as_ref().map(Spanned::span)),
        ("tls", section.tls.as_ref().map(Spanned::span)),
        ("max_line", section.max_line.as_ref().map(Spanned::span)),
        ("max_body", section.max_body.as_ref().map(Spanned::span)),
        ("max_connections", section.max_connections.as_ref().map(Spanned::span)),
        ("max_spool", section.max_spool.as_ref().map(Spanned::span)),
    ];
    keys.into_iter().filter_map(|(key, at)| Some((key, at?)))
}
