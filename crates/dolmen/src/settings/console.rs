//! `[console]`: where people reach it.

use serde::Deserialize;
use toml::Spanned;

use super::document::{Document, Step};
use super::notify::is_address;
use super::one;
use super::problem::Problem;

/// `[console]`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ConsoleSection {
    url: Option<Spanned<String>>,
}

/// The console's address without a `/` at its end, if there is one that others reach.
pub(super) fn read(document: &Document<'_>, problems: &mut Vec<Problem>) -> Option<String> {
    let value = document.value(&[Step::Key("console")]);
    // What is no table is refused for its brackets.
    let value = value.filter(|value| value.get_ref().is_table())?;
    let url = one::<ConsoleSection>(document, value, problems)?.url?;
    if !is_address(url.get_ref()) {
        let message = "this is no address of a console: write https://HOST or http://HOST:PORT";
        problems.push(document.problem(url.span(), message));
    }
    Some(url.get_ref().trim_end_matches('/').to_owned())
}
