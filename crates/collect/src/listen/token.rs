//! What a sender must know, in the ways in which senders can say it.

use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::body::text;

/// Whether a request says the token of its source: `Bearer TOKEN`, `ApiKey TOKEN`, `ApiKey` with the
/// base64 of `ID:TOKEN` or of a token that is itself `ID:KEY` (Elasticsearch), or `Basic` with the
/// token as the password of any user (RFC 7617).
pub(super) fn knows(headers: &HeaderMap, token: &str) -> bool {
    let Some(given) = text(headers, header::AUTHORIZATION.as_str()) else { return false };
    let Some((scheme, given)) = given.split_once(' ') else { return false };
    let given = given.trim();
    let is_token = |given: &[u8]| is_same(given, token.as_bytes());
    let packed = || STANDARD.decode(given).unwrap_or_default();
    // A user's name has no colon (RFC 7617), and neither has a key's id.
    let after_colon = |pair: &[u8]| {
        let colon = memchr::memchr(b':', pair);
        colon.is_some_and(|colon| is_token(&pair[colon + 1..]))
    };
    match scheme.to_ascii_lowercase().as_str() {
        "bearer" => is_token(given.as_bytes()),
        "basic" => after_colon(&packed()),
        "apikey" => {
            let pair = packed();
            is_token(given.as_bytes()) || is_token(&pair) || after_colon(&pair)
        }
        _ => false,
    }
}

/// Takes as long for a wrong token as for the right one.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn is_known(given: &str, token: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(given).unwrap());
        knows(&headers, token)
    }

    #[test]
    fn every_sender_can_say_it() {
        let packed = |text: &str| STANDARD.encode(text);
        for given in [
            "Bearer secret",
            "bearer secret",
            "ApiKey secret",
            &format!("ApiKey {}", packed("id:secret")),
            &format!("Basic {}", packed("filebeat:secret")),
        ] {
            assert!(is_known(given, "secret"), "{given}");
            assert!(!is_known(given, "other"), "{given}");
        }
        assert!(is_known(&format!("ApiKey {}", packed("id:key")), "id:key"));
    }

    #[test]
    fn what_is_no_token_is_none() {
        for given in ["", "secret", "Basic secret", "Basic", "Basic c2VjcmV0", "Digest secret"] {
            assert!(!is_known(given, "secret"), "{given}");
        }
    }
}
