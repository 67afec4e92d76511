//! Who may ask.
//!
//! There is no log-in yet, so the console listens on loopback. That alone does not keep a web page
//! from elsewhere out: a browser on this machine would carry its requests here. A page whose name
//! was pointed at 127.0.0.1 (DNS rebinding) is known by the `Host` it asks for, one that posts
//! across origins by `Origin` and `Sec-Fetch-Site`.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

pub(crate) async fn this_machine_only(request: Request, next: Next) -> Response {
    let headers = request.headers();
    if !text(headers, "host").is_none_or(is_this_machine) {
        return Problem::new(
            StatusCode::MISDIRECTED_REQUEST,
            "this console answers to localhost, 127.0.0.1 and [::1] only",
        )
        .into_response();
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && !comes_from_here(headers) {
        return Problem::new(StatusCode::FORBIDDEN, "another site may not change anything here")
            .into_response();
    }
    next.run(request).await
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// `localhost`, or a loopback address; with or without a port.
fn is_this_machine(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Programs that are no browsers send neither header.
fn comes_from_here(headers: &HeaderMap) -> bool {
    let origin = text(headers, header::ORIGIN.as_str());
    let host = text(headers, header::HOST.as_str());
    let same_origin = origin.is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host)
    });
    let site = text(headers, "sec-fetch-site");
    same_origin && site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_this_machine() {
        for host in ["localhost", "LOCALHOST:7117", "127.0.0.1:7117", "[::1]:7117", "127.8.8.8"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["example.org", "localhost.example.org", "10.0.0.1:7117", "[::2]", "", "["] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
