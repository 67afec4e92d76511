//! Each value with the place it comes from.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::Value;
use toml::de::{DeValue, ValueDeserializer};

use super::document::{Document, Step};
use super::file::{SourceHolds, SourceKind};
use super::find::Asked;
use super::rules::count;
use super::source::beside;

/// One value that is in effect.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Its section as a file has it: `[store]`, `[[source]]`.
    pub(crate) header: String,
    /// The number of the section among those of its name, from 0.
    pub(crate) index: usize,
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

impl Entry {
    /// Its key from the root of the file: `store.path`, `source[0].name`.
    pub(crate) fn path(&self) -> String {
        let section = self.header.trim_matches(['[', ']']);
        match self.header.starts_with("[[") {
            true => format!("{section}[{}].{}", self.index, self.key),
            false => format!("{section}.{}", self.key),
        }
    }
}

/// Who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub(crate) enum Origin {
    /// Nobody: it is built in.
    Default,
    /// The configuration.
    File {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// The environment.
    Environment {
        /// The variable.
        variable: &'static str,
    },
    /// The command line.
    Flag {
        /// The option.
        flag: &'static str,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { file, line } => write!(f, "{}:{line}", file.display()),
            Self::Environment { variable } => write!(f, "${variable}"),
            Self::Flag { flag } => f.write_str(flag),
        }
    }
}

/// Everything that is in effect, in the order of a file.
pub(super) fn entries(
    asked: &Asked,
    defaults: &Document<'_>,
    document: &Document<'_>,
    named: &Document<'_>,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    let store = |key, (value, origin)| Entry {
        header: "[store]".to_owned(),
        index: 0,
        key: String::from(key),
        value,
        origin,
    };
    entries.extend(store_path(asked, document).map(|path| store("path", path)));
    let keep = [Step::Key("store"), Step::Key("keep")];
    let kept = written(document, &keep).or_else(|| {
        let (value, _) = written(defaults, &keep)?;
        Some((value, Origin::Default))
    });
    entries.extend(kept.map(|keep| store("keep", keep)));
    for section in ["source", "service", "actor", "operation", "endpoint"] {
        for index in 0..count(document, section) {
            let steps = [Step::Key(section), Step::Index(index)];
            let header = format!("[[{section}]]");
            let mut found = table(document, &steps, &header, index);
            if section == "source" {
                complete(document, &mut found, &header, index);
            }
            entries.extend(found);
        }
        if section == "actor" {
            entries.extend(named_actors(document, named));
        }
    }
    entries.extend(table(document, &[Step::Key("attribution")], "[attribution]", 0));
    entries.extend(table(document, &[Step::Key("console")], "[console]", 0));
    entries.extend(table(document, &[Step::Key("masking")], "[masking]", 0));
    for index in 0..count(document, "notify") {
        let steps = [Step::Key("notify"), Step::Index(index)];
        entries.extend(table(document, &steps, "[[notify]]", index));
    }
    entries.iter_mut().for_each(hide);
    entries.extend(defaulted(defaults, document, "watch", &["armed"]));
    entries.extend(defaulted(defaults, document, "verdict", &["zone", "alpha"]));
    entries.extend(bus(defaults, document));
    entries
}

/// Nobody is shown a token, nor the path of an address to which whoever knows it may send.
fn hide(entry: &mut Entry) {
    let Value::String(text) = &mut entry.value else { return };
    match (entry.header.as_str(), entry.key.as_str()) {
        ("[[source]]" | "[[notify]]", "token") => "***".clone_into(text),
        ("[[notify]]", "url") => {
            let host = text.find("://").map_or(0, |at| at + 3);
            if let Some(path) = text[host..].find('/').filter(|path| host + path + 1 < text.len()) {
                text.truncate(host + path + 1);
                text.push_str("***");
            }
            *text = without_password(text);
        }
        _ => {}
    }
}

/// These keys of a section, with the defaults of what is not said.
fn defaulted(
    defaults: &Document<'_>,
    document: &Document<'_>,
    section: &str,
    keys: &[&str],
) -> Vec<Entry> {
    let entry = |key: &&str| {
        let steps = [Step::Key(section), Step::Key(key)];
        let (value, origin) = written(document, &steps).or_else(|| {
            let (value, _) = written(defaults, &steps)?;
            Some((value, Origin::Default))
        })?;
        let (header, key) = (format!("[{section}]"), (*key).to_owned());
        Some(Entry { header, index: 0, key, value, origin })
    };
    keys.iter().filter_map(entry).collect()
}

/// What the console named: numbered on after the configuration's own.
fn named_actors(document: &Document<'_>, named: &Document<'_>) -> Vec<Entry> {
    let before = count(document, "actor");
    let each = (0..count(named, "actor")).flat_map(|index| {
        let steps = [Step::Key("actor"), Step::Index(index)];
        table(named, &steps, "[[actor]]", before + index)
    });
    each.collect()
}

