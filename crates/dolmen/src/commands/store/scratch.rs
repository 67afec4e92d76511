//! A store that is gone when its question is answered.

use std::path::PathBuf;

use anyhow::Context as _;
use dolmen_store::{LocalStore, Options};
use tempfile::TempDir;

use super::super::Context;
use super::super::import::import;
use super::super::report::progress;
use crate::handover::ImportWork;
use crate::settings::Settings;

/// Typed files in a store of their own, in the folder for temporary files.
pub(in crate::commands) struct Scratch {
    pub(in crate::commands) store: LocalStore,
    /// Removes the folder when it goes.
    _folder: TempDir,
}

impl Scratch {
    /// Reads files as `dolmen report` reads them.
    pub(in crate::commands) fn of(
        calls: Vec<PathBuf>,
        marks: Vec<PathBuf>,
        settings: &Settings,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("dolmen-").tempdir();
        let folder = folder.context("make a folder for temporary files")?;
        let store = LocalStore::open(folder.path(), Options::default())?;
        let work = ImportWork { calls, marks, complete: true, ..ImportWork::default() };
        progress::show(context.terminal.progress, |progress| {
            import(settings, &store, work, None, progress)
        })?;
        Ok(Self { store, _folder: folder })
    }
}
