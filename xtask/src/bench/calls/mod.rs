//! `cargo xtask bench calls`: `dolmen report` on generated lines, beside what a user would pick
//! instead.

mod generate;
mod measure;
mod peers;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use measure::{Run, median, run};

/// What was typed.
struct Options {
    /// Calls to generate, one run each.
    sizes: Vec<u64>,
    peers: bool,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self { sizes: vec![3_000_000], peers: false };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--peers" => options.peers = true,
                "--lines" => {
                    let list = args.next().context("--lines wants numbers: 1000000,10000000")?;
                    let sizes = list.split(',').map(|n| n.trim().parse()).collect::<Result<_, _>>();
                    options.sizes = sizes.with_context(|| format!("not numbers: {list}"))?;
                }
                other => bail!("unknown argument {other}; known: --peers, --lines N,N"),
            }
        }
        Ok(options)
    }
}

/// Generates the input, times `dolmen report` (and, with `--peers`, DuckDB and GoAccess), prints a
/// table.
pub(crate) fn bench(root: &Path, args: &[String]) -> Result<()> {
    let options = Options::parse(args)?;
    let built = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["build", "--release", "--quiet", "--package", "dolmen"])
        .status()?;
    ensure!(built.success(), "the release build failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    let dolmen = target.join("release/dolmen");
    let scratch = target.join("bench-calls");
    std::fs::create_dir_all(&scratch)?;
    let cores = std::thread::available_parallelism()?;
    println!("{cores} cores; median wall time, peak resident memory");
    for &calls in &options.sizes {
        one_size(root, &scratch, &dolmen, calls, options.peers)?;
    }
    Ok(())
}

fn one_size(root: &Path, scratch: &Path, dolmen: &Path, calls: u64, peers: bool) -> Result<()> {
    let access = scratch.join(format!("access-{calls}.log"));
    let marks = scratch.join(format!("marks-{calls}.jsonl"));
    let bytes = generate::write(&access, &marks, calls)?;
    println!("\n{calls} calls and their marks, {:.0} MB", bytes as f64 / 1e6);
    println!("{:<44} {:>9} {:>9} {:>8}", "program", "wall", "memory", "ratio");
    let report = || {
        let mut command = Command::new(dolmen);
        command.arg("report").arg(&access).arg("--marks").arg(&marks).arg("--json");
        // No configuration of this folder: the input is all there is.
        command.current_dir(scratch).env_remove("DOLMEN_CONFIG");
        command
    };
    let ours = median(5, report)?;
    check(&ours, calls)?;
    row("dolmen report (parse, join, count)", &ours, None);
    if peers {
        for peer in [peers::duckdb(root, scratch, &access, &marks)?, peers::goaccess(&access)?] {
            let theirs = if peer.runs > 1 {
                median(peer.runs, &*peer.command)?
            } else {
                run(&mut (peer.command)())?
            };
            row(&peer.name, &theirs, Some(&ours));
        }
    }
    std::fs::remove_file(&access)?;
    std::fs::remove_file(&marks)?;
    Ok(())
}

/// A fast wrong answer is worth nothing.
fn check(ours: &Run, calls: u64) -> Result<()> {
    let expected = format!("\"joined\": {}", calls - calls.div_ceil(200));
    let found = ours.output.replace("\":", "\": ").replace(":  ", ": ").contains(&expected);
    ensure!(found, "dolmen report did not answer {expected}");
    Ok(())
}

fn row(name: &str, run: &Run, ours: Option<&Run>) {
    let ratio = ours.map_or(String::new(), |ours| {
        format!("{:.1} x", run.wall.as_secs_f64() / ours.wall.as_secs_f64())
    });
    let (wall, memory) = (run.wall.as_secs_f64(), run.memory as f64 / 1e6);
    println!("{name:<44} {wall:>7.2} s {memory:>6.0} MB {ratio:>8}");
}
