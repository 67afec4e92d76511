use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What a run of a program took.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) wall: Duration,
    /// Of all its threads, in the program and in the kernel.
    pub(super) processor: Duration,
    /// Peak resident memory in bytes.
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
    let before = children_processor_time()?;
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
    let processor = children_processor_time()?.saturating_sub(before);
    if !status.success() {
        let errors = std::fs::read_to_string(errors.path()).unwrap_or_default();
        bail!("{name} ended with {status}: {}", errors.trim());
    }
    Ok(Run { wall, processor, memory, output: std::fs::read_to_string(output.path())? })
}

fn high_water(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// Processor time of the children waited for so far, in hundredths of a second (`cutime` and
/// `cstime` of proc_pid_stat(5)).
fn children_processor_time() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may hold blanks; what follows it are the fields from the third on.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let mut times = fields.skip(13).map(str::parse::<u64>);
    match (times.next(), times.next()) {
        (Some(Ok(user)), Some(Ok(system))) => Ok(Duration::from_millis((user + system) * 10)),
        _ => bail!("cannot read /proc/self/stat: {text}"),
    }
}

/// The middle one; of an even number, the lower of the two.
pub(super) fn median<T: Copy + PartialOrd>(values: impl IntoIterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.into_iter().collect();
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len().saturating_sub(1) / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_one() {
        assert_eq!(median([3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4, 1, 3, 2]), Some(2));
        assert_eq!(median(Vec::<u8>::new()), None);
    }

    #[test]
    fn a_run_is_measured() {
        let run = run(Command::new("sh")
            .args(["-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo hi"]));
        let run = run.unwrap();
        assert_eq!(run.output, "hi\n");
        assert!(run.memory > 100_000, "{run:?}");
        assert!(run.processor > Duration::ZERO && run.wall > Duration::ZERO, "{run:?}");
    }

    #[test]
    fn what_a_failed_run_said_is_the_error() {
        let error = run(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().ends_with("no"), "{error}");
    }
}
