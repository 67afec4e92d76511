use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use thiserror::Error;

use super::{Handler, Incoming};
use crate::Failure;

/// The most of an answer's body that is read, as the error text.
const MOST_ANSWER: usize = 4 * 1024;

/// POSTs each message to an HTTP service: the body is the body, the facts are headers
/// (`dolmen-message-id`, `dolmen-routing-key`, `dolmen-attempt`, `dolmen-service`, `traceparent`,
/// CloudEvents attributes as `ce-...`).
///
/// 2xx is done; 408, 425, 429, 502, 503, 504 and a connection that fails are softfails,
/// availability, at the time that `Retry-After` asks for; 409 and 422 are hardfails, business;
/// everything else, redirections included, is a hardfail, technical.
#[derive(Clone, Debug)]
pub struct Http {
    url: Url,
    client: Client,
}

/// Why messages cannot be sent to a URL.
#[derive(Debug, Error)]
pub enum HttpError {
    /// It is no URL of HTTP.
    #[error("{0:?} is no http:// or https:// URL: {1}")]
    Url(String, String),
    /// No client can be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(String),
}

impl Http {
    /// Whether messages can be sent to `url`.
    pub fn check(url: &str) -> Result<(), HttpError> {
        parse(url).map(|_| ())
    }

    /// Sends messages to `url`.
    pub fn new(url: &str) -> Result<Self, HttpError> {
        let url = parse(url)?;
        // Somebody may have chosen one already; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .build()
            .map_err(|error| HttpError::Client(error.to_string()))?;
        Ok(Self { url, client })
    }
}

fn parse(url: &str) -> Result<Url, HttpError> {
    let wrong = |why: &str| HttpError::Url(url.to_owned(), why.to_owned());
    let url = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err(wrong("another scheme")),
    }
}

#[async_trait]
impl Handler for Http {
    async fn handle(&self, incoming: Incoming) -> Result<(), Failure> {
        let request = self
            .client
            .post(self.url.clone())
            .headers(headers(&incoming))
            .body(incoming.body.clone());
        match request.send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => Err(failure(response).await),
            Err(error) => {
                let text = format!("{}: {}", self.url, chain(&error));
                Err(Failure::availability(text).code("no-connection"))
            }
        }
    }
}

/// The facts as headers; what cannot be a header's value is left out.
fn headers(incoming: &Incoming) -> HeaderMap {
    let message = &incoming.message;
    let attempt = incoming.attempt.to_string();
    let facts = [
        ("dolmen-message-id", Some(&*message.id)),
        ("dolmen-routing-key", Some(&*message.routing_key)),
        ("dolmen-attempt", Some(&*attempt)),
        ("dolmen-service", Some(&*incoming.service)),
        ("dolmen-producer", message.producer.as_deref()),
        ("dolmen-type", message.kind.as_deref()),
        ("dolmen-correlation-id", message.correlation_id.as_deref()),
        ("dolmen-reply-to", message.reply_to.as_deref()),
        ("content-type", message.content_type.as_deref()),
        ("traceparent", incoming.traceparent.as_deref()),
        ("tracestate", message.tracestate.as_deref()),
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in facts {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    for (name, value) in &message.headers {
        let attribute = name.strip_prefix("cloudEvents:").or(name.strip_prefix("cloudEvents_"));
        let name = attribute.and_then(|name| HeaderName::try_from(format!("ce-{name}")).ok());
        let value = match value.as_str() {
            Some(text) => HeaderValue::from_str(text),
            None => HeaderValue::from_str(&value.to_string()),
        };
        if let (Some(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
    headers
}

async fn failure(response: Response) -> Failure {
    let status = response.status();
    let retry_after = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| retry_after(value.to_str().ok()?, Timestamp::now()));
    let text = text(response).await;
    let failure = match status {
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::TOO_EARLY
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Failure::availability(text),
        StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY => Failure::business(text),
        _ => Failure::technical(text),
    };
    Failure { retry_after, ..failure.code(format!("http-{}", status.as_u16())) }
}

/// The status and the first of what the answer says.
async fn text(mut response: Response) -> String {
    let status = response.status();
    let mut body = Vec::new();
    while body.len() < MOST_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            _ => break,
        }
    }
    body.truncate(MOST_ANSWER);
    let body = String::from_utf8_lossy(&body);
    format!("{status}: {}", body.trim()).trim_end_matches(": ").to_owned()
}

/// Seconds, or a date in either form that HTTP still sends (RFC 9110, section 10.2.3); a date
/// that is past means now.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value.trim()).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// An error with what caused it: the outer one alone says only "error sending request".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "1994-11-06T08:49:00Z".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(retry_after(date, now), Some(Duration::from_secs(37)));
        let past: Timestamp = "1995-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(retry_after(date, past), Some(Duration::ZERO));
        assert_eq!(retry_after("soon", now), None);
    }
}
