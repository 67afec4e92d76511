//! `cargo xtask prove fuzz`: the targets of `fuzz/`, guided by coverage, on the stable compiler.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{cargo, check, root};

/// What LLVM must add for libFuzzer to see edges and comparisons. cargo-fuzz passes the same, and
/// a sanitizer on top that only a nightly compiler has: without `unsafe`, there is little for it
/// to find.
const INSTRUMENTATION: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1";

/// Runs every target (or the one named) for some seconds; fails at the first finding, whose input
/// is kept and named.
pub(crate) fn prove(args: &[String]) -> Result<()> {
    let (seconds, only) = parse(args)?;
    let crate_dir = root().join("fuzz");
    let mut targets = std::fs::read_dir(crate_dir.join("targets"))?
        .map(|entry| Ok(entry?.path().file_stem().map(|s| s.to_string_lossy().into_owned())))
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .filter(|name| only.as_ref().is_none_or(|only| only == name))
        .collect::<Vec<_>>();
    targets.sort();
    ensure!(!targets.is_empty(), "no such target; see fuzz/targets");
    let target_dir = root().join("target/fuzz");
    check(
        cargo()
            .current_dir(&crate_dir)
            .args(["build", "--release", "--quiet", "--target", &host()?])
            .arg("--target-dir")
            .arg(&target_dir)
            .env("RUSTFLAGS", INSTRUMENTATION),
    )?;
    for target in &targets {
        println!("{target}: {seconds} s");
        fuzz(&crate_dir, &target_dir, target, seconds)?;
    }
    println!("{} targets, no finding", targets.len());
    Ok(())
}

fn parse(args: &[String]) -> Result<(u64, Option<String>)> {
    let (mut seconds, mut only) = (60, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--seconds" => {
                let value = args.next().context("--seconds wants a number")?;
                seconds = value.parse().with_context(|| format!("not a number: {value}"))?;
            }
            flag if flag.starts_with('-') => bail!("unknown argument {flag}"),
            name => only = Some(name.to_owned()),
        }
    }
    Ok((seconds, only))
}

fn fuzz(crate_dir: &Path, target_dir: &Path, target: &str, seconds: u64) -> Result<()> {
    let corpus = target_dir.join("corpus").join(target);
    let findings = target_dir.join("findings");
    std::fs::create_dir_all(&corpus)?;
    std::fs::create_dir_all(&findings)?;
    let program = target_dir.join(host()?).join("release").join(target);
    let log = target_dir.join(format!("{target}.log"));
    let status = Command::new(program)
        // What it learns goes to the first folder; the seeds are only read.
        .arg(&corpus)
        .arg(crate_dir.join("seeds").join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/{target}-", findings.display()))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-max_len=8192", "-print_final_stats=1"])
        .stderr(std::fs::File::create(&log)?)
        .status()?;
    let said = std::fs::read_to_string(&log)?;
    for line in said.lines().filter(|line| line.contains("number_of_executed_units")) {
        println!("  {line}");
    }
    ensure!(
        status.success(),
        "{target} found an input that breaks it, kept in {}:\n{}",
        findings.display(),
        said.lines()
            .rev()
            .take(12)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
            .join("\n")
    );
    Ok(())
}

/// The target triple of this machine. Named, so that build scripts and macros stay uninstrumented.
fn host() -> Result<String> {
    let version = crate::shell::output(Command::new("rustc").arg("-vV"))?;
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(line.context("rustc does not say its host")?.to_owned())
}
