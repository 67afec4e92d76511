//! The `dolmen.toml` of each step, written as a person would write it.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::Configurations;
use super::ask::Ask;
use super::cast::{Actor, KNOWN, Operation, SCRIPTS, Scripts, Service};
use super::logs::{Chapter, failed};
use super::moves::retired_on;

const PROXY_FORMAT: &str =
    r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o" %D"#;

/// The story plays years ago, and its lines shall be there all the same.
const STORE: &str = "[store]\nkeep = \"forever\"\n";

/// Writes all of them into `dir`.
pub(super) fn write(
    dir: &Path,
    observe: &Chapter,
    named: &Chapter,
    months: &Chapter,
) -> Result<Configurations> {
    let file = |name: &str, title: &str, sections: &[Vec<String>]| {
        let path = dir.join(name);
        let sections = sections.concat().join("\n");
        fs::write(&path, format!("# {title}\n\n{STORE}\n{sections}"))
            .with_context(|| failed(&path))?;
        anyhow::Ok(path)
    };
    let home = Some(Service::Monolith.name());
    let rules = || vec![monolith(""), by_query()];
    let old = || templates(&[Service::Monolith]);
    let own = observe.own.as_deref().map(|own| calls(dir, "monolith", own, "combined", home));
    Ok(Configurations {
        first: file(
            "first.toml",
            "What already lies there: the monolith's own access log, and one rule.",
            &[own.into_iter().collect(), rules()],
        )?,
        joined: file(
            "joined.toml",
            "The proxy gives each request an id; the application says what it entered.",
            &[sources(dir, observe, home), rules(), old()],
        )?,
        three_actors: file(
            "three-actors.toml",
            "The same, and the three actors that everybody knows.",
            &[sources(dir, observe, home), rules(), old(), actors(&KNOWN)],
        )?,
        five_actors: file(
            "five-actors.toml",
            "The same days, had the two scripts said who they are.",
            &[sources(dir, named, home), rules(), old(), actors(&KNOWN), actors(&SCRIPTS)],
        )?,
        months: file(
            "months.toml",
            "The three years after: who answers is told by the path.",
            &[
                sources(dir, months, None),
                services(),
                retired()?,
                templates(&Service::ALL),
                actors(&KNOWN),
                actors(&SCRIPTS),
                vec![VERDICT.to_owned()],
            ],
        )?,
    })
}

/// A log's path in a configuration: relative, so that the folder can be moved.
fn beside(dir: &Path, log: &Path) -> String {
    log.strip_prefix(dir).unwrap_or(log).display().to_string()
}

fn calls(dir: &Path, name: &str, log: &Path, format: &str, service: Option<&str>) -> String {
    let path = beside(dir, log);
    let service = service.map(|name| format!("service = \"{name}\"\n")).unwrap_or_default();
    format!(
        "[[source]]\nname = \"{name}\"\npath = \"{path}\"\nholds = \"calls\"\n\
         format = '{format}'\n{service}"
    )
}

fn sources(dir: &Path, chapter: &Chapter, service: Option<&str>) -> Vec<String> {
    let mut sections = vec![calls(dir, "proxy", &chapter.proxy, PROXY_FORMAT, service)];
    for (service, log) in &chapter.marks {
        let name = service.name().replace(' ', "-");
        let path = beside(dir, log);
        sections.push(format!(
            "[[source]]\nname = \"{name}-app\"\npath = \"{path}\"\nholds = \"marks\"\nformat = \"json\"\n\
             fields = {{ time = \"time\", request_id = \"request_id\", \
             operation = \"operation\", service = \"service\" }}\n"
        ));
    }
    sections
}

fn monolith(conditions: &str) -> String {
    format!("[[service]]\nname = \"monolith\"\nmonolith = true\n{conditions}")
}

fn operation(operation: Operation, conditions: &str) -> String {
    let name = operation.name();
    format!("[[operation]]\nname = \"{name}\"\nservice = \"monolith\"\n{conditions}")
}

/// The bank's clocks, without a need for the system's list of zones.
const VERDICT: &str = "[verdict]\nzone = \"CET-1CEST,M3.5.0,M10.5.0/3\"\n";

const BY_QUERY: &str = "query = { op = \"virementExterne\" }\n";

fn by_query() -> String {
    operation(Operation::ExternalTransfer, BY_QUERY)
}

fn by_path(ask: Ask) -> String {
    let route = ask.route(Service::Monolith);
    format!("method = \"{}\"\npath = \"{}\"\n", route.method, route.path)
}

/// Paths with identifiers in them, by the names that people give these.
fn templates(services: &[Service]) -> Vec<String> {
    let asks = [Ask::Movements, Ask::BlockByPath, Ask::CeilingByBody];
    let mut sections = Vec::new();
    for &service in services {
        let here = asks.iter().filter(|ask| [Service::Monolith, ask.new_home()].contains(&service));
        for route in here.map(|ask| ask.route(service)).filter(|route| route.path.contains('{')) {
            let (method, path) = (route.method, route.path);
            sections.push(format!("[[endpoint]]\nmethod = \"{method}\"\npath = \"{path}\"\n"));
        }
    }
    sections
}

fn actors(actors: &[Actor]) -> Vec<String> {
    let section = |actor: &Actor| {
        let agent = actor.user_agent(Scripts::Named);
        let program = agent.split_once('/').map_or(agent, |(program, _)| program);
        format!("[[actor]]\nname = \"{}\"\nuser_agent = \"{program}/*\"\n", actor.name())
    };
    actors.iter().map(section).collect()
}

fn services() -> Vec<String> {
    let new = Service::ALL.into_iter().filter_map(|service| {
        let prefix = match service {
            Service::Monolith => return None,
            Service::ExternalTransfers => "/virements-externes",
            Service::InternalTransfers => "/virements-internes",
            Service::Cards => "/cartes",
            Service::Accounts => "/comptes",
            Service::Pages => "/pages",
        };
        Some(format!("[[service]]\nname = \"{}\"\npath = \"{prefix}/*\"\n", service.name()))
    });
    // Whatever is left is the monolith's.
    new.chain([monolith("path = \"/*\"\n")]).collect()
}

/// Each operation of the monolith is retired from the day on which its last actor should have left.
fn retired() -> Result<Vec<String>> {
    let mut sections = Vec::new();
    for known in Operation::ALL {
        let (service, mut conditions) = match known {
            Operation::InternalTransfer => (Service::InternalTransfers, String::new()),
            Operation::ExternalTransfer => (Service::ExternalTransfers, BY_QUERY.to_owned()),
            Operation::CardBlock => (Service::Cards, by_path(Ask::BlockByPath)),
            Operation::Balance => (Service::Accounts, by_path(Ask::Movements)),
            Operation::CardCeiling => (Service::Cards, String::new()),
        };
        if let Some(day) = retired_on(service)? {
            let _ = write!(conditions, "retired = \"{day}\"\nmoved_to = \"{}\"\n", service.name());
        }
        sections.push(operation(known, &conditions));
    }
    Ok(sections)
}
