//! `cargo xtask demo`: the first thing that somebody new runs.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::shell;

/// Builds the product as its users get it, and plays the stories.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let mut demo = shell::cargo();
    demo.args(["run", "--release", "--package", "dolmen", "--", "demo"]).args(args);
    let status = demo.status().context("failed to run cargo")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
