use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a run of a program took.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) wall: Duration,
    /// Peak resident memory in bytes, of the largest process.
    pub(super) memory: u64,
    pub(super) output: String,
}

/// Runs a command once and measures it. Its peak memory is the kernel's high-water mark, looked at
/// every few milliseconds until it ends: the mark only grows.
pub(super) fn run(command: &mut Command) -> Result<Run> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = tempfile::NamedTempFile::new()?;
    let errors = tempfile::NamedTempFile::new()?;
    command.stdin(Stdio::null()).stdout(output.reopen()?).stderr(errors.reopen()?);
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut memory = 0;
    let status = loop {
        memory = high_water(Path::new(&status_file)).unwrap_or(memory);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let wall = start.elapsed();
    if !status.success() {
        let errors = std::fs::read_to_string(errors.path()).unwrap_or_default();
        bail!("{name} ended with {status}: {}", errors.trim());
    }
    Ok(Run { wall, memory, output: std::fs::read_to_string(output.path())? })
}

fn high_water(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// The run of median wall time out of `runs`, after one that only warms the page cache.
pub(super) fn median(runs: usize, command: impl Fn() -> Command) -> Result<Run> {
    run(&mut command())?;
    let mut all = (0..runs).map(|_| run(&mut command())).collect::<Result<Vec<_>>>()?;
    all.sort_by_key(|run| run.wall);
    let middle = all.len() / 2;
    all.into_iter().nth(middle).context("no run")
}
