//! The services of a bus as they should be, and what setting them up changes.

use thiserror::Error;

use crate::failure::shorten;
use crate::key::Pattern;
use crate::recoverability::{Policy, Return};

/// Whether something is to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Change it.
    Apply,
    /// Only say what would change.
    Show,
}

/// One thing that setup did or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What is done.
    pub action: ChangeAction,
    /// With what: `queue agoram.service.googleapps`.
    pub object: String,
    /// What else is to be known: the arguments that differ, several subscribers of one key.
    pub note: Option<String>,
}

/// What setup does with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeAction {
    /// It is not there and is created.
    Create,
    /// It is no longer wanted and is removed.
    Remove,
    /// It may exist already: the transport cannot tell, and declares it.
    Declare,
    /// It exists otherwise than asked, and cannot be changed: somebody must remove it first.
    Conflict,
    /// Nothing is done, but somebody should know.
    Warn,
}

impl ChangeAction {
    /// Its word on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Remove => "remove",
            Self::Declare => "declare",
            Self::Conflict => "conflict",
            Self::Warn => "warning",
        }
    }
}

/// The services of a bus.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    /// The services.
    pub services: Vec<ServiceSpec>,
}

/// One service.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceSpec {
    /// Its name.
    pub name: String,
    /// What it listens to; patterns it no longer names are removed where the transport can.
    pub listen: Vec<Pattern>,
    /// When it tries again.
    pub policy: Policy,
}

impl Topology {
    /// Keys or patterns that several services listen to although one of them has its retries
    /// published to all again: each retry of one would reach the others.
    pub fn repeated_to_others(&self) -> Vec<Change> {
        let mut warnings = Vec::new();
        for service in self.services.iter().filter(|s| s.policy.back() == Return::Exchange) {
            for pattern in &service.listen {
                let hears = |other: &&ServiceSpec| {
                    other.name != service.name
                        && other.listen.iter().any(|theirs| {
                            theirs.matches(pattern.as_str()) || pattern.matches(theirs.as_str())
                        })
                };
                let others: Vec<&str> =
                    self.services.iter().filter(hears).map(|s| s.name.as_str()).collect();
                if !others.is_empty() {
                    warnings.push(Change {
                        action: ChangeAction::Warn,
                        object: format!("service {}", service.name),
                        note: Some(format!(
                            "return = \"exchange\": every retry of {pattern} also reaches {}",
                            others.join(", ")
                        )),
                    });
                }
            }
        }
        warnings
    }
}

/// Checks the name of a bus or a service: it becomes part of queue names and routing keys.
/// Lower-case letters, digits, `-`, `_` and `.`, at most 100.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    match name.chars().find(|&c| !allowed(c)) {
        Some(c) => Err(NameError::Character(shorten(name.to_owned(), 120), c)),
        None if name.is_empty() || name.len() > 100 => {
            Err(NameError::Length(shorten(name.to_owned(), 120)))
        }
        None => Ok(()),
    }
}

/// Why something cannot have a name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NameError {
    /// A character that names cannot have.
    #[error("name {0:?} holds {1:?}: names are lower-case letters, digits, `-`, `_` and `.`")]
    Character(String, char),
    /// Empty or too long.
    #[error("name {0:?} must have 1 to 100 characters")]
    Length(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicySettings;

    #[test]
    fn a_retry_that_others_would_hear_is_warned_of() {
        let service = |name: &str, listen: &str, back| {
            let settings = PolicySettings { back: Some(back), ..PolicySettings::default() };
            let policy = Policy::build(&settings, name).unwrap();
            let listen = vec![Pattern::new(listen).unwrap()];
            ServiceSpec { name: name.to_owned(), listen, policy }
        };
        let warnings = |back| {
            let services = vec![
                service("googleapps", "user.created", back),
                service("welcome-mail", "user.*", Return::Service),
                service("cards", "card.blocked", Return::Service),
            ];
            Topology { services }.repeated_to_others()
        };
        let warned = warnings(Return::Exchange);
        assert_eq!(warned.len(), 1);
        assert_eq!(warned[0].object, "service googleapps");
        let note = warned[0].note.as_deref().unwrap();
        assert!(note.ends_with("every retry of user.created also reaches welcome-mail"), "{note}");
        assert_eq!(warnings(Return::Service), []);
    }
}
