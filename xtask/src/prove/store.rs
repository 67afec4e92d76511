//! `cargo xtask prove store`: an import is killed at random instants, again and again, and what it
//! leaves is compared with what an undisturbed one leaves.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::bench::generate;
use crate::shell::{cargo, check, output, root};

/// Calls in the logs that are imported.
const CALLS: u64 = 400_000;

/// Kills an import at least `--kills` times (200 without it).
pub(crate) fn prove(args: &[String]) -> Result<()> {
    let kills = match args {
        [] => 200,
        [flag, number] if flag == "--kills" => number.parse().context("--kills wants a number")?,
        _ => anyhow::bail!("known: --kills N"),
    };
    check(cargo().args(["build", "--release", "--quiet", "--package", "dolmen"]))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root().join("target"), PathBuf::from);
    let folder = tempfile::tempdir()?;
    let bench = Bench { dolmen: target.join("release/dolmen"), folder: folder.path() };
    let (access, marks) = (folder.path().join("access.log"), folder.path().join("marks.jsonl"));
    generate::write(&access, &marks, CALLS)?;
    let started = Instant::now();
    check(bench.import("undisturbed").stdout(Stdio::null()))?;
    let whole = started.elapsed();
    let expected = bench.image("undisturbed")?;
    println!("{CALLS} calls and their marks, imported undisturbed in {whole:.1?}");
    let mut random = Random(1);
    let (mut killed, mut runs) = (0, 0);
    while killed < kills {
        let store = format!("store-{runs}");
        let of_this = bench.kill_until_done(&store, whole, &mut random)?;
        killed += of_this;
        runs += 1;
        let image = bench.image(&store)?;
        for (what, (found, expected)) in WHAT.iter().zip(image.iter().zip(&expected)) {
            ensure!(
                found == expected,
                "after {of_this} kills {what} differ:\n{found}\ninstead of\n{expected}"
            );
        }
        std::fs::remove_dir_all(folder.path().join(&store))?;
        println!("{killed} kills, {runs} stores: each is as if undisturbed");
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

    fn import(&self, store: &str) -> Command {
        self.dolmen(&["import", "access.log", "--marks", "marks.jsonl", "--json"], store)
    }

    /// Starts imports and kills them until one ends by itself; returns how many were killed.
    fn kill_until_done(&self, store: &str, whole: Duration, random: &mut Random) -> Result<u64> {
        let mut killed = 0;
        loop {
            let mut child = self
                .import(store)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .context("cannot start dolmen")?;
            // Short lives first, so that many of them fit into one import.
            let most = whole.as_micros() as u64 / (1 + random.below(12));
            let life = Duration::from_micros(random.below(most.max(1)));
            match ended_within(&mut child, life)? {
                Some(true) => return Ok(killed),
                Some(false) => anyhow::bail!("dolmen import failed"),
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
        let positions = output(&mut self.import(store))?;
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
