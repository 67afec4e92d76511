//! What is ready to be used: the defaults, the configuration, the environment and the command
//! line, in this order, each stronger than those before it.
//!
//! `default.toml` is the lowest layer and the documentation at once. Everything that is wrong with
//! a file is reported together, with its place.

mod arrival;
mod bus;
mod console;
mod document;
mod file;
mod find;
mod keep;
mod masking;
mod named;
mod notify;
mod openapi;
mod origin;
mod problem;
mod rules;
mod schema;
mod size;
mod source;
mod stamp;
mod typos;
mod verdict;
mod watch;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use dolmen_attribution::{RuleSet, Rules};
use dolmen_console::Judging;
use dolmen_model::{Masking, Names, Time};
use dolmen_watch::Kind;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use crate::exit::UsageError;
pub(crate) use arrival::Arrival;
pub(crate) use bus::{BusPlace, BusSettings, HandlerSettings, Program, ServiceSettings};
use document::{Document, Step};
pub(crate) use file::SourceKind;
use file::StoreSection;
pub(crate) use find::Asked;
use find::Found;
use keep::Keep;
pub(crate) use named::NAMED;
pub(crate) use notify::{NotifyKind, NotifySettings};
pub(crate) use origin::{Entry, Origin, without_password};
pub(crate) use problem::{ConfigError, Problem};
pub(crate) use source::{Intake, LogPath, SourceSettings};
pub(crate) use stamp::{Identity, Stamp, Stamped};

/// The defaults, with an explanation of every setting.
pub(crate) const DEFAULT: &str = include_str!("default.toml");

/// All settings, checked.
#[derive(Debug)]
pub(crate) struct Settings {
    /// What was typed and what the environment says: enough to load them again.
    pub(crate) asked: Asked,
    /// The files they were read from, as they were just before.
    pub(crate) stamps: [Stamped; 2],
    /// The configuration that was read, if there is one.
    pub(crate) file: Option<PathBuf>,
    pub(crate) sources: Vec<SourceSettings>,
    /// The bus and its services.
    pub(crate) bus: BusSettings,
    /// How operations are judged.
    pub(crate) judging: Judging,
    /// Where others reach the console.
    pub(crate) console: Option<String>,
    /// Which kinds of alerts there are at all.
    pub(crate) armed: Vec<Kind>,
    /// What the console hides.
    pub(crate) masking: Arc<Masking>,
    /// Who is told of alerts.
    pub(crate) notify: Vec<NotifySettings>,
    /// The rules as they are written.
    pub(crate) rule_set: RuleSet,
    /// The rules, ready.
    pub(crate) rules: Rules,
    /// The names that the rules know.
    pub(crate) names: Names,
    /// What is suspicious in the file, and no error.
    pub(crate) warnings: Vec<Problem>,
    /// Each value with its origin, in the order of a file.
    pub(crate) entries: Vec<Entry>,
}

impl Settings {
    /// Finds and reads the configuration, if there is one, and what the console named. Everything
    /// that is wrong with them is one [`ConfigError`].
    pub(crate) fn load(asked: &Asked) -> anyhow::Result<Self> {
        let found = asked.find();
        let stamp = stamp::stamped(asked.file().unwrap_or_default());
        let text = found.as_ref().map(read).transpose()?;
        let file = found.as_ref().zip(text.as_deref());
        let file = file.map(|(found, text)| (found.path.as_path(), text));
        let named = named::read(asked, file)?;
        let text = named.text.as_deref().map(|text| (named.stamp.0.as_path(), text));
        let settings = Self::read(asked, file, text)?;
        Ok(Self { stamps: [stamp, named.stamp], ..settings })
    }

    fn read(
        asked: &Asked,
        file: Option<(&Path, &str)>,
        named: Option<(&Path, &str)>,
    ) -> Result<Self, ConfigError> {
        let failed = |problem| ConfigError { problems: vec![problem] };
        let parse = |(path, text)| Document::parse(path, text).map_err(failed);
        let nothing = (Path::new(""), "");
        let defaults = parse((Path::new("default.toml"), DEFAULT))?;
        let document = parse(file.unwrap_or(nothing))?;
        let named = parse(named.unwrap_or(nothing))?;
        let mut problems = schema::check(&document);
        named::check(&named, &mut problems);
        check_store(&document, &mut problems);
        let sources = source::read(&document, &mut problems);
        let bus = bus::read(&document, &mut problems);
        let judging = verdict::read(&document, &mut problems);
        let console = console::read(&document, &mut problems);
        let armed = watch::read(&document, &mut problems);
        let masking = Arc::new(masking::read(&document, &mut problems));
        let notify = notify::read(&document, &mut problems);
        let mut rule_set = rules::read(&document, &named, &mut problems);
        let openapi = openapi::add(&document, &mut rule_set, &mut problems);
        let names = Names::new();
        // The place of a rule is its number in the file: only where all could be read do the
        // numbers agree.
        let written = rules::Written { document: &document, named: &named, openapi: &openapi };
        let rules = match problems.is_empty() {
            true => rules::compile(&written, &rule_set, &names),
            false => Err(Vec::new()),
        };
        let place =
            |problem: &Problem| (problem.file != *document.path(), problem.line, problem.column);
        match rules {
            Ok(rules) => {
                let mut warnings = rules::suspicions(&written, &rules);
                warnings.extend(openapi.iter().filter_map(|one| one.suspicion(&document)));
                warnings.extend(typos::find(&document, &rule_set, &sources));
                warnings.sort_by_key(place);
                let entries = origin::entries(asked, &defaults, &document, &named);
                let file = file.map(|(path, _)| path.to_owned());
                let (asked, stamps) = (asked.clone(), Default::default());
                Ok(Self {
                    asked,
                    stamps,
                    file,
                    sources,
                    bus,
                    judging,
                    console,
                    armed,
                    masking,
                    notify,
                    rule_set,
                    rules,
                    names,
                    warnings,
                    entries,
                })
            }
            Err(more) => {
                problems.extend(more);
                problems.sort_by_key(place);
                Err(ConfigError { problems })
            }
        }
    }
}

