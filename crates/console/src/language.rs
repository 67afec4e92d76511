//! The language that a reader wants texts in.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use dolmen_model::Language;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::extract::Query;
use crate::problem::Problem;

/// What is asked for in so many words; keys and codes are the same in each language.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct LanguageParams {
    /// The language of sentences, `en` or `fr`; without it what `Accept-Language` wants most of
    /// these, or else English.
    lang: Option<String>,
}

/// The language of the answer's sentences.
pub(crate) struct Speak(pub(crate) Language);

impl<S: Send + Sync> FromRequestParts<S> for Speak {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(LanguageParams { lang }) = Query::from_request_parts(parts, state).await?;
        match lang.filter(|tag| !tag.is_empty()) {
            None => Ok(Self(accepted(&parts.headers))),
            Some(tag) => Language::of_tag(&tag).map(Self).ok_or_else(|| {
                Problem::bad(format!("`lang` is `en` or `fr`: nothing is said in `{tag}`"))
            }),
        }
    }
}

/// What `Accept-Language` wants most (RFC 9110, 12.5.4), of the languages that are spoken.
fn accepted(headers: &HeaderMap) -> Language {
    let wanted = headers.get_all(header::ACCEPT_LANGUAGE).iter();
    let wanted = wanted.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let mut best = (0.0, Language::default());
    for range in wanted {
        let mut parts = range.split(';').map(str::trim);
        let Some(language) = parts.next().and_then(Language::of_tag) else { continue };
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let weight = weight.map_or(Some(1.0), |weight| weight.parse::<f64>().ok()).unwrap_or(0.0);
        if weight > best.0 {
            best = (weight, language);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_that_is_wanted_most_is_taken() {
        for (wanted, language) in [
            ("", Language::English),
            ("fr", Language::French),
            ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", Language::French),
            ("de, en;q=0.5, fr;q=0.6", Language::French),
            ("en-GB,fr;q=0.9", Language::English),
            ("fr;q=0", Language::English),
            ("fr;q=much", Language::English),
            ("de", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(wanted));
            assert_eq!(accepted(&headers), language, "{wanted}");
        }
    }
}
