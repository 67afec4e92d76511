//! Who sees personal data.
//!
//! What people see of lines goes through [`Mask`]: the lines themselves, what was read from them, and
//! user agents in what is told of callers. Endpoints do not: they are templates, which have `{email}`
//! and `{number}` in those places. Names that a configuration gives, and request ids, are shown as
//! they are. Filters still look at what was logged.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use dolmen_advice::Candidate;
use dolmen_model::{Masking, has_mask, masks_as_wildcards};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use crate::app::Console;
use crate::extract::Query;
use crate::problem::Problem;
use crate::verdicts::Verdicts;

/// Whether personal data is masked.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MaskedParams {
    /// `false` shows card numbers, IBANs, e-mail addresses and what `[masking]` of the configuration
    /// fits; without it masks stand in their place: `‹card›`, `‹iban›`, `‹e-mail›`, `‹masked›`.
    masked: Option<bool>,
}

/// Puts masks in the place of personal data, where whoever asks is not to see it.
#[derive(Clone)]
pub(crate) struct Mask(Option<Arc<Masking>>);

/// Whether whoever sent this may see personal data. There are no users yet: everybody who reaches this
/// console may, and has to ask for it.
fn may_see_personal_data(_: &Parts) -> bool {
    true
}

impl FromRequestParts<Console> for Mask {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Problem> {
        let Query(MaskedParams { masked }) = Query::from_request_parts(parts, console).await?;
        let is_shown = masked == Some(false) && may_see_personal_data(parts);
        Ok(Self((!is_shown).then(|| Arc::clone(&console.facts().masking))))
    }
}

impl Mask {
    /// A line; bytes that are not UTF-8 as U+FFFD.
    pub(crate) fn line(&self, line: &[u8]) -> String {
        match &self.0 {
            Some(masking) => String::from_utf8_lossy(&masking.mask(line)).into_owned(),
            None => String::from_utf8_lossy(line).into_owned(),
        }
    }

    pub(crate) fn text(&self, text: String) -> String {
        match &self.0 {
            Some(masking) => masking.text(&text).into_owned(),
            None => text,
        }
    }

    pub(crate) fn maybe(&self, text: Option<String>) -> Option<String> {
        text.map(|text| self.text(text))
    }

    /// A query or a glob, which finds what it found before, and perhaps more.
    pub(crate) fn query(&self, text: Option<String>) -> Option<String> {
        self.maybe(text).map(|text| masks_as_wildcards(&text))
    }

    fn hide<'t>(&self, texts: impl IntoIterator<Item = &'t mut String>) {
        if self.0.is_some() {
            texts.into_iter().for_each(|text| *text = self.text(std::mem::take(text)));
        }
    }

    /// What is known of an unknown caller, its rule too: see [`refuse_masks`].
    pub(crate) fn candidate(&self, candidate: &mut Candidate) {
        let Candidate { proposed_name, rule, toml, why, addresses, user_agents, .. } = candidate;
        self.hide([proposed_name, toml, why]);
        self.hide(addresses.iter_mut().chain(user_agents));
        self.hide(rule.user_agent.iter_mut().chain(&mut rule.user));
    }

    /// What verdicts tell of callers.
    pub(crate) fn verdicts(&self, verdicts: &mut Verdicts) {
        for operation in &mut verdicts.operations {
            self.hide(&mut operation.reasons);
            for reason in &mut operation.reason_details {
                self.hide([&mut reason.text]);
                self.value(&mut reason.values);
            }
            for caller in &mut operation.callers {
                self.hide(caller.address.iter_mut().chain(&mut caller.user_agent));
            }
            for word in &mut operation.words {
                self.hide(word.address.iter_mut().chain(&mut word.user_agent));
            }
        }
        self.hide(verdicts.expected.iter_mut().map(|call| &mut call.who));
    }

    fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => self.hide([text]),
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(value)),
            Value::Object(values) => values.values_mut().for_each(|value| self.value(value)),
            _ => {}
        }
    }
}

/// Refuses what was copied from a masked answer: it would fit nobody.
pub(crate) fn refuse_masks<'t>(
    texts: impl IntoIterator<Item = &'t Option<String>>,
) -> Result<(), Problem> {
    match texts.into_iter().flatten().find(|text| has_mask(text)) {
        None => Ok(()),
        Some(text) => Err(Problem::bad(format!(
            "`{text}` has a mask in it and fits nobody: ask with `masked=false` for what it hides"
        ))),
    }
}
