//! `cargo xtask bench calls`: `dolmen report` and `dolmen import` on generated lines, beside what a
//! user would pick instead.

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

use crate::shell::{release, target};

/// What was typed.
struct Options {
    /// Calls to generate, one run each.
    sizes: Vec<u64>,
    peers: bool,
    /// How often each program is run.
    rounds: usize,
    /// What is measured; a release build without it.
    program: Option<PathBuf>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self { sizes: vec![3_000_000], peers: false, rounds: 5, program: None };
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
                "--program" => {
                    let file = args.next().context("--program wants a file")?;
                    options.program = Some(PathBuf::from(file).canonicalize()?);
                }
                other => bail!(
                    "unknown argument {other}; known: --peers, --lines N,N, --rounds N, --program FILE"
                ),
            }
        }
        ensure!(options.rounds > 0, "--rounds wants at least one");
        Ok(options)
    }
}

/// Generates the input, times `dolmen report` and `dolmen import` (and, with `--peers`, DuckDB and
/// GoAccess), prints tables.
pub(crate) fn bench(root: &Path, args: &[String]) -> Result<()> {
    let options = Options::parse(args)?;
    let dolmen = options.program.clone().map_or_else(release, Ok)?;
    let scratch = target().join("bench-calls");
    std::fs::create_dir_all(&scratch)?;
    let cores = std::thread::available_parallelism()?;
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    println!("{cores} cores, load average {load} at the start; medians, peak resident memory");
    for &calls in &options.sizes {
        let input = Input::generate(&scratch, calls)?;
        println!("\n{calls} calls and their marks, {:.0} MB", input.bytes as f64 / 1e6);
        let peers = if options.peers { peers(root, &scratch, &input)? } else { Vec::new() };
        let bench = Bench { scratch: &scratch, dolmen: &dolmen, input: &input };
        let rounds = bench.rounds(peers, options.rounds)?;
        table::print(&rounds.report, &rounds.peers);
        println!();
        table::print(&rounds.import, &rounds.peers);
        println!("{}", rounds.kept);
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

struct Bench<'b> {
    scratch: &'b Path,
    dolmen: &'b Path,
    input: &'b Input,
}

/// What all rounds found.
struct Rounds {
    report: Row,
    import: Row,
    peers: Vec<Row>,
    /// What the last import left on the disk, in words.
    kept: String,
}

impl Bench<'_> {
    /// Runs all programs by turns, so that what else the machine does meets each of them, after a
    /// first run that only warms the page cache.
    fn rounds(&self, peers: Vec<Peer>, rounds: usize) -> Result<Rounds> {
        let input = self.input;
        let lines = |of: peers::Reads| match of {
            peers::Reads::Calls => input.calls,
            peers::Reads::CallsAndMarks => input.calls + input.marked(),
        };
        let both = lines(peers::Reads::CallsAndMarks);
        let mut report = Row::new("dolmen report (parse, join, count)", both);
        let mut import = Row::new("dolmen import (the same, durable)", both);
        let mut theirs: Vec<Row> =
            peers.iter().map(|peer| Row::new(&peer.name, lines(peer.reads))).collect();
        self.check(&run(self.command("report").arg("--json"))?)?;
        let answer = run(&mut self.command("report"))?.output;
        for round in 0..rounds {
            let found = run(&mut self.command("report"))?;
            ensure!(found.output == answer, "dolmen report answered otherwise than before");
            report.runs.push(found);
            import.runs.push(self.import()?);
            for (peer, row) in peers.iter().zip(&mut theirs) {
                if round < peer.runs {
                    row.runs.push(run(&mut (peer.command)())?);
                }
            }
        }
        let kept = self.kept()?;
        std::fs::remove_dir_all(self.store())?;
        Ok(Rounds { report, import, peers: theirs, kept })
    }

    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.dolmen);
        command.arg(name).arg(&self.input.access).arg("--marks").arg(&self.input.marks);
        // No configuration of this folder: the input is all there is.
        command.current_dir(self.scratch).env_remove("DOLMEN_CONFIG");
        command
    }

    fn store(&self) -> PathBuf {
        self.scratch.join("store")
    }

    /// Imports into a store that is not there yet.
    fn import(&self) -> Result<Run> {
        if self.store().exists() {
            std::fs::remove_dir_all(self.store())?;
        }
        let found = run(self.command("import").arg("--json").arg("--store").arg(self.store()))?;
        let answer: serde_json::Value = serde_json::from_str(&found.output)?;
        let (calls, marks) = (&answer["calls"], &answer["marks"]);
        ensure!(
            (calls.as_u64(), marks.as_u64()) == (Some(self.input.calls), Some(self.input.marked())),
            "dolmen import added {calls} calls and {marks} marks"
        );
        Ok(found)
    }

    /// Asks the store what it was given, and says how much of the disk that takes.
    fn kept(&self) -> Result<String> {
        let mut report = Command::new(self.dolmen);
        report.args(["report", "--json", "--store"]).arg(self.store()).current_dir(self.scratch);
        self.check(&run(report.env_remove("DOLMEN_CONFIG"))?)?;
        let sizes = |folder: &Path| -> Result<u64> {
            std::fs::read_dir(folder)?.try_fold(0, |sum, entry| {
                let metadata = entry?.metadata()?;
                Ok(sum + if metadata.is_file() { metadata.len() } else { 0 })
            })
        };
        let (segments, catalog) = (sizes(&self.store().join("segments"))?, sizes(&self.store())?);
        let share = |bytes: u64| 100.0 * bytes as f64 / self.input.bytes as f64;
        Ok(format!(
            "kept: segments {:.1} MB, {:.2} % of the lines; catalog {:.1} MB, {:.2} %",
            segments as f64 / 1e6,
            share(segments),
            catalog as f64 / 1e6,
            share(catalog)
        ))
    }

    /// A fast wrong answer is worth nothing.
    fn check(&self, found: &Run) -> Result<()> {
        let expected = format!("\"joined\":{}", self.input.marked());
        let is_found = found.output.replace(": ", ":").contains(&expected);
        ensure!(is_found, "dolmen did not answer {expected}");
        Ok(())
    }
}
