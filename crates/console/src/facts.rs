//! What a configuration declares, as far as the console shows it.

use serde::Serialize;
use utoipa::ToSchema;

/// What is declared. It may change while the console runs.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Services by name.
    pub services: Vec<String>,
    /// Those that shall be left.
    pub monoliths: Vec<String>,
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
}

impl Facts {
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
    /// From this day on (UTC) calls are residual.
    pub retired: Option<String>,
    /// The service that took it over.
    pub moved_to: Option<String>,
}

impl DeclaredOperation {
    fn is(&self, name: &str, service: Option<&str>) -> bool {
        self.operation == name && (self.service.is_none() || self.service.as_deref() == service)
    }
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
