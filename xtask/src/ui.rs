//! `cargo xtask ui`: the page of the console, from `ui/` to `ui/dist`, where the program embeds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell;

/// Builds the page, unless it is there and nothing changed.
pub(crate) fn run() -> Result<ExitCode> {
    build()?;
    println!("{}", dist().display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the page where it can: without npm the program works, and its console says what is
/// missing.
pub(crate) fn build_if_possible() -> Result<()> {
    if shell::find("npm").is_none() && stale()? {
        eprintln!("the console will have no page: {NO_NPM}");
        return Ok(());
    }
    build()
}

const NO_NPM: &str = "building it needs Node.js 20.19 or newer with npm";

/// What the tests of a language said.
pub(crate) struct Counted {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

/// Checks the types.
pub(crate) fn check_types() -> Result<()> {
    shell::check(npm()?.args(["run", "--silent", "types"]))
}

/// Runs the tests of the page's logic.
pub(crate) fn test() -> Result<Counted> {
    vitest("test")
}

/// Walks through the page in a browser, which must have been built.
pub(crate) fn test_in_browser() -> Result<Counted> {
    vitest("browser")
}

fn vitest(script: &str) -> Result<Counted> {
    let report = tempfile::NamedTempFile::new()?;
    let file = format!("--outputFile.json={}", report.path().display());
    let mut vitest = npm()?;
    vitest.args(["run", "--silent", script, "--", "--reporter=default", "--reporter=json", &file]);
    let status = vitest.status().context("failed to run vitest")?;
    let counted = counts(&fs::read_to_string(report.path())?);
    match counted {
        Some(counted) if status.success() == (counted.failed == 0) => Ok(counted),
        _ => bail!("vitest failed before it could count: {status}"),
    }
}

fn counts(report: &str) -> Option<Counted> {
    let report: Value = serde_json::from_str(report).ok()?;
    let number = |key: &str| report[key].as_u64();
    Some(Counted {
        passed: number("numPassedTests")?,
        failed: number("numFailedTests")?,
        skipped: number("numPendingTests").unwrap_or(0),
    })
}

fn build() -> Result<()> {
    install()?;
    if stale()? {
        shell::check(npm()?.args(["run", "--silent", "build"]))
            .context("failed to build the page")?;
    }
    Ok(())
}

/// Fetches the packages that the lock file names, unless those are there.
fn install() -> Result<()> {
    let lock = ui().join("package-lock.json");
    let installed = ui().join("node_modules/.package-lock.json");
    if modified(&installed) >= modified(&lock) && installed.exists() {
        return Ok(());
    }
    shell::check(npm()?.args(["ci", "--no-audit", "--no-fund"]))
        .context("failed to fetch the packages of the page")
}

/// Whether a source is newer than the page, or there is no page.
fn stale() -> Result<bool> {
    let Some(built) = modified(&dist().join("index.html")) else { return Ok(true) };
    let mut newest = None;
    let mut folders = vec![ui()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            if name == "node_modules" || name == "dist" || name == "browser" {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                newest = newest.max(modified(&path));
            }
        }
    }
    Ok(newest > Some(built))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn npm() -> Result<Command> {
    if shell::find("npm").is_none() {
        bail!("npm is not installed; {NO_NPM}");
    }
    let mut npm = Command::new("npm");
    npm.current_dir(ui());
    Ok(npm)
}

fn ui() -> PathBuf {
    shell::root().join("ui")
}

fn dist() -> PathBuf {
    ui().join("dist")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ran_is_read_from_the_report() {
        let counted =
            counts(r#"{"numPassedTests": 90, "numFailedTests": 1, "numPendingTests": 2}"#).unwrap();
        assert_eq!((counted.passed, counted.failed, counted.skipped), (90, 1, 2));
        assert!(counts("").is_none());
        assert!(counts("{}").is_none());
    }
}
