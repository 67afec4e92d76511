//! `cargo xtask demo`: the first thing that somebody new runs.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::{shell, ui};

/// Builds the program, a little less optimised than its users get it, and plays the stories.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    ui::build_if_possible()?;
    let mut demo = shell::cargo();
    demo.args(["run", "--profile", "demo", "--package", "dolmen", "--", "demo"]).args(args);
    let status = demo.status().context("failed to run cargo")?;
    match status.code().map(u8::try_from) {
        Some(Ok(code)) => Ok(code.into()),
        _ => bail!("the demo ended before it was told: {status}"),
    }
}
