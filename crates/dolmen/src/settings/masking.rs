//! `[masking]`: what the console hides beside card numbers, IBANs and e-mail addresses.

use dolmen_model::Masking;
use serde::Deserialize;
use toml::Spanned;

use super::document::{Document, Step};
use super::one;
use super::problem::Problem;

/// `[masking]`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MaskingSection {
    patterns: Vec<Spanned<String>>,
}

pub(super) fn read(document: &Document<'_>, problems: &mut Vec<Problem>) -> Masking {
    let value = document.value(&[Step::Key("masking")]);
    // What is no table is refused for its brackets.
    let value = value.filter(|value| value.get_ref().is_table());
    let section = value.and_then(|value| one::<MaskingSection>(document, value, problems));
    let patterns = section.unwrap_or_default().patterns;
    for pattern in &patterns {
        if let Err(error) = Masking::pattern(pattern.get_ref()) {
            problems.push(document.problem(pattern.span(), error.to_string()));
        }
    }
    // Where one is wrong nothing is masked, as nothing is shown.
    Masking::new(patterns.iter().map(|pattern| pattern.get_ref().as_str())).unwrap_or_default()
}
