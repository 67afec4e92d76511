//! A command that writes, while `dolmen serve` holds the store, hands its job over.
//!
//! One process writes a store. So the command says what was typed to the one that does, over a
//! socket in the store's folder that only the same user can reach, and prints what comes back: its
//! output and its exit code are those of the command run alone. One line of JSON each way a message:
//! a [`Job`], then [`Answer`]s.

mod client;

use std::path::{Path, PathBuf};

use dolmen_store::NewWord;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use client::{Serving, ask, sweep};

/// What is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Of the program that asks: others may speak another language.
    pub(crate) version: String,
    /// The configuration that the command found, absolute; `None`: it found none.
    pub(crate) config: Option<PathBuf>,
    pub(crate) work: Work,
}

/// The work. Paths are absolute.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Work {
    /// `dolmen import`
    Import(ImportWork),
    /// `dolmen rules apply`
    ApplyRules,
    /// `dolmen store compact`
    Compact,
    /// `dolmen verdict say`; its number comes back
    Say(NewWord),
    /// `dolmen verdict take-back`; whether there was such a word comes back
    TakeBack(i64),
}

/// What was typed behind `dolmen import`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct ImportWork {
    pub(crate) calls: Vec<PathBuf>,
    pub(crate) marks: Vec<PathBuf>,
    pub(crate) calls_format: Option<String>,
    pub(crate) marks_format: Option<String>,
    pub(crate) complete: bool,
    /// A copy of what came by standard input.
    pub(crate) stdin: Option<PathBuf>,
}

impl ImportWork {
    /// Whether no file was typed: the sources of the configuration are meant.
    pub(crate) fn is_nothing(&self) -> bool {
        self.calls.is_empty() && self.marks.is_empty()
    }
}

/// What comes back: how far it is, and at last how it ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// Bytes to read, bytes and lines read.
    Progress { total: u64, bytes: u64, lines: u64 },
    /// What the work gives.
    Done(Value),
    /// Why it failed, and the exit code of that.
    Failed { message: String, exit: u8 },
}

/// The folder of the socket, below the store's; nobody else may enter it.
pub(crate) fn folder(store: &Path) -> PathBuf {
    store.join("handover")
}

/// The socket in that folder.
pub(crate) const SOCKET: &str = "socket";
