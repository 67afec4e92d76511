//! What a configuration declares, as far as the console shows it.

use std::sync::Arc;

use dolmen_model::{Masking, Time};
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

/// What is declared. It may change while the console runs.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Services by name.
    pub services: Vec<String>,
    /// Those that shall be left.
    pub monoliths: Vec<String>,
    /// Those that rules find from calls themselves, whatever source has them.
    pub found_by_rule: Vec<String>,
    /// Actors by name, each once.
    pub actors: Vec<String>,
    /// Operations by name and service.
    pub operations: Vec<DeclaredOperation>,
    /// Where lines come from.
    pub sources: Vec<DeclaredSource>,
    /// The configuration's path; `None` where there is none.
    pub config: Option<String>,
    /// Every setting in effect.
    pub settings: Vec<Setting>,
    /// What is suspicious in the configuration.
    pub warnings: Vec<Warning>,
    /// The store's folder.
    pub store: String,
    /// How operations are judged.
    pub judging: Judging,
    /// What is watched.
    pub plan: dolmen_watch::Plan,
    /// What is hidden of lines.
    pub masking: Arc<Masking>,
}

/// How operations are judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Judging {
    /// The time zone that callers live in: an IANA name, as POSIX writes it, or `local`.
    pub zone: String,
    /// How likely it may be that somebody still calls what is called safe.
    pub alpha: f64,
}

impl Default for Judging {
    fn default() -> Self {
        Self { zone: "local".to_owned(), alpha: dolmen_verdict::ALPHA }
    }
}

impl Judging {
    /// The first instant of a day by the callers' clocks; `None` beyond what a time can hold.
    pub fn start(&self, day: Date) -> Option<Time> {
        let zone = crate::verdicts::zone_of(&self.zone).ok()?;
        let start = day.to_zoned(zone).ok()?.timestamp();
        Some(Time::from_micros(start.as_microsecond()))
    }
}

impl Facts {
    /// The first instant of a day that is declared, by the callers' clocks.
    pub(crate) fn start(&self, day: &str) -> Option<Time> {
        self.judging.start(day.parse().ok()?)
    }

    /// Whether this service is a monolith.
    pub(crate) fn is_monolith(&self, service: Option<&str>) -> bool {
        service.is_some_and(|service| self.monoliths.iter().any(|name| name == service))
    }

    /// What is declared of an operation on a service.
    pub(crate) fn operation(
        &self,
        name: &str,
        service: Option<&str>,
    ) -> Option<&DeclaredOperation> {
        self.operations.iter().find(|declared| declared.is(name, service))
    }
}

/// What is declared of an operation on a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeclaredOperation {
    /// Its name.
    pub operation: String,
    /// The service; `null` where the rules name none.
    pub service: Option<String>,
    /// From this day on, by the clocks of the verdict's zone, calls are residual.
    pub retired: Option<String>,
    /// The service that took it over.
    pub moved_to: Option<String>,
}

impl DeclaredOperation {
    fn is(&self, name: &str, service: Option<&str>) -> bool {
        self.operation == name && (self.service.is_none() || self.service.as_deref() == service)
    }
}

/// How the rules stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RulesState {
    /// Whether the history is being derived by rules that changed: figures of what came before are
    /// those of the older rules until it is done.
    pub deriving: bool,
    /// Calls derived so far.
    pub derived: u64,
    /// Why the configuration on the disk is not in effect; `null` where it is.
    pub problem: Option<String>,
}

/// Where lines come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeclaredSource {
    /// Its name.
    pub name: String,
    /// `file`, `tcp`, `syslog`, `http` or `bus`.
    pub kind: String,
    /// `calls` or `marks`.
    pub holds: String,
    /// The service whose lines they are; `None` where the lines tell.
    #[serde(skip)]
    pub service: Option<String>,
}

/// A setting in effect.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Setting {
    /// Such as `store.path` or `source[0].name`.
    pub key: String,
    /// Its value.
    pub value: serde_json::Value,
    /// Where it comes from: an object whose `from` is `default`, `file`, `environment` or `flag`.
    pub origin: serde_json::Value,
}

/// Something suspicious in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Warning {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What, and what to do.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_day_begins_by_the_callers_clocks() {
        let mut facts = Facts::default();
        let mut start = |zone: &str| {
            facts.judging.zone = zone.to_owned();
            facts.start("2023-05-10").unwrap().to_string()
        };
        assert_eq!(start("UTC"), "2023-05-10T00:00:00Z");
        assert_eq!(start("EST5EDT,M3.2.0,M11.1.0"), "2023-05-10T04:00:00Z");
        assert_eq!(start("CET-1CEST,M3.5.0,M10.5.0/3"), "2023-05-09T22:00:00Z");
        assert_eq!(facts.start("tomorrow"), None);
    }
}
