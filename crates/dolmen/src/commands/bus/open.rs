//! The way to the bus that was meant.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use dolmen_bus::{Contracts, Policy, ServiceSpec, Topology, Transport, TransportError};
use dolmen_bus_rabbitmq::RabbitBus;
use dolmen_bus_sqlite::{FailedFile, SqliteBus};

use crate::commands::Context;
use crate::exit::UsageError;
use crate::settings::{Asked, BusPlace, BusSettings, Settings};

/// Which bus.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct BusArgs {
    /// The bus: sqlite:FILE, amqp://user:password@host/vhost or amqps://…
    ///
    /// Without it: `url` under `[bus]` of the configuration, else the file bus.db here.
    #[arg(long = "bus", value_name = "URL", env = "DOLMEN_BUS", hide_env_values = true)]
    url: Option<String>,
}

/// Whether a bus in a file that is not there is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::commands) enum Missing {
    /// Make it: somebody sets it up.
    Make,
    /// Refuse: a message in a file that nobody reads would be as good as lost.
    Refuse,
    /// Look at an empty one instead, which is thrown away.
    Pretend,
}

/// A bus that is open, with what the configuration says of it.
pub(in crate::commands) struct Bus {
    pub(in crate::commands) transport: Arc<dyn Transport>,
    pub(super) settings: BusSettings,
    /// The folder that relative commands of the configuration start at.
    pub(super) folder: Option<PathBuf>,
    /// Where it is, for people; without a password.
    pub(super) place: String,
    /// Where failed messages are kept that somebody here decided about.
    failed: PathBuf,
    file: Option<SqliteBus>,
    /// Removed when this is dropped.
    _pretended: Option<tempfile::TempDir>,
}

/// The settings, with what was typed put in.
pub(super) fn settings(
    args: &BusArgs,
    context: &Context,
) -> anyhow::Result<(Settings, BusSettings)> {
    let settings = Settings::load(&Asked::new(context.config.clone(), None))?;
    let mut bus = settings.bus.clone();
    if let Some(url) = args.url.as_deref().filter(|url| !url.is_empty()) {
        let place = BusPlace::parse(url).map_err(|why| UsageError(format!("--bus {why}")))?;
        if place != bus.place {
            // They belong to the broker that is configured, and this is another one.
            bus.admin_url = None;
        }
        bus.place = place;
    }
    Ok((settings, bus))
}

/// Opens the bus that was meant. `services` are more services that are to be known.
pub(super) async fn open(
    args: &BusArgs,
    context: &Context,
    missing: Missing,
    services: &[&str],
) -> anyhow::Result<Bus> {
    let (all, settings) = settings(args, context)?;
    connect(&all, settings, missing, services).await
}

/// Opens the bus of `settings`, which is of the configuration `all`.
pub(in crate::commands) async fn connect(
    all: &Settings,
    settings: BusSettings,
    missing: Missing,
    services: &[&str],
) -> anyhow::Result<Bus> {
    let folder = all.file.as_deref().and_then(Path::parent).map(Path::to_path_buf);
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty());
    match settings.place.clone() {
        BusPlace::File(meant) => {
            let mut path = meant.clone();
            let mut pretended = None;
            if missing == Missing::Pretend && !path.exists() {
                let folder = tempfile::tempdir().context("failed to make a temporary folder")?;
                path = folder.path().join("bus.db");
                pretended = Some(folder);
            }
            refuse_folder(&path)?;
            if missing == Missing::Refuse && !path.exists() {
                return Err(UsageError(format!(
                    "there is no bus at {}: `dolmen bus setup` makes one, and so does `dolmen bus \
                     work --listen KEY`",
                    path.display()
                ))
                .into());
            }
            let bus =
                SqliteBus::open(&path, dolmen_bus_sqlite::Options::default()).map_err(|error| {
                    let is_read_only = error.is_read_only();
                    let error = anyhow::Error::new(error);
                    let error = match is_read_only {
                        true => error.context(
                            "nothing can be written there: a bus needs its file and the folder \
                             around it to be writable, also to be looked at",
                        ),
                        false => error,
                    };
                    error.context(format!("failed to open the bus {}", path.display()))
                })?;
            let mut failed = path.clone().into_os_string();
            failed.push(".failed");
            Ok(Bus {
                transport: Arc::new(bus.clone()),
                settings,
                folder,
                place: meant.display().to_string(),
                failed: failed.into(),
                file: Some(bus),
                _pretended: pretended,
            })
        }
        BusPlace::Broker(url) => {
            let mut options = dolmen_bus_rabbitmq::Options::new(&settings.name, &url);
            options.services = settings
                .services
                .iter()
                .map(|service| &*service.name)
                .chain(services.iter().copied())
                .map(str::to_owned)
                .collect();
            options.rungs.extend(waits(&settings));
            options.admin_url.clone_from(&settings.admin_url);
            if let Some(path) = &settings.ca {
                let pem = std::fs::read_to_string(path)
                    .map_err(|error| UsageError(format!("ca: {}: {error}", path.display())))?;
                options.ca = Some(pem);
            }
            let place = crate::settings::without_password(&url);
            let bus = RabbitBus::open(options).await.map_err(|error| match error {
                dolmen_bus_rabbitmq::OpenError::Transport(error) => {
                    anyhow::Error::new(error).context(format!("failed to open the bus at {place}"))
                }
                wrong => UsageError(format!("{place}: {wrong}")).into(),
            })?;
            let store = all.store_path().context(UsageError(
                "there is no folder to keep failed messages in: name one with `path` in [store]"
                    .to_owned(),
            ))?;
            let failed =
                store.join("bus").join(format!("{}.failed", file_name(&settings.name, &place)));
            let transport = Arc::new(bus);
            Ok(Bus { transport, settings, folder, place, failed, file: None, _pretended: None })
        }
    }
}

