//! Callers that are named in the console: rules in `named.toml`, in effect at once.
//!
//! The file is written beside and renamed, so it is whole at any instant. What was done is in the
//! store's audit, by whose number it can be undone, also after a restart.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dolmen_attribution::{ActorRule, RuleSet, Rules};
use dolmen_console::{Added, NameError, Namer, NewActor};
use dolmen_model::{Names, Time};
use dolmen_store::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::live::Live;
use crate::settings::NAMED;

/// How long somebody who names waits for the history to follow; after that it follows beside.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the audit calls it.
const NAME: &str = "name actor";
const UNDO: &str = "undo name";

const HEAD: &str = "# Callers that were named in the console. The rules of the configuration come before these.\n\
                    # The console writes this file anew: what is to stay as it is written, comments\n\
                    # among it, belongs into dolmen.toml.\n";

/// Names and takes names back.
pub(super) struct Naming {
    live: Arc<Live>,
    path: PathBuf,
    /// Held while the file is read and written.
    keeping: Mutex<()>,
}

/// The file.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    actor: Vec<ActorRule>,
}

/// What the audit keeps of a name that was given or taken back.
#[derive(Serialize, Deserialize)]
struct Done {
    by: String,
    /// The rule that was there before, as TOML.
    before: Option<String>,
    /// The rule that is there since.
    after: Option<String>,
    /// What this takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undoes: Option<i64>,
}

impl Naming {
    pub(super) fn new(live: Arc<Live>) -> Self {
        let path = live.store.path().join(NAMED);
        Self { live, path, keeping: Mutex::new(()) }
    }

    /// Puts these rules into effect, or none of it.
    fn change(&self, rules: &[ActorRule], before: &[ActorRule]) -> Result<(), NameError> {
        self.write(rules)?;
        self.live.reload().map_err(|error| {
            // The configuration itself may be at fault; then nothing of this is in effect.
            match self.write(before) {
                Ok(()) => NameError::Failed(format!("the rules cannot be changed now: {error:#}")),
                Err(and) => and,
            }
        })
    }

    fn read(&self) -> Result<Vec<ActorRule>, NameError> {
        match fs::read_to_string(&self.path) {
            Ok(text) => toml::from_str::<Kept>(&text)
                .map(|kept| kept.actor)
                .map_err(|error| self.failed("read", &error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(self.failed("read", &error)),
        }
    }

    fn write(&self, rules: &[ActorRule]) -> Result<(), NameError> {
        let blocks: Vec<String> = rules.iter().map(written).collect::<Result<_, _>>()?;
        let text = format!("{HEAD}\n{}", blocks.join("\n"));
        write_whole(&self.path, text.as_bytes()).map_err(|error| self.failed("write", &error))
    }

    fn failed(&self, what: &str, error: &dyn std::fmt::Display) -> NameError {
        NameError::Failed(format!("cannot {what} {}: {error}", self.path.display()))
    }

    fn audit(&self, what: &str, done: &Done) -> Result<i64, NameError> {
        let detail = serde_json::to_string(done)
            .map_err(|error| NameError::Failed(format!("cannot keep what was done: {error}")))?;
        let now = Time::from_micros(Timestamp::now().as_microsecond());
        self.live.store.add_audit(now, what, &detail).map_err(in_store)
    }
}

impl Namer for Naming {
    fn add(&self, actor: NewActor, by: &str) -> Result<Added, NameError> {
        let rule = understood(&actor)?;
        let keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read()?;
        if before.contains(&rule) {
            return Err(NameError::Wrong("there is this very rule already".to_owned()));
        }
        let text = written(&rule)?;
        let after: Vec<ActorRule> = before.iter().cloned().chain([rule]).collect();
        self.change(&after, &before)?;
        let done =
            Done { by: by.to_owned(), before: None, after: Some(text.clone()), undoes: None };
        let id = self.audit(NAME, &done)?;
        drop(keeping);
        let deriving = !self.live.deriver.wait(PATIENCE);
        Ok(Added { rule: text, applied: true, deriving, undo: id.to_string() })
    }

    fn undo(&self, token: &str, by: &str) -> Result<bool, NameError> {
        let gone = || NameError::Gone("this was taken back already, or changed since".to_owned());
        let keeping = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let id: i64 = token.parse().map_err(|_| gone())?;
        let entry = self.live.store.audit_entry(id).map_err(in_store)?;
        let entry = entry.filter(|entry| entry.what == NAME).ok_or_else(gone)?;
        let done: Done = serde_json::from_str(&entry.detail).map_err(|_| gone())?;
        let text = done.after.ok_or_else(gone)?;
        let rule =
            toml::from_str::<Kept>(&text).ok().and_then(|kept| kept.actor.into_iter().next());
        let rule = rule.ok_or_else(gone)?;
        let before = self.read()?;
        let at = before.iter().position(|kept| *kept == rule).ok_or_else(gone)?;
        let mut after = before.clone();
        after.remove(at);
        self.change(&after, &before)?;
        let done = Done { by: by.to_owned(), before: Some(text), after: None, undoes: Some(id) };
        self.audit(UNDO, &done)?;
        drop(keeping);
        Ok(!self.live.deriver.wait(PATIENCE))
    }
}

fn in_store(error: StoreError) -> NameError {
    NameError::Failed(error.to_string())
}

/// The rule that is asked for, if it is one.
fn understood(actor: &NewActor) -> Result<ActorRule, NameError> {
    let rule = serde_json::to_value(actor).and_then(serde_json::from_value::<ActorRule>);
    let rule = rule.map_err(|error| NameError::Wrong(error.to_string()))?;
    let set = RuleSet { actors: vec![rule.clone()], ..RuleSet::default() };
    match Rules::compile(&set, &Names::new()) {
        Ok(_) => Ok(rule),
        Err(errors) => {
            let faults: Vec<String> =
                errors.iter().map(|error| format!("{}: {}", error.key, error.problem)).collect();
            Err(NameError::Wrong(faults.join("; ")))
        }
    }
}

/// A rule as a person would write it.
fn written(rule: &ActorRule) -> Result<String, NameError> {
    let table = toml::Table::try_from(rule)
        .map_err(|error| NameError::Failed(format!("the rule cannot be written: {error}")))?;
    let mut text = "[[actor]]\n".to_owned();
    for key in ["name", "user_agent", "ip", "user", "header"] {
        let Some(value) = table.get(key) else { continue };
        text.push_str(&format!("{key} = {}\n", plain(key, value.clone())));
    }
    Ok(text)
}

/// One value instead of a list of one, an address instead of a network of one.
fn plain(key: &str, value: Value) -> Value {
    match value {
        Value::Array(values) => {
            let mut values: Vec<Value> = values.into_iter().map(|one| plain(key, one)).collect();
            match values.len() {
                1 => values.remove(0),
                _ => Value::Array(values),
            }
        }
        Value::String(text) if key == "ip" => {
            let host = text.strip_suffix(if text.contains(':') { "/128" } else { "/32" });
            Value::String(host.map(str::to_owned).unwrap_or(text))
        }
        value => value,
    }
}

/// Replaces a file by these bytes; a crash leaves the old or the new.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("toml.new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}
