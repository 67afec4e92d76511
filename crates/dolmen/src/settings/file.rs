//! The sections of `dolmen.toml` as they are written. Rules are read by `dolmen_attribution`.

use std::fmt;

use dolmen_logs::Fields;
use dolmen_model::nearest;
use serde::Deserialize;
use serde::de::{Error, SeqAccess, Visitor};
use toml::Spanned;

use super::arrival::TlsSection;
use super::keep::Keep;
use super::size::Size;

/// `[store]`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StoreSection {
    pub(super) path: Option<String>,
    pub(super) url: Option<Spanned<String>>,
    pub(super) keep: Option<Keep>,
}

/// `[[source]]`
#[derive(Debug, Deserialize)]
pub(super) struct SourceSection {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) kind: Option<Spanned<SourceKind>>,
    #[serde(default)]
    pub(super) path: Option<Spanned<Paths>>,
    #[serde(default)]
    pub(super) listen: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) token: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) allow: Option<Spanned<Paths>>,
    #[serde(default)]
    pub(super) tls: Option<Spanned<TlsSection>>,
    #[serde(default)]
    pub(super) max_line: Option<Spanned<Size>>,
    #[serde(default)]
    pub(super) max_body: Option<Spanned<Size>>,
    #[serde(default)]
    pub(super) max_connections: Option<Spanned<u32>>,
    #[serde(default)]
    pub(super) max_spool: Option<Spanned<Size>>,
    #[serde(default)]
    pub(super) holds: SourceHolds,
    #[serde(default)]
    pub(super) format: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) fields: Option<Spanned<Fields>>,
    #[serde(default)]
    pub(super) line: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) service: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) behind: Option<Spanned<String>>,
}

/// How lines of a source arrive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SourceKind {
    /// They are in files.
    #[default]
    File,
    /// Somebody connects and sends them.
    Tcp,
    /// Somebody sends them in the syslog protocol.
    Syslog,
    /// Somebody posts them.
    Http,
    /// They are in a Kafka topic.
    Kafka,
    /// They are the deliveries in the journal of the bus.
    Bus,
}

impl SourceKind {
    const ALL: [Self; 6] =
        [Self::File, Self::Tcp, Self::Syslog, Self::Http, Self::Kafka, Self::Bus];

    /// The word for it in `dolmen.toml`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Tcp => "tcp",
            Self::Syslog => "syslog",
            Self::Http => "http",
            Self::Kafka => "kafka",
            Self::Bus => "bus",
        }
    }
}

/// What the lines of a source are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum SourceHolds {
    #[default]
    Calls,
    Marks,
}

impl SourceHolds {
    const ALL: [Self; 2] = [Self::Calls, Self::Marks];

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Marks => "marks",
        }
    }
}

impl<'de> Deserialize<'de> for SourceKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_word(deserializer, &Self::ALL, Self::word)
    }
}

impl<'de> Deserialize<'de> for SourceHolds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_word(deserializer, &Self::ALL, Self::word)
    }
}

/// One of a few words; of another word, the nearest is suggested.
pub(super) fn one_word<'de, D: serde::Deserializer<'de>, T: Copy>(
    deserializer: D,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let words: Vec<&str> = all.iter().map(|&one| word(one)).collect();
    if let Some(&one) = all.iter().find(|&&one| word(one) == text) {
        return Ok(one);
    }
    let advice = match nearest(&text, words.iter().copied()) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None => String::new(),
    };
    Err(D::Error::custom(format!("\"{text}\" is none of {}{advice}", words.join(", "))))
}

/// One path or several, wildcards not yet expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Paths(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Paths {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Paths;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path or a list of paths")
            }

            fn visit_str<E: Error>(self, path: &str) -> Result<Paths, E> {
                Ok(Paths(vec![path.to_owned()]))
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Paths, S::Error> {
                let mut paths = Vec::new();
                while let Some(path) = list.next_element()? {
                    paths.push(path);
                }
                Ok(Paths(paths))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}
