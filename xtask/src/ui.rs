//! `cargo xtask ui`: the page of the console, from `ui/` to `ui/dist`, where the program embeds it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell;

/// Builds the page, unless it is there and nothing changed, and has editors know the API's types.
/// With `--pictures`, takes those of the docs as well.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let pictures = match args {
        [] => false,
        [option] if option == "--pictures" => true,
        _ => bail!("takes --pictures and no other arguments, and got {args:?}"),
    };
    build()?;
    if pictures {
        take_pictures()?;
    }
    describe()?;
    shell::check(npm()?.args(["run", "--silent", "generate"]))?;
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

/// Generates the API's types from what the program says of it, and checks the page against them.
pub(crate) fn check_types() -> Result<()> {
    describe()?;
    shell::check(npm()?.args(["run", "--silent", "types"]))
}

/// Writes the API's description where types are generated from it.
///
/// The types are gone once the page is built, so the page does not wait for the program.
fn describe() -> Result<()> {
    let mut program = Command::new(program()?);
    let description = shell::output(program.arg("api"))?;
    let folder = ui().join("generated");
    fs::create_dir_all(&folder)?;
    Ok(fs::write(folder.join("openapi.json"), description)?)
}

/// Takes the pictures of the docs, of the page as the program serves it.
fn take_pictures() -> Result<()> {
    let mut npm = npm()?;
    npm.env("DOLMEN_PROGRAM", program()?)
        .env("DOLMEN_PICTURES", shell::root().join("docs/pictures"));
    shell::check(npm.args(["run", "--silent", "program"]))
}

/// The program, as tests use it.
fn program() -> Result<PathBuf> {
    let mut cargo = shell::cargo();
    cargo.args(["build", "--quiet", "--package", "dolmen", "--message-format=json"]);
    let said = shell::output(&mut cargo)?;
    executable(&said).context("cargo does not say where it put the program")
}

fn executable(said: &str) -> Option<PathBuf> {
    let messages = said.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| Some(message["executable"].as_str()?.into())).next()
}

/// Runs the tests of the page's logic.
pub(crate) fn test() -> Result<Counted> {
    vitest("test", npm()?)
}

/// Walks through the page in a browser, which must have been built.
pub(crate) fn test_in_browser() -> Result<Counted> {
    vitest("browser", npm()?)
}

/// Walks the bank's story in a browser, in the page as the program serves it.
pub(crate) fn test_program_in_browser() -> Result<Counted> {
    let mut npm = npm()?;
    npm.env("DOLMEN_PROGRAM", program()?);
    vitest("program", npm)
}

fn vitest(script: &str, mut npm: Command) -> Result<Counted> {
    let report = tempfile::NamedTempFile::new()?;
    let file = format!("--outputFile.json={}", report.path().display());
    npm.args(["run", "--silent", script, "--", "--reporter=default", "--reporter=json", &file]);
    let status = npm.status().context("failed to run vitest")?;
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

/// Builds the page, unless it is there and nothing changed.
pub(crate) fn build() -> Result<()> {
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

/// What lies beside the sources and is none.
const OTHER: [&str; 5] = ["node_modules", "dist", "generated", "browser", "program"];

/// Whether a source is newer than the page, or there is no page.
fn stale() -> Result<bool> {
    let Some(built) = modified(&dist().join("index.html")) else { return Ok(true) };
    let mut newest = None;
    let mut folders = vec![ui()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            if OTHER.iter().any(|other| name == *other) {
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
    fn the_program_is_where_cargo_says() {
        let said = "{\"reason\": \"compiler-artifact\", \"executable\": null}\n\
                    {\"reason\": \"compiler-artifact\", \"executable\": \"/t/dolmen\"}\n\
                    {\"reason\": \"build-finished\", \"success\": true}\n";
        assert_eq!(executable(said), Some(PathBuf::from("/t/dolmen")));
        assert_eq!(executable("no JSON"), None);
    }

    #[test]
    fn what_ran_is_read_from_the_report() {
        let counted =
            counts(r#"{"numPassedTests": 90, "numFailedTests": 1, "numPendingTests": 2}"#).unwrap();
        assert_eq!((counted.passed, counted.failed, counted.skipped), (90, 1, 2));
        assert!(counts("").is_none());
        assert!(counts("{}").is_none());
    }
}
