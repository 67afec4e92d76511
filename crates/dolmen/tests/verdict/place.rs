//! A private folder for each test, and a command that knows nothing of this machine.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A monolith and the log of the proxy before it.
pub(crate) const MONOLITH: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'

[[service]]
name = "monolith"
monolith = true
path = "/*"
"#;

pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dolmen"));
        command.args(args).current_dir(self.dir.path()).env_clear();
        command.env("HOME", self.path("home")).env("COLUMNS", "120");
        command.output().unwrap()
    }

    /// Standard output of a run that ended with this code.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        let out = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {err}{out}");
        out
    }

    /// Standard error of a run that was refused with this code.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// What is judged, as JSON, whatever it comes to.
    #[track_caller]
    pub(crate) fn verdicts(&self, args: &[&str]) -> Value {
        let output = self.run(&[&["verdict", "--json"], args].concat());
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 3)), "{err}");
        let verdicts: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(verdicts["is_safe"] == true, output.status.code() == Some(0));
        verdicts
    }
}

/// The verdict on one operation.
#[track_caller]
pub(crate) fn of<'v>(verdicts: &'v Value, operation: &str) -> &'v Value {
    let mut all = verdicts["operations"].as_array().unwrap().iter();
    all.find(|one| one["operation"] == operation).unwrap_or(&Value::Null)
}

/// All reasons, one a line.
pub(crate) fn reasons(verdict: &Value) -> String {
    let reasons = verdict["reasons"].as_array().unwrap().iter();
    reasons.map(|reason| reason.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}
