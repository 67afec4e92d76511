//! `cargo xtask bench bus`: messages a second of a worker, beside the raw client and beside what
//! else one would use, on one broker in one run.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{cargo, check};

/// Runs the bench; `--peers` puts Celery and Dramatiq into a virtual environment first.
pub(crate) fn bench(args: &[String]) -> Result<()> {
    let mut passed = Vec::new();
    let mut scratch = None;
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--peers" => scratch = Some(tempfile::tempdir()?),
            "--messages" | "--rounds" => {
                let number = rest.next().with_context(|| format!("{arg} wants a number"))?;
                number.parse::<u32>().with_context(|| format!("{arg} wants a number"))?;
                passed.extend([arg.clone(), number.clone()]);
            }
            _ => bail!("known: [--messages N] [--rounds N] [--peers]"),
        }
    }
    if let Some(scratch) = &scratch {
        let venv = scratch.path().join("venv");
        let python = venv.join("bin/python");
        check(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let packages = ["celery", "dramatiq[rabbitmq]"];
        check(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
        ensure!(python.exists(), "{} was not made", python.display());
        passed.extend(["--peers".to_owned(), python.display().to_string()]);
    }
    let bench = ["bench", "--package", "dolmen-bus-conformance", "--bench", "throughput"];
    check(cargo().args(bench).args(["--profile", "measure", "--"]).args(passed))
}
