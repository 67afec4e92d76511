//! The files of the project, read once.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::shell;

/// The text files that git keeps or would keep, and what cargo says of the crates.
pub(super) struct Tree {
    pub(super) files: Vec<Text>,
    /// `cargo metadata`, without what is not ours.
    pub(super) metadata: Value,
}

/// One of them.
pub(super) struct Text {
    /// From the workspace's folder, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl Tree {
    /// Reads the tree; what is not UTF-8 is no text of ours and is left out.
    pub(super) fn read() -> Result<Self> {
        let mut git = Command::new("git");
        git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
        let names = shell::output(git.current_dir(shell::root()))
            .context("tidy looks at what git keeps")?;
        let mut files = Vec::new();
        for path in names.split_terminator('\0') {
            // A file may be gone from the folder and still be in the index.
            let Ok(bytes) = fs::read(shell::root().join(path)) else { continue };
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(Text { path: path.to_owned(), text });
            }
        }
        let mut metadata = shell::cargo();
        metadata.args(["metadata", "--no-deps", "--format-version", "1"]);
        let metadata = serde_json::from_str(&shell::output(&mut metadata)?)?;
        Ok(Self { files, metadata })
    }

    /// The Rust files.
    pub(super) fn rust(&self) -> impl Iterator<Item = &Text> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// Our crates, as cargo describes them.
    pub(super) fn packages(&self) -> impl Iterator<Item = &Value> {
        self.metadata["packages"].as_array().into_iter().flatten()
    }

    /// A file by its path.
    pub(super) fn file(&self, path: &str) -> Option<&Text> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl Text {
    /// Whether it holds nothing but tests (or benches, which may panic as well).
    pub(super) fn is_test(&self) -> bool {
        let mut parts = self.path.split('/').rev();
        let name = parts.next().unwrap_or_default();
        name == "tests.rs" || parts.any(|folder| folder == "tests" || folder == "benches")
    }

    /// Its lines with their numbers, up to the tests at its end.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let mut lines = self.text.lines().peekable();
        let mut number = 0;
        std::iter::from_fn(move || {
            let line = lines.next()?;
            number += 1;
            let tests = line == "#[cfg(test)]"
                && lines.peek().is_some_and(|next| next.starts_with("mod ") && next.ends_with('{'));
            (!tests).then_some((number, line))
        })
    }
}

#[cfg(test)]
impl Tree {
    /// A tree that was made up.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let text = |&(path, text): &(&str, &str)| Text { path: path.into(), text: text.into() };
        Self { files: files.iter().map(text).collect(), metadata: Value::Null }
    }
}
