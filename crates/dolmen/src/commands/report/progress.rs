//! The progress bar, on a terminal only.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use dolmen_collect::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

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
            "{bar:24} {percent} %  {bytes} of {total_bytes}, {msg}, {eta} left",
        ),
    };
    // The templates are constants; a bar without them is a bar still.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
    }
    bar.with_elapsed(started.elapsed())
}

fn draw(bar: &ProgressBar, progress: &Progress, started: Instant) {
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
    let rate = progress.lines().saturating_mul(1_000) / millis;
    bar.set_message(format!("{} lines/s", number::count(rate)));
    bar.set_position(progress.bytes());
}
