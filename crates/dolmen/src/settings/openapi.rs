//! Endpoints that OpenAPI documents declare.

use std::ops::Range;
use std::path::{Path, PathBuf};

use dolmen_attribution::{RuleSet, openapi_endpoints};
use toml::Spanned;

use super::document::{Document, Step};
use super::problem::Problem;

/// A document that a service names.
pub(super) struct Declared {
    /// The number of its service.
    service: usize,
    path: PathBuf,
    /// The numbers of its endpoints.
    endpoints: Range<usize>,
}

impl Declared {
    /// Whether it declares this endpoint.
    pub(super) fn has(&self, endpoint: usize) -> bool {
        self.endpoints.contains(&endpoint)
    }

    /// Something about it, at the place where it is named.
    pub(super) fn problem(&self, document: &Document<'_>, what: &str) -> Problem {
        let steps = [Step::Key("service"), Step::Index(self.service), Step::Key("openapi")];
        let at = document.value(&steps).map_or(0..0, Spanned::span);
        document.problem(at, format!("{}: {what}", self.path.display()))
    }

    /// What is suspicious about it alone.
    pub(super) fn suspicion(&self, document: &Document<'_>) -> Option<Problem> {
        let why = "it declares no endpoint: every one is a method of a path that begins with `/`";
        self.endpoints.is_empty().then(|| self.problem(document, why))
    }
}

/// Adds the endpoints of every document that a service names, behind those of the file. Paths are
/// those of the configuration's folder.
pub(super) fn add(
    document: &Document<'_>,
    rules: &mut RuleSet,
    problems: &mut Vec<Problem>,
) -> Vec<Declared> {
    let folder = document.path().parent().unwrap_or(Path::new("")).to_owned();
    let mut all = Vec::new();
    for (service, rule) in rules.services.iter().enumerate() {
        let Some(name) = &rule.openapi else { continue };
        let first = rules.endpoints.len();
        let path = folder.join(name);
        let mut declared = Declared { service, path, endpoints: first..first };
        let read = std::fs::read_to_string(&declared.path);
        let read = read.map_err(|error| format!("cannot be read: {error}")).and_then(|text| {
            openapi_endpoints(&text, Some(&rule.name)).map_err(|error| error.to_string())
        });
        match read {
            Ok(mut endpoints) => {
                rules.endpoints.append(&mut endpoints);
                declared.endpoints.end = rules.endpoints.len();
                all.push(declared);
            }
            Err(why) => problems.push(declared.problem(document, &why)),
        }
    }
    all
}
