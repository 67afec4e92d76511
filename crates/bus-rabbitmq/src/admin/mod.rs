//! The broker's management API, for what AMQP cannot tell: what exists, and how busy it is.

mod compare;

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;

use dolmen_bus::TransportError;
use reqwest::{Certificate, Client, Method, StatusCode, Url, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::OpenError;
use crate::names::Names;

pub(crate) use compare::{compare, conflicts, stale};

/// How long the API may take to answer; a busy broker lists its queues slowly.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often a look that failed is repeated, and how long after.
const TRIES: u32 = 5;
const AGAIN: Duration = Duration::from_millis(100);

/// The feature that the journal needs.
const STREAMS: &str = "stream_queue";

/// The way to the API of one virtual host.
#[derive(Clone, Debug)]
pub(crate) struct Admin {
    client: Client,
    base: Url,
    user: String,
    password: String,
    vhost: String,
}

/// What exists in the virtual host.
#[derive(Debug, Default)]
pub(crate) struct Existing {
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) bindings: Vec<Binding>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) durable: bool,
    #[serde(default)]
    pub(crate) arguments: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Queue {
    pub(crate) name: String,
    pub(crate) durable: bool,
    #[serde(default)]
    pub(crate) arguments: Map<String, Value>,
    #[serde(default)]
    message_stats: Stats,
}

#[derive(Debug, Default, Deserialize)]
struct Stats {
    #[serde(default)]
    publish_details: Rate,
    #[serde(default)]
    ack_details: Rate,
}

#[derive(Deserialize)]
struct Held {
    #[serde(default)]
    messages_unacknowledged: u64,
}

#[derive(Debug, Default, Deserialize)]
struct Rate {
    #[serde(default)]
    rate: f64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Binding {
    pub(crate) source: String,
    pub(crate) destination_type: String,
    pub(crate) destination: String,
    pub(crate) routing_key: String,
}

#[derive(Deserialize)]
struct Flag {
    name: String,
    state: String,
}

impl Admin {
    /// The API at `url` (`http://user:password@host:15672`); `ca` as for AMQP.
    pub(crate) fn new(url: &str, vhost: &str, ca: Option<&str>) -> Result<Self, OpenError> {
        let wrong = |why: String| OpenError::AdminUrl(why);
        let mut base = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        let text = |text: &str| percent_decoded(text);
        let user = text(base.username());
        let password = text(base.password().unwrap_or_default());
        // They travel in a header, and stand in no error.
        if base.set_username("").is_err() || base.set_password(None).is_err() {
            return Err(wrong("it names no host".to_owned()));
        }
        // Somebody may have chosen one already; then that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder().redirect(redirect::Policy::none()).timeout(PATIENCE);
        if let Some(ca) = ca {
            let certificates = Certificate::from_pem_bundle(ca.as_bytes());
            for certificate in certificates.map_err(|error| wrong(error.to_string()))? {
                client = client.add_root_certificate(certificate);
            }
        }
        let client = client.build().map_err(|error| wrong(error.to_string()))?;
        Ok(Self { client, base, user, password, vhost: vhost.to_owned() })
    }

    /// Everything that exists. A broker without streams is refused: there is no journal on it.
    pub(crate) async fn existing(&self) -> Result<Existing, TransportError> {
        let flags: Vec<Flag> = self.get(&["feature-flags"]).await?;
        if !flags.iter().any(|flag| flag.name == STREAMS && flag.state == "enabled") {
            return Err(TransportError::Refused(format!(
                "this broker has no streams, where the journal is kept: run `rabbitmqctl \
                 enable_feature_flag {STREAMS}`, then `dolmen bus setup` again"
            )));
        }
        Ok(Existing {
            exchanges: self.get(&["exchanges", &self.vhost]).await?,
            queues: self.get(&["queues", &self.vhost]).await?,
            bindings: self.get(&["bindings", &self.vhost]).await?,
        })
    }

    /// The bindings alone.
    pub(crate) async fn bindings(&self) -> Result<Vec<Binding>, TransportError> {
        self.get(&["bindings", &self.vhost]).await
    }

