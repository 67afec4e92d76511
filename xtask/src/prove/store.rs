//! `cargo xtask prove store`: an import, a compaction and a derivation by new rules are killed at random
//! instants, again and again, and what they leave is compared with what undisturbed ones leave.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::bench::generate;
use crate::shell::{check, output, release};

/// Calls in the logs that are imported.
const CALLS: u64 = 400_000;

/// What changes the store, in this order, and the arguments that do it.
const WORK: [(&str, &[&str]); 3] = [
    ("import", &["import", "access.log", "--marks", "marks.jsonl", "--json"]),
    ("compaction", &["store", "compact", "--json"]),
    ("derivation", &["rules", "apply", "--json"]),
];

/// What the derivation is by; the import knows no rules.
const RULES: &str = "[store]
keep = 'forever'
[[actor]]
name = 'everybody'
user_agent = '*'
";

/// Kills each of them at least `--kills` times (200 without it); of `--program`, or of a release
/// build.
pub(crate) fn prove(args: &[String]) -> Result<()> {
    let (mut kills, mut program) = (200, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match (arg.as_str(), args.next()) {
            ("--kills", Some(number)) => {
                kills = number.parse().context("--kills wants a number")?
            }
            ("--program", Some(file)) => {
                let found = PathBuf::from(file).canonicalize();
                program = Some(found.with_context(|| format!("cannot find {file}"))?);
            }
            _ => anyhow::bail!("known: --kills N, --program FILE"),
        }
    }
    let folder = tempfile::tempdir()?;
    let bench = Bench { dolmen: program.map_or_else(release, Ok)?, folder: folder.path() };
    let (access, marks) = (folder.path().join("access.log"), folder.path().join("marks.jsonl"));
    generate::write(&access, &marks, CALLS)?;
    std::fs::write(folder.path().join("rules.toml"), RULES)?;
    let mut undisturbed = Vec::new();
    for (name, work) in WORK {
        let started = Instant::now();
        check(bench.work(work, "undisturbed").stdout(Stdio::null()))?;
        let whole = started.elapsed();
        println!("{CALLS} calls and their marks: {name}, undisturbed in {whole:.1?}");
        undisturbed.push((whole, bench.image("undisturbed")?));
    }
    let mut random = Random(1);
    let (mut killed, mut runs) = ([0; WORK.len()], 0);
    while killed.iter().any(|killed| *killed < kills) {
        let store = format!("store-{runs}");
        for (n, (name, work)) in WORK.into_iter().enumerate() {
            let (whole, expected) = &undisturbed[n];
            let of_this = bench.kill_until_done(work, &store, *whole, &mut random)?;
            killed[n] += of_this;
            let image = bench.image(&store)?;
            for (what, (found, expected)) in WHAT.iter().zip(image.iter().zip(expected)) {
                ensure!(
                    found == expected,
                    "after {of_this} kills of the {name} {what} differ:\n{found}\ninstead of\n{expected}"
                );
            }
        }
        runs += 1;
        std::fs::remove_dir_all(folder.path().join(&store))?;
        let [import, compaction, derivation] = killed;
        println!(
            "kills: {import} of imports, {compaction} of compactions, {derivation} of derivations; \
             {runs} stores, each as if undisturbed"
        );
    }
    Ok(())
}

/// What of a store is compared.
const WHAT: [&str; 6] =
    ["cubes", "rows", "lines", "waiting marks", "positions", "what verification finds"];

struct Bench<'f> {
    dolmen: PathBuf,
    folder: &'f Path,
}

impl Bench<'_> {
    fn dolmen(&self, args: &[&str], store: &str) -> Command {
        let mut command = Command::new(&self.dolmen);
        command.args(args).args(["--store", store]).current_dir(self.folder);
        command.env_remove("DOLMEN_CONFIG").env_remove("DOLMEN_STORE");
        command
    }

    fn work(&self, work: &[&str], store: &str) -> Command {
        // An import reads by the rules that are there before the others.
        let rules: &[&str] = if work[0] == "import" { &[] } else { &["--config", "rules.toml"] };
        self.dolmen(&[work, rules].concat(), store)
    }

    /// Starts this work and kills it until it ends by itself; returns how often it was killed.
    fn kill_until_done(
        &self,
        work: &[&str],
        store: &str,
        whole: Duration,
        random: &mut Random,
    ) -> Result<u64> {
        let mut killed = 0;
        loop {
            let mut child = self
                .work(work, store)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .context("cannot start dolmen")?;
            // Many of them are short, so that many fit into one run of the work.
            let most = whole.as_micros() as u64 / (1 + random.below(12));
            let life = Duration::from_micros(random.below(most.max(1)));
            match ended_within(&mut child, life)? {
                Some(true) => return Ok(killed),
                Some(false) => anyhow::bail!("dolmen {} failed", work.join(" ")),
                None => {
                    child.kill()?;
                    child.wait()?;
                    killed += 1;
                }
            }
        }
    }

    fn image(&self, store: &str) -> Result<Vec<String>> {
        let json = |args: &[&str]| -> Result<Value> {
            let text = output(&mut self.dolmen(&[args, &["--json"]].concat(), store))?;
            serde_json::from_str(&text).with_context(|| format!("{args:?} printed no JSON"))
        };
        // Without a filter the cubes answer, with one the rows of the segments.
        let cubes = json(&["report"])?.to_string();
        let rows = json(&["report", "--where", "status<999 or joined:mark_only"])?.to_string();
        let calls = output(&mut self.dolmen(&["calls", "--json"], store))?;
        let mut lines: Vec<&str> = calls.lines().collect();
        lines.sort_unstable();
        let lines = format!("{} lines, {:016x}", lines.len(), hash(&lines));
        let waiting = json(&["store", "status"])?["waiting_marks"].to_string();
        let positions = output(&mut self.work(WORK[0].1, store))?;
        let verified = json(&["store", "verify"])?["problems"].to_string();
        Ok(vec![cubes, rows, lines, waiting, positions, verified])
    }
}

/// Whether it ended well or ill; `None`: it still runs.
fn ended_within(child: &mut Child, life: Duration) -> Result<Option<bool>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if started.elapsed() >= life {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// FNV-1a over lines and their ends.
fn hash(lines: &[&str]) -> u64 {
    let bytes = lines.iter().flat_map(|line| line.bytes().chain([b'\n']));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}
