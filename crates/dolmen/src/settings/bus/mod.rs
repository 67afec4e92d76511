//! `[bus]` and `[[bus.service]]`: where the bus is, and which services it has.

mod service;

use std::path::PathBuf;

use dolmen_bus::{Policy, PolicySettings, check_name};
use serde::Deserialize;
use toml::Spanned;

use super::document::{Document, Step};
use super::problem::Problem;
use super::source::beside;
use super::{one, sections_at};

pub(super) use service::ServiceSection;
pub(crate) use service::{HandlerSettings, Program, ServiceSettings};

/// The bus when nobody names one.
pub(super) const NAME: &str = "bus";
/// Where it is when nobody says.
const FILE: &str = "bus.db";

/// `[bus]` as it is written. `service` is read on its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BusSection {
    name: Option<Spanned<String>>,
    url: Option<Spanned<String>>,
    admin_url: Option<Spanned<String>>,
    ca: Option<String>,
    retry: Option<Spanned<PolicySettings>>,
    contracts: Option<Spanned<String>>,
    contracts_required: bool,
    /// Only its name is of use here.
    #[serde(rename = "service")]
    _services: Option<toml::Value>,
}

/// The bus.
#[derive(Clone, Debug)]
pub(crate) struct BusSettings {
    /// The prefix of everything on a broker.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) place: BusPlace,
    /// The management API of the broker.
    pub(crate) admin_url: Option<String>,
    /// The certificates that the broker's is signed with, PEM; the system's otherwise.
    pub(crate) ca: Option<PathBuf>,
    /// The policy of services that have none of their own, as written.
    pub(crate) retry: PolicySettings,
    /// The folder of the contracts.
    pub(crate) contracts: Option<PathBuf>,
    /// Whether a routing key may be without a contract.
    pub(crate) contracts_required: dolmen_bus::Required,
    /// The services, in the order of the file.
    pub(crate) services: Vec<ServiceSettings>,
}

/// Where a bus is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BusPlace {
    /// In one file of this machine.
    File(PathBuf),
    /// On a RabbitMQ, at this address.
    Broker(String),
}

impl BusPlace {
    /// Reads `sqlite:PATH` or the address of a broker. A relative path is left as it is.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            // `sqlite://` is what other programs want; it names the same file.
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err("`sqlite:` names no file: write \"sqlite:bus.db\"".to_owned());
            }
            return Ok(Self::File(PathBuf::from(path)));
        }
        if url.starts_with("amqp://") || url.starts_with("amqps://") {
            return Ok(Self::Broker(url.to_owned()));
        }
        Err("a bus is at \"sqlite:FILE\", \"amqp://user:password@host/vhost\" or \"amqps://…\""
            .to_owned())
    }
}

impl Default for BusSettings {
    fn default() -> Self {
        Self {
            name: NAME.to_owned(),
            place: BusPlace::File(PathBuf::from(FILE)),
            admin_url: None,
            ca: None,
            retry: PolicySettings::default(),
            contracts: None,
            contracts_required: dolmen_bus::Required::No,
            services: Vec::new(),
        }
    }
}

/// Reads and checks the bus and its services.
pub(super) fn read(document: &Document<'_>, problems: &mut Vec<Problem>) -> BusSettings {
    let bus = [Step::Key("bus")];
    let Some(value) = document.value(&bus).filter(|value| value.get_ref().is_table()) else {
        return BusSettings::default();
    };
    let Some(section) = one::<BusSection>(document, value, problems) else {
        return BusSettings::default();
    };
    let default = BusSettings::default();
    let mut problem = |at: std::ops::Range<usize>, message: String| {
        problems.push(document.problem(at, message));
    };
    if let Some(name) = &section.name
        && let Err(error) = check_name(name.get_ref())
    {
        problem(name.span(), error.to_string());
    }
    let place = match section.url.as_ref().map(|url| (url, BusPlace::parse(url.get_ref()))) {
        Some((_, Ok(BusPlace::File(path)))) => {
            BusPlace::File(beside(document, &path.to_string_lossy()))
        }
        Some((_, Ok(broker))) => broker,
        Some((url, Err(message))) => {
            problem(url.span(), message);
            default.place
        }
        None => BusPlace::File(beside(document, FILE)),
    };
    if let Some(url) = &section.admin_url
        && !["http://", "https://"].iter().any(|scheme| url.get_ref().starts_with(scheme))
    {
        let message = "the management API is at http:// or https://, such as \
                       \"http://user:password@host:15672\"";
        problem(url.span(), message.to_owned());
    }
    if let (Some(url), BusPlace::File(_)) = (&section.admin_url, &place) {
        let message = "a bus in a file has no management API, and needs none: remove `admin_url`";
        problem(url.span(), message.to_owned());
    }
    let retry =
        match section.retry.as_ref().map(|retry| (retry, Policy::build(retry.get_ref(), ""))) {
            Some((retry, Ok(_))) => retry.get_ref().clone(),
            Some((retry, Err(error))) => {
                problem(retry.span(), error.to_string());
                PolicySettings::default()
            }
            None => PolicySettings::default(),
        };
    let contracts = section.contracts.as_ref();
    if section.contracts_required && contracts.is_none() {
        let message = "contracts_required = true, and no folder of contracts: add `contracts`";
        problem(value.span(), message.to_owned());
    }
    let services = sections_at::<ServiceSection>(document, &["bus", "service"], problems);
    BusSettings {
        services: service::check(document, services, &retry, problems),
        name: section.name.map_or(default.name, Spanned::into_inner),
        place,
        admin_url: section.admin_url.map(Spanned::into_inner),
        ca: section.ca.map(|path| beside(document, &path)),
        retry,
        contracts: contracts.map(|path| beside(document, path.get_ref())),
        contracts_required: match section.contracts_required {
            true => dolmen_bus::Required::Yes,
            false => dolmen_bus::Required::No,
        },
    }
}
