//! `[[notify]]`: who is told of alerts, beside whoever looks at the console.

use dolmen_model::Language;
use serde::Deserialize;
use toml::Spanned;

use super::document::Document;
use super::file::one_word;
use super::problem::Problem;
use super::{sections, watch};

/// `[[notify]]`
#[derive(Debug, Deserialize)]
pub(super) struct NotifySection {
    name: Spanned<String>,
    #[serde(default)]
    kind: NotifyKind,
    url: Spanned<String>,
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    alerts: Option<Vec<Spanned<String>>>,
    #[serde(default, deserialize_with = "language")]
    lang: Language,
}

fn language<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Language, D::Error> {
    one_word(deserializer, &[Language::English, Language::French], Language::code)
}

/// How somebody is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NotifyKind {
    /// The alert as JSON.
    #[default]
    Webhook,
    /// A sentence, as Slack, Mattermost, Rocket.Chat and others take it.
    Slack,
}

impl NotifyKind {
    const ALL: [Self; 2] = [Self::Webhook, Self::Slack];

    const fn word(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
        }
    }
}

impl<'de> Deserialize<'de> for NotifyKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_word(deserializer, &Self::ALL, Self::word)
    }
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotifySettings {
    pub(crate) name: String,
    pub(crate) kind: NotifyKind,
    pub(crate) url: String,
    /// Sent as `Authorization: Bearer`.
    pub(crate) token: Option<String>,
    /// Of which alerts; `None`: of all.
    pub(crate) alerts: Option<Vec<String>>,
    /// What he is told in.
    pub(crate) language: Language,
}

/// Whether this is an address that is reached over HTTP.
pub(super) fn is_address(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|host| host.starts_with(|c: char| c.is_alphanumeric() || c == '['))
}

/// Reads and checks all of them.
pub(super) fn read(document: &Document<'_>, problems: &mut Vec<Problem>) -> Vec<NotifySettings> {
    let mut all: Vec<NotifySettings> = Vec::new();
    for section in sections::<NotifySection>(document, "notify", problems) {
        let name = section.name.get_ref();
        if name.is_empty() || all.iter().any(|other| other.name == *name) {
            let message = "each [[notify]] needs a name of its own";
            problems.push(document.problem(section.name.span(), message));
        }
        let url = section.url.get_ref();
        if !is_address(url) {
            let message = "this is no address to send to: write https://HOST/PATH";
            problems.push(document.problem(section.url.span(), message));
        }
        for alert in section.alerts.iter().flatten() {
            watch::kind(document, alert, problems);
        }
        all.push(NotifySettings {
            name: name.clone(),
            kind: section.kind,
            url: url.clone(),
            token: section.token,
            alerts: section
                .alerts
                .map(|alerts| alerts.into_iter().map(Spanned::into_inner).collect()),
            language: section.lang,
        });
    }
    all
}