    /// Of each queue, messages in and out a second, as the broker measured them lately.
    pub(crate) async fn rates(&self) -> Result<BTreeMap<String, (f64, f64)>, TransportError> {
        let queues: Vec<Queue> = self.get(&["queues", &self.vhost]).await?;
        let rates = queues.into_iter().map(|queue| {
            let Stats { publish_details, ack_details } = queue.message_stats;
            (queue.name, (publish_details.rate, ack_details.rate))
        });
        Ok(rates.collect())
    }

    /// How many messages of a queue are handed out without an answer; some seconds ago.
    pub(crate) async fn unacknowledged(&self, queue: &str) -> Result<u64, TransportError> {
        let held: Held = self.get(&["queues", &self.vhost, queue]).await?;
        Ok(held.messages_unacknowledged)
    }

    /// Makes the waits hand on what is due. After a hard crash of RabbitMQ 3.10 a queue may be
    /// there before the exchange that it hands its messages to, and then looks for it again only
    /// after minutes, or when a policy of it changes: so one is put on it, and taken away.
    pub(crate) async fn release_waits(&self, names: &Names) -> Result<(), TransportError> {
        let policy = format!("{}-waits", names.bus());
        let path = ["policies", &self.vhost, &policy];
        let body = json!({
            "pattern": format!("^{}\\.(wait|again)\\.", names.bus().replace('.', "\\.")),
            // More than a queue ever holds: what it says is of no importance.
            "definition": { "max-length": 1_000_000_000 },
            // Any other policy stays in force.
            "priority": -1,
            "apply-to": "queues",
        });
        self.send(Method::PUT, &path, Some(body.to_string())).await?;
        self.send(Method::DELETE, &path, None).await.map(drop)
    }

    async fn get<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, TransportError> {
        let mut tries = 0;
        let body = loop {
            match self.send(Method::GET, path, None).await {
                // The API stumbles over a queue that is made or removed while it lists them.
                Err(TransportError::Unreachable(_)) if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(AGAIN * tries).await;
                }
                result => break result?,
            }
        };
        serde_json::from_slice(&body).map_err(|error| {
            let what = path.first().copied().unwrap_or_default();
            TransportError::Refused(format!(
                "the management API at {} answers {what} in a form that is not known: {error}",
                self.base
            ))
        })
    }

    async fn send(
        &self,
        method: Method,
        path: &[&str],
        body: Option<String>,
    ) -> Result<Vec<u8>, TransportError> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("api").extend(path);
        }
        let mut request = self.client.request(method.clone(), url.clone());
        request = request.basic_auth(&self.user, Some(&self.password));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        let unreachable = |error: reqwest::Error| {
            let mut text = format!("the management API at {}: {error}", self.base);
            let mut cause = error.source();
            while let Some(error) = cause {
                text += &format!(": {error}");
                cause = error.source();
            }
            TransportError::Unreachable(text)
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        // Somebody else may have removed it meanwhile.
        let is_gone = method == Method::DELETE && status == StatusCode::NOT_FOUND;
        if status.is_success() || is_gone {
            return Ok(body.to_vec());
        }
        if status.is_server_error() {
            return Err(TransportError::Unreachable(format!("{url} answers {status}")));
        }
        let why = match status {
            StatusCode::UNAUTHORIZED => {
                "the user or the password in `admin_url` is wrong, or the user lacks the tag \
                 `management`"
            }
            StatusCode::FORBIDDEN => "this user may not do that: it needs the tag `policymaker`",
            StatusCode::NOT_FOUND => "there is no such virtual host, or no management API",
            _ => "it refused",
        };
        let said = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        Err(TransportError::Refused(format!("{url} answers {status}: {why} ({said})")))
    }
}

/// A user or password as it stands in a URL.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = |at: usize| after.get(at).and_then(|&b| char::from(b).to_digit(16));
        match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                rest = &after[2..];
            }
            _ => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_may_hold_any_character() {
        let admin = Admin::new("http://roots:p%40ss%2f%25@127.0.0.1:15672", "/", None).unwrap();
        assert_eq!((&*admin.user, &*admin.password), ("roots", "p@ss/%"));
        assert_eq!(admin.base.as_str(), "http://127.0.0.1:15672/");
    }
}
