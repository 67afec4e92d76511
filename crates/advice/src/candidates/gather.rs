//! What each unknown caller did.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dolmen_model::Time;
use dolmen_model::query::{Field, Query};
use dolmen_store::{CallQuestion, Store, StoreError, Unreadable};

/// One caller, and what it did.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Visitor {
    /// Its address; empty where the log has none.
    pub address: String,
    /// Its user agent; empty without one.
    pub user_agent: String,
    /// The authenticated user; empty without one.
    pub user: String,
    /// Its calls.
    pub calls: u64,
    /// Calls answered with 404 or 400.
    pub not_found: u64,
    /// Calls for what only scanners ask for, which entered nothing and were refused.
    pub odd: u64,
    /// Calls by operation.
    pub operations: BTreeMap<String, u64>,
    /// Services that answered.
    pub services: BTreeSet<String>,
    /// Calls by endpoint, of the first so many by name.
    pub endpoints: BTreeMap<String, u64>,
    /// The minutes in which it called, sorted; none where there are too many.
    pub minutes: Vec<Time>,
    /// The first call.
    pub first: Option<Time>,
    /// The last call.
    pub last: Option<Time>,
}

/// All callers that no rule names.
pub(super) struct Gathered {
    pub(super) visitors: Vec<Visitor>,
    /// Calls of callers that found no room.
    pub(super) left_out: u64,
    /// Segments that cannot be read.
    pub(super) lacking: Vec<Unreadable>,
}

/// Callers told apart.
const VISITORS: usize = 20_000;
/// Endpoints of one caller that are told apart.
const ENDPOINTS: usize = 64;
/// Minutes kept of one caller: two weeks of every minute.
const MINUTES: usize = 20_160;

const MINUTE: i64 = 60_000_000;

/// What scanners look for: other people's programs, and what should not be served.
const ODD: &[&str] = &[
    ".php",
    ".env",
    ".git/",
    ".aws",
    ".bak",
    ".sql",
    ".asp",
    "wp-",
    "cgi-bin",
    "phpmyadmin",
    "/etc/passwd",
    "..%2f",
    "../",
    "%00",
    "<script",
    "%3cscript",
    "union+select",
    "union%20select",
    "/actuator",
    "/solr/",
    "/hnap1",
    "/boaform",
    "/manager/html",
    "/vendor/phpunit",
    "/owa/",
    "/autodiscover",
    "/.well-known/security",
    "${jndi:",
];

pub(super) fn gather(store: &dyn Store, from: Time, to: Time) -> Result<Gathered, StoreError> {
    let fields = [
        Field::Address,
        Field::UserAgent,
        Field::User,
        Field::Service,
        Field::Operation,
        Field::Endpoint,
        Field::Method,
        Field::Path,
        Field::Status,
    ];
    let query = Query::parse("actor:unknown").unwrap_or_default();
    let question = CallQuestion { from, to, query };
    let mut known: HashMap<(String, String, String), Visitor> = HashMap::new();
    let mut left_out = 0;
    let lacking = store.glimpse(&question, &fields, &mut |call| {
        let text = |field| call.text(field).to_owned();
        let key = (text(Field::Address), text(Field::UserAgent), text(Field::User));
        if known.len() >= VISITORS && !known.contains_key(&key) {
            left_out += 1;
            return;
        }
        let visitor = known.entry(key).or_default();
        visitor.calls += 1;
        visitor.not_found += u64::from(matches!(call.status(), Some(400 | 404)));
        let target = call.text(Field::Path).to_ascii_lowercase();
        let no_http = call.text(Field::Method).is_empty();
        let operations = call.operations();
        // What is there may have any name: a monolith may be written in PHP.
        let is_there = !operations.is_empty() || call.status().is_some_and(is_served);
        let is_odd = no_http || ODD.iter().any(|odd| target.contains(odd));
        visitor.odd += u64::from(is_odd && !is_there);
        for operation in operations {
            *visitor.operations.entry(operation).or_default() += 1;
        }
        visitor.services.extend(call.service());
        *visitor.endpoints.entry(text(Field::Endpoint)).or_default() += 1;
        while visitor.endpoints.len() > ENDPOINTS {
            visitor.endpoints.pop_last();
        }
        let Some(time) = call.time() else { return };
        visitor.first = Some(visitor.first.map_or(time, |first| first.min(time)));
        visitor.last = visitor.last.max(Some(time));
        let minute = time.floor(MINUTE);
        if visitor.minutes.last() != Some(&minute) && visitor.minutes.len() <= MINUTES {
            visitor.minutes.push(minute);
        }
    })?;
    let mut visitors: Vec<Visitor> = known.into_iter().map(named).collect();
    visitors.sort_by(|a, b| {
        let key = |v: &Visitor| (v.address.clone(), v.user_agent.clone(), v.user.clone());
        b.calls.cmp(&a.calls).then_with(|| key(a).cmp(&key(b)))
    });
    Ok(Gathered { visitors, left_out, lacking })
}

/// Whether a call was answered as who asks for what is there is: a redirection for good only sends to
/// another host or to HTTPS, whatever is asked for.
const fn is_served(status: u16) -> bool {
    matches!(status, 200..=299 | 302..=304)
}

fn named(
    ((address, user_agent, user), mut visitor): ((String, String, String), Visitor),
) -> Visitor {
    if visitor.minutes.len() > MINUTES {
        visitor.minutes.clear();
    }
    visitor.minutes.sort_unstable();
    visitor.minutes.dedup();
    Visitor { address, user_agent, user, ..visitor }
}
