use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A program that a user would pick instead.
pub(super) struct Peer {
    pub(super) name: String,
    pub(super) reads: Reads,
    pub(super) command: Box<dyn Fn() -> Command>,
    /// How often it is run at most: of a slow one, once is enough to tell.
    pub(super) runs: usize,
}

/// Which lines a program reads.
#[derive(Clone, Copy)]
pub(super) enum Reads {
    Calls,
    CallsAndMarks,
}

/// DuckDB from its Python package, in a virtual environment of its own under `scratch`.
pub(super) fn duckdb(root: &Path, scratch: &Path, access: &Path, marks: &Path) -> Result<Peer> {
    let venv = scratch.join("venv");
    let python = venv.join("bin/python");
    if !python.exists() {
        quietly(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    }
    quietly(Command::new(&python).args(["-m", "pip", "install", "--quiet", "duckdb"]))?;
    let version = Command::new(&python)
        .args(["-c", "import duckdb; print(duckdb.__version__)"])
        .output()
        .context("cannot ask DuckDB's version")?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let script = root.join("bench/peers/duckdb_join.py");
    let files: [PathBuf; 2] = [access.to_owned(), marks.to_owned()];
    let command = move || {
        let mut command = Command::new(&python);
        command.arg(&script).args(&files);
        command
    };
    Ok(Peer {
        name: format!("DuckDB {version} (parse, join, count)"),
        reads: Reads::CallsAndMarks,
        command: Box::new(command),
        runs: usize::MAX,
    })
}

/// GoAccess from the distribution: it reads the access lines only and joins nothing.
pub(super) fn goaccess(access: &Path) -> Result<Peer> {
    if Command::new("goaccess").arg("--version").output().is_err() {
        quietly(Command::new("apt-get").args([
            "install",
            "-y",
            "--no-install-recommends",
            "goaccess",
        ]))
        .context("GoAccess is not installed, and apt-get could not install it")?;
    }
    let access = access.to_owned();
    let command = move || {
        let mut command = Command::new("goaccess");
        command.arg(&access).args([
            "--log-format=%h %^[%d:%t %^] \"%r\" %s %b \"%R\" \"%u\" \"%^\" %D",
            "--date-format=%d/%b/%Y",
            "--time-format=%T",
            "--output=json",
            "--no-progress",
        ]);
        command
    };
    let name = "GoAccess (calls only, no join)".to_owned();
    Ok(Peer { name, reads: Reads::Calls, command: Box::new(command), runs: 1 })
}

fn quietly(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot start {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(())
}
