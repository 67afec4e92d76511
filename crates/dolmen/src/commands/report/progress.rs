//! The progress bar, on a terminal only.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use dolmen_collect::Progress;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::render::number;
use crate::terminal::Progress as Watched;

/// What is done sooner than this needs no bar.
const PATIENCE: Duration = Duration::from_millis(400);
const TICK: Duration = Duration::from_millis(100);

/// Runs `work`, and shows on standard error how far it is.
pub(in crate::commands) fn show<T>(watched: Watched, work: impl FnOnce(&Progress) -> T) -> T {
    let progress = Progress::default();
    if watched == Watched::Hidden {
        return work(&progress);
    }
    thread::scope(|scope| {
        // Its end is told by its drop, also when the work panics.
        let (running, ended) = mpsc::channel::<()>();
        let progress = &progress;
        scope.spawn(move || {
            let started = Instant::now();
            let mut bar = None;
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                if started.elapsed() >= PATIENCE {
                    draw(bar.get_or_insert_with(|| bar_for(progress, started)), progress, started);
                }
            }
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
        });
        let result = work(progress);
        drop(running);
        result
    })
}

fn bar_for(progress: &Progress, started: Instant) -> ProgressBar {
    let target = ProgressDrawTarget::stderr();
    // Of a pipe nobody knows how much will come.
    let (bar, template) = match progress.total() {
        0 => (ProgressBar::with_draw_target(None, target), "{bytes}, {msg}"),
        total => (
            ProgressBar::with_draw_target(Some(total), target),
            "{bar:24} {percent} %  {bytes} of {total_bytes}, {msg}",
        ),
    };
    // The templates are constants; a bar without them is a bar still.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
    }
    bar.with_elapsed(started.elapsed())
}

fn draw(bar: &ProgressBar, progress: &Progress, started: Instant) {
    let (bytes, elapsed) = (progress.bytes(), started.elapsed());
    let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = progress.lines().saturating_mul(1_000) / millis;
    let left = left(elapsed, bytes, progress.total());
    let left = left.map_or_else(String::new, |left| format!(", {:#} left", HumanDuration(left)));
    bar.set_message(format!("{} lines/s{left}", number::count(rate)));
    bar.set_position(bytes);
}

/// The time that the rest takes, read as fast as what was read so far; `None` where nobody knows.
fn left(elapsed: Duration, bytes: u64, total: u64) -> Option<Duration> {
    if bytes == 0 || total == 0 {
        return None;
    }
    // A century is as good as for ever.
    let most = 3.2e9;
    let seconds = elapsed.as_secs_f64() / bytes as f64 * total.saturating_sub(bytes) as f64;
    Some(Duration::from_secs_f64(seconds.min(most)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_what_was_read() {
        let at = |seconds, bytes, total| left(Duration::from_secs(seconds), bytes, total);
        assert_eq!(at(10, 250, 1_000), Some(Duration::from_secs(30)));
        assert_eq!(at(3_600, 1, u64::MAX), Some(Duration::from_secs(3_200_000_000)));
        // A file may grow while it is read.
        assert_eq!(at(10, 1_200, 1_000), Some(Duration::ZERO));
        assert_eq!(at(10, 0, 1_000), None, "nothing was read yet");
        assert_eq!(at(10, 1_000, 0), None, "a pipe");
    }
}
