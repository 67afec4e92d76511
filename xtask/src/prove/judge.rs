//! `cargo xtask prove judge`: the scorecards of the verdict, on callers that are made up, directly
//! and through logs that are imported, and of endpoint templates, on APIs that are.

use anyhow::Result;

use crate::shell::{cargo, check};

/// Prints the scorecards, 1,000 operations for each of three seeds unless told otherwise.
pub(crate) fn prove(args: &[String]) -> Result<()> {
    check(
        cargo()
            .args(["run", "--release", "--quiet", "--package", "dolmen-verdict"])
            .args(["--example", "scorecard", "--"])
            .args(args),
    )?;
    check(
        cargo()
            .args(["test", "--quiet", "--package", "dolmen", "--test", "verdict"])
            .args(["--", "--nocapture", "what_was_imported"])
            .env("DOLMEN_SIMULATED", "200"),
    )?;
    check(
        cargo()
            .args(["test", "--release", "--quiet", "--package", "dolmen-attribution"])
            .args(["--test", "scorecard", "--", "--nocapture", "templates_are_learned"])
            .env("DOLMEN_SCORECARD", "full"),
    )
}