/// The bus with its defaults, then its services. Nobody is shown a password.
fn bus(defaults: &Document<'_>, document: &Document<'_>) -> Vec<Entry> {
    let mut entries = table(document, &[Step::Key("bus")], "[bus]", 0);
    entries.retain(|entry| entry.key != "service");
    for key in ["url", "name"] {
        if entries.iter().all(|entry| entry.key != key) {
            let value = written(defaults, &[Step::Key("bus"), Step::Key(key)]);
            entries.splice(
                0..0,
                value.map(|(value, _)| Entry {
                    header: "[bus]".to_owned(),
                    index: 0,
                    key: key.to_owned(),
                    value,
                    origin: Origin::Default,
                }),
            );
        }
    }
    for entry in &mut entries {
        if let ("url" | "admin_url", Value::String(url)) = (entry.key.as_str(), &mut entry.value) {
            *url = without_password(url);
        }
    }
    let services = document.value(&[Step::Key("bus"), Step::Key("service")]);
    if let Some(DeValue::Array(services)) = services.map(Spanned::get_ref) {
        for index in 0..services.len() {
            let steps = [Step::Key("bus"), Step::Key("service"), Step::Index(index)];
            entries.extend(table(document, &steps, "[[bus.service]]", index));
        }
    }
    entries
}

/// The address with `***` for the password in it.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once('@').and_then(|(user, host)| Some((user.split_once(':')?.0, host)))
    {
        Some((user, host)) => format!("{scheme}://{user}:***@{host}{}", &rest[authority.len()..]),
        None => url.to_owned(),
    }
}

/// What is written of one section, in the order it is written.
fn table(document: &Document<'_>, steps: &[Step<'_>], header: &str, index: usize) -> Vec<Entry> {
    let Some(DeValue::Table(table)) = document.value(steps).map(Spanned::get_ref) else {
        return Vec::new();
    };
    let mut keys: Vec<_> = table.keys().collect();
    keys.sort_by_key(|key| key.span().start);
    let entries = keys.into_iter().filter_map(|key| {
        let mut steps = steps.to_vec();
        steps.push(Step::Key(key.get_ref()));
        let (value, origin) = written(document, &steps)?;
        let key = key.get_ref().clone().into_owned();
        Some(Entry { header: header.to_owned(), index, key, value, origin })
    });
    entries.collect()
}

/// A source with the defaults of what it does not say, its paths no longer relative.
fn complete(document: &Document<'_>, entries: &mut Vec<Entry>, header: &str, index: usize) {
    let absolute = |path: &mut Value| {
        if let Value::String(path) = path {
            *path = beside(document, path).display().to_string();
        }
    };
    for entry in entries.iter_mut().filter(|entry| entry.key == "path") {
        match &mut entry.value {
            Value::Array(paths) => paths.iter_mut().for_each(absolute),
            one => absolute(one),
        }
    }
    let defaults = [
        ("kind", SourceKind::default().word()),
        ("holds", SourceHolds::default().word()),
        ("format", "auto"),
    ];
    let is_bus =
        |entry: &Entry| entry.key == "kind" && entry.value.as_str() == Some(SourceKind::Bus.word());
    // What the bus journals is written in one way only.
    if entries.iter().any(is_bus) {
        return;
    }
    for (key, value) in defaults {
        if entries.iter().all(|entry| entry.key != key) {
            let (key, value) = (key.to_owned(), Value::String(value.to_owned()));
            let header = header.to_owned();
            entries.push(Entry { header, index, key, value, origin: Origin::Default });
        }
    }
}

fn written(document: &Document<'_>, steps: &[Step<'_>]) -> Option<(Value, Origin)> {
    let value = document.value(steps)?.clone();
    let value = Value::deserialize(ValueDeserializer::from(value)).ok()?;
    let line = document.line(steps)?;
    Some((value, Origin::File { file: document.path().to_owned(), line }))
}

/// The folder of the store; none where not even the user's home is known.
pub(super) fn store_path(asked: &Asked, document: &Document<'_>) -> Option<(Value, Origin)> {
    let text = |path: &Path| Value::String(path.display().to_string());
    if let Some(path) = &asked.store {
        return Some((text(path), Origin::Flag { flag: "--store" }));
    }
    if let Some(path) = &asked.store_variable {
        return Some((text(path), Origin::Environment { variable: "DOLMEN_STORE" }));
    }
    if let Some((value, origin)) = written(document, &[Step::Key("store"), Step::Key("path")]) {
        let path = value.as_str().map(|path| text(&beside(document, path)));
        return Some((path.unwrap_or(value), origin));
    }
    let data = asked.data.as_ref()?;
    Some((text(&data.join("dolmen")), Origin::Default))
}
