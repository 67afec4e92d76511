//! The page: what `ui` builds, embedded.

use axum::http::{HeaderValue, StatusCode, Uri, header};
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
pub(crate) async fn page(uri: Uri) -> Response {
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
        return (headers, file.data).into_response();
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
