//! `cargo xtask prove serve`: `dolmen serve` is killed again and again under 20,000 lines a second.
//!
//! The proofs are tests, which kill a program of the everyday build three times; here they kill one of
//! the release build fifty times.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{cargo, check, release};

/// Kills `--kills` times (50 without it) the program `--program` (a release build without it).
pub(crate) fn prove(args: &[String]) -> Result<()> {
    let mut kills = 50;
    let mut program = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let value = args.next().with_context(|| format!("{arg} wants a value"))?;
        match arg.as_str() {
            "--kills" => kills = value.parse::<u32>().context("--kills wants a number")?,
            "--program" => program = Some(PathBuf::from(value).canonicalize()?),
            _ => bail!("known: --kills N, --program FILE"),
        }
    }
    ensure!(kills > 0, "--kills wants at least one");
    let program = program.map_or_else(release, Ok)?;
    let mut command = cargo();
    command.args(["test", "--quiet", "--package", "dolmen", "--test", "serve", "--"]);
    // One after the other: each wants the machine for itself.
    command.args(["killed::", "--nocapture", "--test-threads", "1"]);
    command.env("DOLMEN_KILLS", kills.to_string()).env("DOLMEN_PROGRAM", program);
    check(&mut command)
}
