//! Where the configuration is.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What was typed and what the environment says, before the configuration is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// The configuration that a command was given as its argument.
    pub(crate) argument: Option<PathBuf>,
    /// `--config FILE`
    pub(crate) config: Option<PathBuf>,
    /// `--store DIR`
    pub(crate) store: Option<PathBuf>,
    /// `$DOLMEN_CONFIG`
    config_variable: Option<PathBuf>,
    /// `$DOLMEN_STORE`
    pub(super) store_variable: Option<PathBuf>,
    /// The XDG data folder of the user.
    pub(super) data: Option<PathBuf>,
    /// Only what is named counts: nothing is found by itself.
    is_exact: bool,
}

/// A configuration that was found, and who named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// `--config` or `$DOLMEN_CONFIG`; none where it is an argument, or just lay there.
    pub(super) named_by: Option<&'static str>,
}

const HERE: &str = "dolmen.toml";
const MACHINE: &str = "/etc/dolmen/dolmen.toml";

impl Asked {
    /// Adds what the environment says.
    pub(crate) fn new(config: Option<PathBuf>, store: Option<PathBuf>) -> Self {
        let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let absolute =
            |value: OsString| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
        // XDG Base Directory Specification: what is not absolute is ignored.
        let data = variable("XDG_DATA_HOME").and_then(absolute).or_else(|| {
            let home = variable("HOME").and_then(absolute)?;
            Some(home.join(".local/share"))
        });
        Self {
            argument: None,
            config,
            store,
            config_variable: variable("DOLMEN_CONFIG").map(PathBuf::from),
            store_variable: variable("DOLMEN_STORE").map(PathBuf::from),
            data,
            is_exact: false,
        }
    }

    /// This configuration, or none, and this store; wherever this process was started.
    pub(crate) fn exactly(config: Option<PathBuf>, store: PathBuf) -> Self {
        Self { argument: config, store: Some(store), is_exact: true, ..Self::default() }
    }

    /// The path of the configuration to be read.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        self.find().map(|found| found.path)
    }

    /// The configuration to be read: the one that is named, or the first one that is there.
    pub(super) fn find(&self) -> Option<Found> {
        if let Some(path) = &self.argument {
            return Some(Found { path: path.clone(), named_by: None });
        }
        let named = [(&self.config, "--config"), (&self.config_variable, "$DOLMEN_CONFIG")];
        for (path, by) in named {
            if let Some(path) = path {
                return Some(Found { path: path.clone(), named_by: Some(by) });
            }
        }
        [HERE, MACHINE]
            .into_iter()
            .filter(|_| !self.is_exact)
            .map(Path::new)
            .find(|path| path.exists())
            .map(|path| Found { path: path.to_owned(), named_by: None })
    }
}
