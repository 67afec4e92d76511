//! Rules that were named in the console: `named.toml` in the store's folder, where `dolmen serve`
//! may write. They come after those of the configuration, so what a person wrote there wins.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::anyhow;
use toml::Spanned;

use super::document::Document;
use super::find::Asked;
use super::problem::Problem;
use super::stamp::{Stamped, stamped};
use super::{origin, schema};
use crate::exit::UsageError;

/// Its name in the store's folder.
pub(crate) const NAMED: &str = "named.toml";

/// The file as it was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) stamp: Stamped,
    /// `None` where nothing was named.
    pub(super) text: Option<String>,
}

/// Looks for the file. `file` is the configuration.
pub(super) fn read(asked: &Asked, file: Option<(&Path, &str)>) -> anyhow::Result<Found> {
    let (path, text) = file.unwrap_or((Path::new(""), ""));
    // What is wrong with the configuration is told by whoever reads it.
    let Ok(document) = Document::parse(path, text) else { return Ok(Found::default()) };
    let store = origin::store_path(asked, &document);
    let store = store.as_ref().and_then(|(store, _)| store.as_str());
    let Some(store) = store else { return Ok(Found::default()) };
    let stamp = stamped(Path::new(store).join(NAMED));
    let path = &stamp.0;
    match fs::read_to_string(path) {
        Ok(text) => Ok(Found { stamp, text: Some(text) }),
        Err(error) if is_missing(&error) => Ok(Found { stamp, text: None }),
        Err(error) => Err(anyhow!(UsageError(format!(
            "cannot read the rules that the console named, {}: {error}",
            path.display()
        )))),
    }
}

/// A store that is not there yet, or whose place is no folder, has no names; who opens it says so.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Only actors are named in the console: the rest is for the configuration.
pub(super) fn check(document: &Document<'_>, problems: &mut Vec<Problem>) {
    problems.extend(schema::check(document));
    for (key, _) in document.table().iter().filter(|(key, _)| key.get_ref() != "actor") {
        let message = format!(
            "the console keeps names of callers ([[actor]]) here and nothing else: write `{}` into \
             the configuration",
            key.get_ref()
        );
        problems.push(document.problem(Spanned::span(key), message));
    }
}
