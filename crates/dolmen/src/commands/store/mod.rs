//! The store that a command works on.

pub(super) mod command;
mod scratch;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;

use dolmen_store::{LocalStore, Options, StoreError, Unreadable};

use crate::exit::{Exit, UsageError};
use crate::handover::{self, Serving};
use crate::settings::Settings;
pub(in crate::commands) use scratch::Scratch;

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

/// Says which segments an answer lacks; where there are any, that is a failure.
pub(super) fn say_unreadable(unreadable: &[Unreadable]) -> io::Result<Exit> {
    say_lacking(unreadable)
}

/// The same in sentences.
pub(super) fn say_lacking(lacking: &[impl Display]) -> io::Result<Exit> {
    let mut err = io::stderr().lock();
    for lost in lacking {
        writeln!(err, "dolmen: {lost}")?;
    }
    Ok(if lacking.is_empty() { Exit::Done } else { Exit::Failed })
}

/// Who writes the store.
pub(crate) enum Writer {
    /// This process.
    Here(Box<LocalStore>),
    /// A `dolmen serve`, to which the work is handed.
    There(Serving),
}

/// Whoever can write the store; one is made where there is none.
pub(crate) fn writer(settings: &Settings) -> anyhow::Result<Writer> {
    let folder = folder(settings)?;
    match LocalStore::open(&folder, Options::default()) {
        Ok(store) => Ok(Writer::Here(Box::new(store))),
        Err(error @ StoreError::Locked { .. }) => match handover::ask(&folder) {
            Some(serving) => Ok(Writer::There(serving)),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// Whoever can write a store that exists.
pub(crate) fn writer_of_existing(settings: &Settings) -> anyhow::Result<Writer> {
    // Where there is none, this says so.
    drop(open_read(settings)?);
    writer(settings)
}

/// The folder of the store, which may not be there yet.
fn folder(settings: &Settings) -> Result<PathBuf, UsageError> {
    settings.store_path().ok_or_else(|| {
        let message = "nobody says where the store is: name a folder with --store, \
                       $DOLMEN_STORE, or `path` under [store]";
        UsageError(message.to_owned())
    })
}
