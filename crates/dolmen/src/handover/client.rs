use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use dolmen_collect::Progress;
use serde::de::DeserializeOwned;

use super::{Answer, Job, SOCKET, Work, folder};
use crate::exit::{Exit, JobError};
use crate::settings::Settings;

/// A `dolmen serve` that holds the store and takes jobs.
#[derive(Debug)]
pub(crate) struct Serving {
    stream: UnixStream,
    store: PathBuf,
}

/// Whoever serves a store; `None` where nobody does.
pub(crate) fn ask(store: &Path) -> Option<Serving> {
    // A path to a socket may have a hundred bytes, and a store lies where it lies.
    let folder = File::open(folder(store)).ok()?;
    let path = format!("/proc/self/fd/{}/{SOCKET}", folder.as_raw_fd());
    // What a crash left behind refuses.
    let stream = UnixStream::connect(path).ok()?;
    Some(Serving { stream, store: store.to_owned() })
}

impl Serving {
    /// Has the work done; `progress` tells how far it is.
    pub(crate) fn run<T: DeserializeOwned>(
        &mut self,
        settings: &Settings,
        work: Work,
        progress: &Progress,
    ) -> anyhow::Result<T> {
        let config = settings.file.as_ref().map(std::path::absolute).transpose()?;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let job = serde_json::to_string(&Job { version, config, work })?;
        let lost = || format!("`dolmen serve`, which holds {}, hung up", self.store.display());
        writeln!(self.stream, "{job}").with_context(lost)?;
        for line in BufReader::new(&self.stream).lines() {
            match serde_json::from_str(&line.with_context(lost)?).with_context(lost)? {
                Answer::Progress { total, bytes, lines } => progress.follow(total, bytes, lines),
                Answer::Done(value) => return Ok(serde_json::from_value(value)?),
                Answer::Failed { message, exit } => {
                    let exit = if exit == Exit::Wrong as u8 { Exit::Wrong } else { Exit::Failed };
                    return Err(JobError { message, exit }.into());
                }
            }
        }
        bail!("{}: run it again", lost());
    }

    /// Copies standard input to where whoever serves can read it. Removed when it is dropped.
    pub(crate) fn copy_of_stdin(&self) -> anyhow::Result<tempfile::TempPath> {
        let folder = folder(&self.store);
        let mut copy = tempfile::Builder::new()
            .prefix("stdin-")
            .tempfile_in(&folder)
            .with_context(|| format!("cannot copy standard input to {}", folder.display()))?;
        io::copy(&mut io::stdin().lock(), copy.as_file_mut())
            .context("cannot read standard input")?;
        copy.as_file_mut().flush()?;
        Ok(copy.into_temp_path())
    }
}

/// Removes copies that a crash left behind.
pub(crate) fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("stdin-") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
