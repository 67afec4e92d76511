//! `[verdict]`: how operations are judged.

use dolmen_console::Judging;
use dolmen_console::verdicts::zone_of;
use serde::Deserialize;
use toml::Spanned;

use super::document::{Document, Step};
use super::one;
use super::problem::Problem;

/// `[verdict]`
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct VerdictSection {
    zone: Option<Spanned<String>>,
    alpha: Option<Spanned<f64>>,
}

/// What the section says, or the defaults.
pub(super) fn read(document: &Document<'_>, problems: &mut Vec<Problem>) -> Judging {
    let mut judging = Judging::default();
    let value = document.value(&[Step::Key("verdict")]);
    // What is no table is refused for its brackets.
    let Some(value) = value.filter(|value| value.get_ref().is_table()) else { return judging };
    let Some(section) = one::<VerdictSection>(document, value, problems) else { return judging };
    if let Some(zone) = section.zone {
        match zone_of(zone.get_ref()) {
            Ok(_) => judging.zone.clone_from(zone.get_ref()),
            Err(error) => problems.push(document.problem(zone.span(), error.to_string())),
        }
    }
    if let Some(alpha) = section.alpha {
        if *alpha.get_ref() > 0.0 && *alpha.get_ref() < 1.0 {
            judging.alpha = *alpha.get_ref();
        } else {
            let message = "`alpha` is a chance: write a number above 0 and below 1, such as 0.05";
            problems.push(document.problem(alpha.span(), message));
        }
    }
    judging
}
