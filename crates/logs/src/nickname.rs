//! The formats that have a name of their own.

use crate::format::Kind;
use crate::haproxy::HaProxy;
use crate::json::Json;
use crate::traefik::Traefik;
use crate::w3c::W3c;
use crate::{Fields, FormatError, alb, envoy, haproxy};

/// The names, for who asks what there is.
pub(crate) const NAMES: [&str; 10] =
    ["json", "haproxy", "envoy", "istio", "alb", "caddy", "traefik", "w3c", "iis", "bus"];

/// The format of access log lines that is called `text`, or that its own syntax tells; `None` when
/// it is neither.
pub(crate) fn calls(text: &str, fields: &Fields) -> Option<Result<Kind, FormatError>> {
    Some(match text {
        "json" => Json::calls(fields).map(Kind::Json),
        "bus" => Json::deliveries().map(Kind::Json),
        "caddy" => Json::caddy(fields).map(Kind::Json),
        "traefik" => Traefik::new(fields).map(Kind::Traefik),
        "alb" => Ok(Kind::Program(alb::program())),
        "envoy" => envoy::compile(envoy::DEFAULT).map(Kind::Program),
        "istio" => envoy::compile(envoy::ISTIO).map(Kind::Program),
        "haproxy" => HaProxy::new(fields).map(|haproxy| Kind::HaProxy(Box::new(haproxy))),
        "w3c" | "iis" => Ok(Kind::W3c(W3c::default())),
        _ if text.starts_with("#Fields:") => Ok(Kind::W3c(W3c::with_columns(text)?)),
        _ if envoy::is_format(text) => envoy::compile(text).map(Kind::Program),
        _ if haproxy::is_format(text) => haproxy::compile(text, fields).map(Kind::Program),
        _ => return None,
    })
}
