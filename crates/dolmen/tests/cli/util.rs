//! A private folder for each test, and a command that knows nothing of this machine.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder of one test, removed at its end.
pub(crate) struct Folder {
    dir: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Writes a file, and makes the folders above it.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// `dolmen` with these arguments, in this folder.
    pub(crate) fn dolmen(&self, args: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dolmen"));
        command.args(args).current_dir(self.path()).env_clear();
        command.env("HOME", self.path().join("home"));
        Run { command, input: None }
    }
}

/// A run that is being prepared.
pub(crate) struct Run {
    command: Command,
    input: Option<Vec<u8>>,
}

impl Run {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// What stands on standard input; it is empty otherwise.
    pub(crate) fn input(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.input = Some(bytes.as_ref().to_vec());
        self
    }

    pub(crate) fn output(mut self) -> Output {
        let piped = Stdio::piped;
        self.command.stdin(piped()).stdout(piped()).stderr(piped());
        let mut child = self.command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = self.input.unwrap_or_default();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // Who does not read its input goes on without it.
                let _ = stdin.write_all(&input);
            });
            child.wait_with_output().unwrap()
        })
    }

    /// Standard output of a run that went well and had nothing to say beside.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        let (out, err) = self.done_with_notes();
        assert_eq!(err, "");
        out
    }

    /// Standard output and standard error of a run that went well.
    #[track_caller]
    pub(crate) fn done_with_notes(self) -> (String, String) {
        let output = self.output();
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{err}");
        (text(&output.stdout), err)
    }

    /// Standard output of a run that went well, as JSON.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// Standard error of a run that ended with this code and printed no answer.
    #[track_caller]
    pub(crate) fn refused(self, code: i32) -> String {
        let output = self.output();
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{err}");
        assert_eq!(text(&output.stdout), "");
        assert!(err.starts_with("dolmen: "), "{err}");
        assert_eq!(err.matches("dolmen: ").count(), 1, "said twice: {err}");
        err
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
