//! The store that a command works on.

pub(super) mod command;

use std::path::PathBuf;

use dolmen_store::{LocalStore, Options};

use crate::exit::UsageError;
use crate::settings::Settings;

/// Where the store is.
#[derive(Debug, clap::Args)]
pub(crate) struct StoreArg {
    /// The folder of the store
    ///
    /// Without it: $DOLMEN_STORE, then `path` under `[store]` of the configuration, then `dolmen` in
    /// the user's data folder (~/.local/share).
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
}

/// Whether there is a store where the settings say.
pub(crate) fn is_there(settings: &Settings) -> bool {
    settings.store_path().is_some_and(|path| path.join("catalog.sqlite").exists())
}

/// Opens the store for reading.
pub(crate) fn open_read(settings: &Settings) -> anyhow::Result<LocalStore> {
    Ok(LocalStore::open_read(folder(settings)?, Options::default())?)
}

/// Opens the store for writing, and makes it where there is none.
pub(crate) fn open(settings: &Settings) -> anyhow::Result<LocalStore> {
    Ok(LocalStore::open(folder(settings)?, Options::default())?)
}

/// Opens a store that exists for writing.
pub(crate) fn open_existing(settings: &Settings) -> anyhow::Result<LocalStore> {
    // Where there is none, this says so.
    drop(open_read(settings)?);
    open(settings)
}

/// The folder of the store, which may not be there yet.
fn folder(settings: &Settings) -> Result<PathBuf, UsageError> {
    settings.store_path().ok_or_else(|| {
        let message = "nobody says where the store is: name a folder with --store, \
                       $DOLMEN_STORE, or `path` under [store]";
        UsageError(message.to_owned())
    })
}
