//! `[watch]`: what somebody is told of at all.

use dolmen_watch::Kind;
use serde::Deserialize;
use toml::Spanned;

use super::document::{Document, Step};
use super::one;
use super::problem::Problem;

/// `[watch]`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WatchSection {
    armed: Option<Vec<Spanned<String>>>,
}

/// The kinds of alerts that are armed: all of them where nobody says.
pub(super) fn read(document: &Document<'_>, problems: &mut Vec<Problem>) -> Vec<Kind> {
    let value = document.value(&[Step::Key("watch")]);
    // What is no table is refused for its brackets.
    let value = value.filter(|value| value.get_ref().is_table());
    let section = value.and_then(|value| one::<WatchSection>(document, value, problems));
    match section.and_then(|section| section.armed) {
        None => Kind::ALL.to_vec(),
        Some(armed) => armed.iter().filter_map(|name| kind(document, name, problems)).collect(),
    }
}

/// The kind of alert of this name.
pub(super) fn kind(
    document: &Document<'_>,
    name: &Spanned<String>,
    problems: &mut Vec<Problem>,
) -> Option<Kind> {
    let text = name.get_ref().as_str();
    let kind = Kind::ALL.into_iter().find(|kind| kind.name() == text);
    if kind.is_none() {
        let kinds = Kind::ALL.map(Kind::name);
        let advice = match dolmen_model::nearest(text, kinds) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("there are {}", kinds.join(", ")),
        };
        problems
            .push(document.problem(name.span(), format!("there is no alert \"{text}\"; {advice}")));
    }
    kind
}
