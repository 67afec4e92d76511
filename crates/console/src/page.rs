//! The page: what `ui` builds, embedded.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use rust_embed::RustEmbed;

use crate::problem::Problem;

/// Everything comes from here, nothing frames it. Charts and components set styles of elements.
pub(crate) const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Built;

/// Without Node the program can still be built; the API is all there then.
const NOT_BUILT: &str = "<!doctype html><meta charset=utf-8><title>dolmen</title>\
    <p>This dolmen was built without its page. To have it, run <code>cargo xtask ui</code> and \
    build again. The API is there all the same: <a href=/api/openapi.json>/api/openapi.json</a>.";

/// A file of the page; for any other path the page itself, which then reads its address.
pub(crate) async fn page(uri: Uri, asked: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if let Some(file) = Built::get(path).filter(|_| !path.is_empty()) {
        // Names of assets hold a hash of what is in them.
        let cache = match path.starts_with("assets/") {
            true => "public, max-age=31536000, immutable",
            false => "no-cache",
        };
        let kind = HeaderValue::from_str(file.metadata.mimetype());
        let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
        let headers = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        ];
        // What was packed when the page was built is not packed again for everybody who asks.
        return match Built::get(&format!("{path}.gz")).filter(|_| takes_gzip(&asked)) {
            None => (headers, file.data).into_response(),
            Some(packed) => {
                let packing =
                    [(header::CONTENT_ENCODING, "gzip"), (header::VARY, "accept-encoding")];
                (headers, packing, packed.data).into_response()
            }
        };
    }
    if ["api", "assets", "health"].iter().any(|first| path.split('/').next() == Some(first)) {
        return Problem::missing(format!("there is nothing at /{path}")).into_response();
    }
    let index = match Built::get("index.html") {
        Some(file) => Html(file.data).into_response(),
        None => (StatusCode::NOT_FOUND, Html(NOT_BUILT)).into_response(),
    };
    ([(header::CACHE_CONTROL, "no-cache")], index).into_response()
}

/// Whether whoever asks reads gzip (RFC 9110, 12.5.3).
fn takes_gzip(asked: &HeaderMap) -> bool {
    let encodings = asked.get_all(header::ACCEPT_ENCODING).iter();
    encodings.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Ok(1.0), str::parse::<f64>);
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_ok_and(|weight| weight > 0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_read_it() {
        for (accepted, is_taken) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("identity", false),
            ("", false),
        ] {
            let mut asked = HeaderMap::new();
            asked.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            assert_eq!(takes_gzip(&asked), is_taken, "{accepted}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
