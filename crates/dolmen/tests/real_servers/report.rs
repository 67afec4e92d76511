//! What `dolmen report` says, and what it should say of what was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::server::{Kind, scratch};
use crate::traffic::Done;

/// A name as JSON has it.
type Name = Option<String>;

/// The figures of a report that follow from what was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// `calls`, `joined` and the other counts.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// By operation and service.
    pub(crate) operations: BTreeMap<(Name, Name), u64>,
    pub(crate) actors: BTreeMap<Name, u64>,
    pub(crate) services: BTreeMap<Name, u64>,
    /// By service, method and path template.
    pub(crate) endpoints: BTreeMap<(Name, Name, Name), u64>,
    /// By address and user agent: calls, and the operations they entered.
    pub(crate) unknown_callers: BTreeMap<(Name, Name), (u64, BTreeSet<String>)>,
    /// By operation and service.
    pub(crate) mark_only_operations: BTreeMap<(Name, Name), u64>,
}

const COUNTS: [&str; 11] = [
    "calls",
    "marks",
    "joined",
    "call_only",
    "mark_only",
    "no_id",
    "unparsed",
    "bypassed",
    "repeated_ids",
    "overused_ids",
    "disagreements",
];

/// Who is who in a configuration, or nobody where there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Whose calls the first proxy answers by itself.
    pub(crate) front: Option<&'static str>,
    /// Who answers all others.
    pub(crate) service: Option<&'static str>,
    /// The first bytes of a user agent, and whose it is.
    pub(crate) actors: &'static [(&'static [u8], &'static str)],
}

impl Rules {
    pub(crate) const NONE: Self = Self { front: None, service: None, actors: &[] };

    fn actor(&self, user_agent: &[u8]) -> Name {
        let rule = self.actors.iter().find(|(start, _)| user_agent.starts_with(start));
        rule.map(|(_, actor)| (*actor).to_owned())
    }
}

impl Figures {
    /// Of calls that came through a proxy that makes ids.
    pub(crate) fn expected(done: &[Done], rules: &Rules) -> Self {
        let mut figures = Self { counts: COUNTS.map(|name| (name, 0)).into(), ..Self::default() };
        let mut ids = BTreeMap::<_, u64>::new();
        for Done { request, id } in done {
            let service = match request.is_refused_by_the_proxy() {
                true => rules.front,
                false => rules.service,
            };
            let service: Name = service.map(str::to_owned);
            let marks = request.operations.len() as u64;
            figures.add("calls", 1);
            figures.add("marks", marks);
            figures.add(if marks > 0 { "joined" } else { "call_only" }, 1);
            *figures.services.entry(service.clone()).or_default() += 1;
            let actor = rules.actor(request.user_agent);
            *figures.actors.entry(actor.clone()).or_default() += 1;
            let method = request.method.map(str::to_owned);
            let endpoint = request.endpoint.map(str::to_owned);
            *figures.endpoints.entry((service.clone(), method, endpoint)).or_default() += 1;
            for operation in names(&request.operations) {
                *figures.operations.entry((operation, service.clone())).or_default() += 1;
            }
            if actor.is_none() {
                let agent = String::from_utf8_lossy(request.user_agent).into_owned();
                let agent = Some(agent).filter(|agent| !agent.is_empty());
                let caller = (Some("127.0.0.1".to_owned()), agent);
                let (calls, entered) = figures.unknown_callers.entry(caller).or_default();
                *calls += 1;
                entered.extend(request.operations.iter().map(|&name| name.to_owned()));
            }
            if let Some(id) = id {
                *ids.entry(id).or_default() += 1;
            }
        }
        figures.add("repeated_ids", ids.values().filter(|&&calls| calls > 1).count() as u64);
        figures
    }

    /// Adds to one of the counts.
    pub(crate) fn add(&mut self, name: &'static str, n: u64) {
        *self.counts.entry(name).or_default() += n;
    }

    /// Of a report that was printed as JSON.
    pub(crate) fn of(report: &Value) -> Self {
        let number = |value: &Value| value.as_u64().unwrap_or_else(|| panic!("{value}"));
        let rows = |table: &str| report[table].as_array().unwrap().clone();
        let text = |row: &Value, key: &str| match &row[key] {
            Value::Null => None,
            value => Some(value.as_str().unwrap().to_owned()),
        };
        let by_one = |table: &str, key: &str| {
            rows(table).iter().map(|row| (text(row, key), number(&row["calls"]))).collect()
        };
        let by_service = |table: &str, counted: &str| {
            let key = |row: &Value| (text(row, "operation"), text(row, "service"));
            rows(table).iter().map(|row| (key(row), number(&row[counted]))).collect()
        };
        let endpoints = rows("endpoints").into_iter().map(|row| {
            let key = (text(&row, "service"), text(&row, "method"), text(&row, "endpoint"));
            (key, number(&row["calls"]))
        });
        let unknown_callers = rows("unknown_callers").into_iter().map(|row| {
            let operations = row["operations"].as_array().unwrap().iter();
            let operations = operations.map(|name| name.as_str().unwrap().to_owned()).collect();
            let caller = (text(&row, "address"), text(&row, "user_agent"));
            (caller, (number(&row["calls"]), operations))
        });
        Self {
            counts: COUNTS.map(|name| (name, number(&report[name]))).into(),
            operations: by_service("operations", "calls"),
            actors: by_one("actors", "actor"),
            services: by_one("services", "service"),
            endpoints: endpoints.collect(),
            unknown_callers: unknown_callers.collect(),
            mark_only_operations: by_service("mark_only_operations", "marks"),
        }
    }
}

/// The operations of a call; the one without a name where it entered none.
fn names(operations: &[&str]) -> Vec<Name> {
    match operations {
        [] => vec![None],
        several => several.iter().map(|&name| Some(name.to_owned())).collect(),
    }
}

/// Runs dolmen in a folder where no configuration lies about.
fn dolmen(args: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    let dir = scratch();
    let mut command = Command::new(env!("CARGO_BIN_EXE_dolmen"));
    command.current_dir(dir.path()).env_remove("DOLMEN_CONFIG").args(args);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "dolmen failed: {said}");
    output
}

/// `dolmen proxy KIND …`.
pub(crate) fn configuration(kind: Kind, args: &[&str]) -> String {
    let mut all: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&"proxy"];
    let word = kind.word();
    all.push(&word);
    all.extend(args.iter().map(|arg| arg as &dyn AsRef<std::ffi::OsStr>));
    String::from_utf8(dolmen(&all).stdout).unwrap()
}

/// `dolmen report LOG --marks MARKS --json`, without any configuration.
pub(crate) fn of_files(log: &Path, marks: &Path) -> Value {
    let output = dolmen(&[&"report", &log, &"--marks", &marks, &"--json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `dolmen report --config CONFIG --json`: the sources that the configuration names.
pub(crate) fn of_sources(config: &Path) -> Value {
    let output = dolmen(&[&"report", &"--config", &config, &"--json"]);
    serde_json::from_slice(&output.stdout).unwrap()
}