impl Settings {
    /// The folder of the store; `None` where nobody names one and the user has no home.
    pub(crate) fn store_path(&self) -> Option<PathBuf> {
        let mut entries = self.entries.iter();
        let path = entries.find(|entry| entry.header == "[store]" && entry.key == "path")?;
        path.value.as_str().map(PathBuf::from)
    }

    /// The files they are read from, as they are now.
    pub(crate) fn stamps_now(&self) -> [Stamped; 2] {
        [self.asked.file().unwrap_or_default(), self.stamps[1].0.clone()].map(stamp::stamped)
    }

    /// Where the first section under `header` whose `key` has this value says so.
    pub(crate) fn origin(&self, header: &str, key: &str, value: &str) -> Option<&Origin> {
        let is_it = |entry: &&Entry| {
            entry.header == header && entry.key == key && entry.value.as_str() == Some(value)
        };
        self.entries.iter().find(is_it).map(|entry| &entry.origin)
    }

    /// From when on raw lines are kept; `None`: all of them are.
    pub(crate) fn keep_since(&self, now: Time) -> Option<Time> {
        let mut entries = self.entries.iter();
        let keep = entries.find(|entry| entry.header == "[store]" && entry.key == "keep")?;
        match keep.value.as_str().and_then(Keep::parse) {
            Some(Keep::Days(days)) => {
                let micros = i64::from(days) * 86_400_000_000;
                Some(Time::from_micros(now.micros().saturating_sub(micros)))
            }
            Some(Keep::Forever) | None => None,
        }
    }
}

fn read(found: &Found) -> anyhow::Result<String> {
    let Found { path, named_by } = found;
    let cannot = |why: &dyn std::fmt::Display| {
        let by = named_by.map(|by| format!(", which {by} names")).unwrap_or_default();
        anyhow!(UsageError(format!("cannot read the configuration {}{by}: {why}", path.display())))
    };
    let bytes = fs::read(path).map_err(|error| cannot(&error))?;
    String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        cannot(&format!("line {line} is not UTF-8"))
    })
}

fn check_store(document: &Document<'_>, problems: &mut Vec<Problem>) {
    let value = document.value(&[Step::Key("store")]);
    // What is no table is refused for its brackets.
    let Some(value) = value.filter(|value| value.get_ref().is_table()) else { return };
    let Some(store) = one::<StoreSection>(document, value, problems) else { return };
    let Some(url) = store.url else { return };
    let message = if url.get_ref().starts_with("clickhouse:") {
        "ClickHouse is not built in yet: remove `url`, and dolmen keeps its store in a folder of \
         this machine (`path`)"
    } else {
        "`url` is for a store beyond one machine, which is not built in yet: name a folder with \
         `path`"
    };
    problems.push(document.problem(url.span(), message));
}

/// All sections `[[name]]` that can be read.
fn sections<T: for<'de> Deserialize<'de>>(
    document: &Document<'_>,
    name: &str,
    problems: &mut Vec<Problem>,
) -> Vec<T> {
    sections_at(document, &[name], problems)
}

/// All sections `[[some.name]]` that can be read.
fn sections_at<T: for<'de> Deserialize<'de>>(
    document: &Document<'_>,
    keys: &[&str],
    problems: &mut Vec<Problem>,
) -> Vec<T> {
    let steps: Vec<Step<'_>> = keys.iter().copied().map(Step::Key).collect();
    match document.value(&steps).map(Spanned::get_ref) {
        Some(DeValue::Array(items)) => {
            items.iter().filter_map(|item| one(document, item, problems)).collect()
        }
        _ => Vec::new(),
    }
}

/// One section, if it can be read.
fn one<T: for<'de> Deserialize<'de>>(
    document: &Document<'_>,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    match T::deserialize(ValueDeserializer::from(value.clone())) {
        Ok(section) => Some(section),
        Err(error) => {
            let at = error.span().unwrap_or(value.span());
            problems.push(document.problem(at, plain(error.message())));
            None
        }
    }
}

/// What serde says of a value, in the words of who typed it.
fn plain(message: &str) -> String {
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("{field} is missing here: add it");
    }
    if let Some((field, known)) = message
        .strip_prefix("unknown field ")
        .and_then(|message| message.split_once(", expected one of "))
    {
        return format!("there is no key {field} here; there are {known}");
    }
    let wrong = message.strip_prefix("invalid type: ").and_then(|m| m.split_once(", expected "));
    match wrong {
        Some((found, expected)) => {
            let text = |words: &str| match words {
                "a string" => "a text in quotes".to_owned(),
                "a map" | "map" => "a table".to_owned(),
                "a sequence" | "sequence" => "a list".to_owned(),
                words => match words.strip_prefix("string ") {
                    Some(text) => format!("the text {text}"),
                    None => words.to_owned(),
                },
            };
            format!("expected {}, not {}", text(expected), text(found))
        }
        None => message.to_owned(),
    }
}
