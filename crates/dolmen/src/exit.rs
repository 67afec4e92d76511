//! What the process says when it ends. Scripts rely on these four.

use std::io;
use std::process::ExitCode;

use dolmen_logs::FormatError;
use dolmen_model::query::QueryError;

use crate::settings::ConfigError;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// It did what was asked.
    Done = 0,
    /// Something went wrong that another run may mend: a file that cannot be read, a full disk.
    Failed = 1,
    /// What was typed or configured is wrong; running it again changes nothing.
    Wrong = 2,
    /// It did what was asked, and the answer is no.
    No = 3,
}

/// The table of the help texts and man pages.
pub(crate) const HELP: &str = "Exit codes:
  0  done
  1  failed: a file cannot be read, a disk is full
  2  wrong usage or configuration
  3  the answer is no";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A fault of who typed the command: what is wrong, and what to type instead.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// Why work that was handed over failed.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct JobError {
    /// What whoever did it says.
    pub(crate) message: String,
    /// What it would have ended with here.
    pub(crate) exit: Exit,
}

/// The code of an error. What is not listed here is a failure.
pub(crate) fn code_of(error: &anyhow::Error) -> Exit {
    if let Some(job) = error.chain().find_map(|cause| cause.downcast_ref::<JobError>()) {
        return job.exit;
    }
    if is_broken_pipe(error) {
        return Exit::Done;
    }
    let is_wrong = error.chain().any(|cause| {
        cause.is::<UsageError>()
            || cause.is::<ConfigError>()
            || cause.is::<QueryError>()
            || cause.is::<FormatError>()
    });
    if is_wrong { Exit::Wrong } else { Exit::Failed }
}

/// Whether the reader of our output went away: `dolmen report … | head` got what it wanted.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let kind = match cause.downcast_ref::<io::Error>() {
            Some(error) => Some(error.kind()),
            None => cause.downcast_ref::<serde_json::Error>().and_then(|e| e.io_error_kind()),
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    })
}