/// The waits that the policies name, in seconds: setup made them, perhaps another process's.
fn waits(settings: &BusSettings) -> impl Iterator<Item = u64> {
    let policies = settings.services.iter().map(|service| service.policy.clone());
    // Of services that are only typed. Where it is wrong, those are told who type one.
    let theirs = Policy::build(&settings.retry, "").ok();
    let delays = policies.chain(theirs).flat_map(|policy| policy.named_delays());
    delays.map(dolmen_bus_rabbitmq::seconds)
}

/// A bus is made in a folder that exists: one that does not is a slip of the pen.
fn refuse_folder(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => Err(UsageError(format!(
            "there is no folder {} for the bus {}: make it, or name another file",
            folder.display(),
            path.display()
        ))
        .into()),
        _ => Ok(()),
    }
}

/// One file name for one bus of one broker.
fn file_name(bus: &str, place: &str) -> String {
    let (_, address) = place.split_once("://").unwrap_or(("", place));
    let address = address.rsplit_once('@').map_or(address, |(_, address)| address);
    let kept = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    let address: String = address.chars().map(|c| if kept(c) { c } else { '_' }).collect();
    format!("{bus}@{address}")
}

impl Bus {
    /// The services of the configuration, as a transport wants them.
    pub(super) fn topology(&self) -> Topology {
        let services = self.settings.services.iter().map(|service| ServiceSpec {
            name: service.name.clone(),
            listen: service.listen.clone(),
            policy: service.policy.clone(),
        });
        Topology { services: services.collect() }
    }

    /// The contracts of the configuration.
    pub(super) fn contracts(&self) -> anyhow::Result<Contracts> {
        match &self.settings.contracts {
            Some(folder) => Contracts::load(folder, self.settings.contracts_required)
                .map_err(|error| UsageError(format!("contracts: {error}")).into()),
            None => Ok(Contracts::default()),
        }
    }

    /// The failed messages that were taken over from the bus, by whoever decided about them here.
    pub(super) fn kept(&self) -> anyhow::Result<FailedFile> {
        if let Some(folder) = self.failed.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("failed to make the folder {}", folder.display()))?;
        }
        FailedFile::open(&self.failed)
            .with_context(|| format!("failed to open {}", self.failed.display()))
    }

    /// Ends what this process holds of the bus.
    pub(in crate::commands) async fn close(&self) -> anyhow::Result<()> {
        match &self.file {
            Some(bus) => bus.close().await.map_err(explain),
            None => Ok(()),
        }
    }
}

/// What the person who typed can mend is a fault of usage.
pub(in crate::commands) fn explain(error: TransportError) -> anyhow::Error {
    match error {
        TransportError::Unreachable(_) => error.into(),
        wrong => UsageError(wrong.to_string()).into(),
    }
}
