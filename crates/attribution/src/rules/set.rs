//! The rules as they are written in `dolmen.toml`.

use std::collections::BTreeMap;

use ipnet::IpNet;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::values::{self, Any};

/// What `dolmen.toml` says about names: four lists, each read from top to bottom, the first rule
/// that matches wins.
///
/// Texts are globs over bytes, and match the whole value: `*` is any run of bytes, `?` any one
/// byte, `\` takes the next character as it is. All conditions of a rule must hold; of a list of
/// values, any one.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct RuleSet {
    /// Who calls.
    #[serde(rename = "actor")]
    pub actors: Vec<ActorRule>,
    /// What is asked for.
    #[serde(rename = "operation")]
    pub operations: Vec<OperationRule>,
    /// Who answers.
    #[serde(rename = "service")]
    pub services: Vec<ServiceRule>,
    /// Path templates; here the most specific wins, not the first.
    #[serde(rename = "endpoint")]
    pub endpoints: Vec<EndpointRule>,
    /// Networks whose word in `X-Forwarded-For` is believed (see [`crate::client_address`]).
    #[serde(deserialize_with = "values::networks")]
    pub trusted_proxies: Vec<IpNet>,
}

/// A named application, team or script. At least one condition.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ActorRule {
    /// The actor's name.
    pub name: String,
    /// The `User-Agent` header; `""` is a call without one, and `*` never matches that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Any<String>>,
    /// The client's address, behind the trusted proxies: an address or a network.
    #[serde(default, deserialize_with = "values::any_network")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<Any<IpNet>>,
    /// The authenticated user; `""` is a call without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Any<String>>,
    /// Request headers that the log holds, by name; `*` is any value but none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, Any<String>>,
}

/// A business operation and one way to recognise its calls. Several rules may share a name.
///
/// A rule without `method`, `path`, `query`, `header` and `soap_action` matches no call: it
/// declares what is known of an operation that only marks can tell (`retired`, `moved_to`).
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct OperationRule {
    /// The operation's name.
    pub name: String,
    /// Only calls that this service answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The method, in upper case as RFC 9110 section 9.1 has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Any<String>>,
    /// A path template: `/api/card/{client}/block/{card}`, `/files/{path...}`, `/files/*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Any<String>>,
    /// Query parameters by name, decoded; of a repeated parameter any value may match.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, Any<String>>,
    /// Request headers that the log holds, by name. What they say is a claim of the client.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, Any<String>>,
    /// SOAP 1.1's `SOAPAction` header or SOAP 1.2's `action` parameter, without the quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soap_action: Option<Any<String>>,
    /// From the start of this day (UTC) on, a call to it on this service is residual.
    #[serde(default, deserialize_with = "values::date")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retired: Option<Date>,
    /// The service that took it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<String>,
}

/// A service, and how its calls are recognised where the source does not name it.
///
/// A rule without conditions matches no call: it declares the service.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct ServiceRule {
    /// The service's name.
    pub name: String,
    /// Whether it is the monolith that shall be left.
    #[serde(default)]
    pub monolith: bool,
    /// The virtual host, whatever the case, with or without its port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Any<String>>,
    /// A path template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Any<String>>,
    /// The backend that the proxy names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Any<String>>,
    /// The method, in upper case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Any<String>>,
    /// An OpenAPI document whose paths are templates of this service: no condition. Whoever reads
    /// files adds them to [`RuleSet::endpoints`] (see [`crate::openapi_endpoints`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openapi: Option<String>,
}

/// A path template that names endpoints.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct EndpointRule {
    /// Only calls that this service answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Only calls with this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Any<String>>,
    /// The template, as in [`OperationRule::path`].
    pub path: String,
}
