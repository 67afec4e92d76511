//! Notices that the configuration changed: by SIGHUP, or because a file of it did.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::live::Live;
use super::say;

/// How often the files are looked at; a look is two `stat`s.
const EVERY: Duration = Duration::from_millis(500);

/// Reads the configuration again whenever it should be, until the other end of `asked` goes.
pub(super) fn run(live: &Live, asked: &Receiver<()>) {
    let mut seen = None;
    loop {
        match asked.recv_timeout(EVERY) {
            Ok(()) => reload(live),
            Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {
                let changed = live.changed();
                // A file that is being written may be empty for a moment, and no rules are rules.
                match changed.is_some() && changed == seen {
                    true => reload(live),
                    false => seen = changed,
                }
            }
        }
    }
}

fn reload(live: &Live) {
    match live.reload() {
        Ok(()) => say("the configuration was read again and is in effect"),
        Err(error) => say(&format!(
            "the configuration cannot be used, what was in effect before stays: {error:#}"
        )),
    }
}
