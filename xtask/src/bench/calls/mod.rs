//! `cargo xtask bench calls`: `dolmen report` on generated lines, beside what a user would pick
//! instead.

pub(crate) mod generate;
mod measure;
mod peers;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use measure::{Run, run};
use peers::Peer;
use table::Row;

/// What was typed.
struct Options {
    /// Calls to generate, one run each.
    sizes: Vec<u64>,
    peers: bool,
    /// How often each program is run.
    rounds: usize,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self { sizes: vec![3_000_000], peers: false, rounds: 5 };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--peers" => options.peers = true,
                "--lines" => {
                    let list = args.next().context("--lines wants numbers: 1000000,10000000")?;
                    let sizes = list.split(',').map(|n| n.trim().parse()).collect::<Result<_, _>>();
                    options.sizes = sizes.with_context(|| format!("not numbers: {list}"))?;
                }
                "--rounds" => {
                    let rounds = args.next().context("--rounds wants a number")?;
                    options.rounds =
                        rounds.parse().with_context(|| format!("not a number: {rounds}"))?;
                }
                other => bail!("unknown argument {other}; known: --peers, --lines N,N, --rounds N"),
            }
        }
        ensure!(options.rounds > 0, "--rounds wants at least one");
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
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    println!("{cores} cores, load average {load} at the start; medians, peak resident memory");
    for &calls in &options.sizes {
        let input = Input::generate(&scratch, calls)?;
        println!("\n{calls} calls and their marks, {:.0} MB", input.bytes as f64 / 1e6);
        let peers = if options.peers { peers(root, &scratch, &input)? } else { Vec::new() };
        table::print(&rounds(&scratch, &dolmen, &input, peers, options.rounds)?);
    }
    Ok(())
}

/// Generated lines, removed with this.
struct Input {
    calls: u64,
    access: PathBuf,
    marks: PathBuf,
    bytes: u64,
}

impl Input {
    fn generate(scratch: &Path, calls: u64) -> Result<Self> {
        let access = scratch.join(format!("access-{calls}.log"));
        let marks = scratch.join(format!("marks-{calls}.jsonl"));
        let mut input = Self { calls, access, marks, bytes: 0 };
        input.bytes = generate::write(&input.access, &input.marks, calls)?;
        Ok(input)
    }

    fn marked(&self) -> u64 {
        generate::marked(self.calls)
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        // What cannot be removed is in a scratch folder.
        let _ = std::fs::remove_file(&self.access);
        let _ = std::fs::remove_file(&self.marks);
    }
}

fn peers(root: &Path, scratch: &Path, input: &Input) -> Result<Vec<Peer>> {
    let duckdb = peers::duckdb(root, scratch, &input.access, &input.marks)?;
    Ok(vec![duckdb, peers::goaccess(&input.access)?])
}

/// Runs all programs by turns, so that what else the machine does meets each of them, after a first
/// run that only warms the page cache.
fn rounds(
    scratch: &Path,
    dolmen: &Path,
    input: &Input,
    peers: Vec<Peer>,
    rounds: usize,
) -> Result<Vec<Row>> {
    let report = || {
        let mut command = Command::new(dolmen);
        command.arg("report").arg(&input.access).arg("--marks").arg(&input.marks).arg("--json");
        // No configuration of this folder: the input is all there is.
        command.current_dir(scratch).env_remove("DOLMEN_CONFIG");
        command
    };
    run(&mut report())?;
    let lines = |of: peers::Reads| match of {
        peers::Reads::Calls => input.calls,
        peers::Reads::CallsAndMarks => input.calls + input.marked(),
    };
    let mut ours =
        Row::new("dolmen report (parse, join, count)", lines(peers::Reads::CallsAndMarks));
    let mut theirs: Vec<Row> =
        peers.iter().map(|peer| Row::new(&peer.name, lines(peer.reads))).collect();
    for round in 0..rounds {
        let run = run(&mut report())?;
        check(&run, input)?;
        ours.runs.push(run);
        for (peer, row) in peers.iter().zip(&mut theirs) {
            if round < peer.runs {
                row.runs.push(measure::run(&mut (peer.command)())?);
            }
        }
    }
    Ok([ours].into_iter().chain(theirs).collect())
}

/// A fast wrong answer is worth nothing.
fn check(ours: &Run, input: &Input) -> Result<()> {
    let expected = format!("\"joined\":{}", input.marked());
    let found = ours.output.replace(": ", ":").contains(&expected);
    ensure!(found, "dolmen report did not answer {expected}");
    Ok(())
}
