//! Contracts: JSON Schemas by routing key, checked where a message is published and again before
//! a handler sees it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;
use thiserror::Error;

use crate::Message;
use crate::key::{KeyError, Pattern};

/// Whether a routing key may be without a contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Required {
    /// A key without a contract carries whatever it wants.
    #[default]
    No,
    /// A key without a contract is refused.
    Yes,
}

/// The contracts of a bus, compiled.
///
/// Of several that match a key, the one with the most literal words counts, so
/// `notify.gram.user.created.json` comes before `notify.#.json`.
#[derive(Debug, Default)]
pub struct Contracts {
    /// Most literal words first.
    contracts: Vec<Contract>,
    required: Required,
}

#[derive(Debug)]
struct Contract {
    pattern: Pattern,
    validator: Validator,
}

/// Why contracts cannot be used.
#[derive(Debug, Error)]
pub enum ContractError {
    /// A file or folder that cannot be read.
    #[error("{path}: {cause}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A file that is no JSON.
    #[error("{path}:{line}:{column}: not JSON: {cause}", line = cause.line(), column = cause.column())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: serde_json::Error,
    },
    /// A file whose name is no routing key.
    #[error("{path}: a contract is named after its routing key, `KEY.json`: {cause}")]
    Name {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: KeyError,
    },
    /// JSON that is no schema.
    #[error("{path}: not a JSON Schema: at {at:?}: {cause}")]
    Schema {
        /// The file.
        path: PathBuf,
        /// A JSON Pointer into the schema.
        at: String,
        /// What is wrong.
        cause: String,
    },
}

/// How a message breaks its contract.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// The key has no contract, and every key must have one.
    #[error("routing key {0:?} has no contract")]
    NoContract(String),
    /// The body is not even JSON.
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    /// A value that the schema does not allow.
    #[error("at {at:?}: {text}{}", more(.others))]
    Value {
        /// A JSON Pointer into the body; empty for the whole.
        at: String,
        /// What is wrong there.
        text: String,
        /// How many more things are wrong.
        others: usize,
    },
}

fn more(others: &usize) -> String {
    match others {
        0 => String::new(),
        n => format!(" (and {n} more)"),
    }
}

impl Contracts {
    /// Reads `KEY.json` files of one folder; other files and folders are left alone. A key may be
    /// a pattern. A schema may refer to itself, not to other files or the network.
    pub fn load(folder: &Path, required: Required) -> Result<Self, ContractError> {
        let read = |path: &Path, cause| ContractError::Read { path: path.to_owned(), cause };
        let mut schemas = BTreeMap::new();
        for entry in fs::read_dir(folder).map_err(|cause| read(folder, cause))? {
            let path = entry.map_err(|cause| read(folder, cause))?.path();
            let Some(key) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json"))
            else {
                continue;
            };
            let key = key.to_owned();
            let text = fs::read(&path).map_err(|cause| read(&path, cause))?;
            let schema: Value = serde_json::from_slice(&text)
                .map_err(|cause| ContractError::Json { path: path.clone(), cause })?;
            schemas.insert(path, (key, schema));
        }
        Self::build(schemas, required)
    }

    /// Contracts from schemas that are at hand, by routing key.
    pub fn new<K: Into<String>>(
        schemas: impl IntoIterator<Item = (K, Value)>,
        required: Required,
    ) -> Result<Self, ContractError> {
        let by_path = schemas.into_iter().map(|(key, schema)| {
            let key = key.into();
            (PathBuf::from(format!("{key}.json")), (key, schema))
        });
        Self::build(by_path.collect(), required)
    }

    fn build(
        schemas: BTreeMap<PathBuf, (String, Value)>,
        required: Required,
    ) -> Result<Self, ContractError> {
        let mut contracts = Vec::with_capacity(schemas.len());
        for (path, (key, schema)) in schemas {
            let pattern = Pattern::new(&key)
                .map_err(|cause| ContractError::Name { path: path.clone(), cause })?;
            let validator =
                jsonschema::validator_for(&schema).map_err(|error| ContractError::Schema {
                    path,
                    at: error.instance_path().to_string(),
                    cause: error.to_string(),
                })?;
            contracts.push(Contract { pattern, validator });
        }
        contracts.sort_by_key(|contract| std::cmp::Reverse(contract.pattern.literal_words()));
        Ok(Self { contracts, required })
    }

    /// Whether a message keeps its contract.
    pub fn check(&self, message: &Message) -> Result<(), Violation> {
        let key = &message.routing_key;
        let Some(contract) = self.contracts.iter().find(|contract| contract.pattern.matches(key))
        else {
            return match self.required {
                Required::No => Ok(()),
                Required::Yes => Err(Violation::NoContract(key.clone())),
            };
        };
        let body: Value = serde_json::from_slice(&message.body)
            .map_err(|error| Violation::NotJson(error.to_string()))?;
        let mut errors = contract.validator.iter_errors(&body);
        match errors.next() {
            None => Ok(()),
            Some(first) => Err(Violation::Value {
                at: first.instance_path().to_string(),
                text: first.to_string(),
                others: errors.count(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn contracts(required: Required) -> Contracts {
        let user = json!({
            "type": "object",
            "required": ["id"],
            "properties": {"id": {"type": "integer"}, "mail": {"type": "string"}},
        });
        Contracts::new([("notify.user.*", user), ("notify.user.deleted", json!({}))], required)
            .unwrap()
    }

    #[test]
    fn says_where_a_body_breaks_it() {
        let contracts = contracts(Required::No);
        let check =
            |body: &'static str| contracts.check(&Message::new("notify.user.created", body));
        assert_eq!(check(r#"{"id": 7}"#), Ok(()));
        let violation = check(r#"{"id": "seven", "mail": 1}"#).unwrap_err();
        let Violation::Value { at, others: 1, .. } = &violation else { panic!("{violation:?}") };
        assert_eq!(at, "/id");
        assert!(violation.to_string().contains("and 1 more"), "{violation}");
        assert!(matches!(check("{"), Err(Violation::NotJson(_))));
    }

    #[test]
    fn the_contract_that_says_most_counts() {
        let contracts = contracts(Required::No);
        assert_eq!(contracts.check(&Message::new("notify.user.deleted", "null")), Ok(()));
    }

    #[test]
    fn a_key_without_a_contract_is_refused_where_one_is_required() {
        let message = Message::new("notify.card.blocked", "not json");
        assert_eq!(contracts(Required::No).check(&message), Ok(()));
        assert_eq!(
            contracts(Required::Yes).check(&message),
            Err(Violation::NoContract("notify.card.blocked".into()))
        );
    }

    #[test]
    fn a_folder_of_files_names_the_one_that_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let load = || Contracts::load(folder.path(), Required::No);
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("README.md", "not a contract");
        write("notify.a.json", r#"{"type": "integer"}"#);
        assert!(load().unwrap().check(&Message::new("notify.a", "x")).is_err());
        write("notify.b.json", "{\n  nonsense");
        let error = load().unwrap_err().to_string();
        assert!(error.contains("notify.b.json:2:3: not JSON"), "{error}");
        write("notify.b.json", r#"{"type": "whole number"}"#);
        let error = load().unwrap_err().to_string();
        assert!(error.contains("notify.b.json: not a JSON Schema"), "{error}");
        write("notify.b.json", r#"{"$ref": "https://example.org/schema.json"}"#);
        assert!(load().is_err(), "no network, no other files");
        fs::remove_file(folder.path().join("notify.b.json")).unwrap();
        write("notify b.json", "{}");
        let error = load().unwrap_err().to_string();
        assert!(error.contains("named after its routing key"), "{error}");
    }
}
