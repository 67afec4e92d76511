//! Keeps the store small while lines come: what is past its time goes, small segments become large
//! ones.

use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use dolmen_model::Time;
use dolmen_store::StoreError;
use jiff::Timestamp;

use super::live::Live;
use super::say;

/// How often the store is looked after; the first time when it starts.
const EVERY: Duration = Duration::from_secs(3_600);

/// Works until the other end goes; a segment that is being made is finished first.
pub(super) fn run(live: &Live, stopped: &Receiver<()>) {
    loop {
        if let Err(error) = work(live, stopped) {
            say(&format!("the store cannot be kept small: {error}"));
        }
        match stopped.recv_timeout(EVERY) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn work(live: &Live, stopped: &Receiver<()>) -> Result<(), StoreError> {
    let now = Time::from_micros(Timestamp::now().as_microsecond());
    if let Some(since) = live.current().settings.keep_since(now) {
        let removed = live.store.keep_from(since, now)?;
        if removed.rows > 0 {
            say(&format!("{} lines past their time were removed", removed.rows));
        }
    }
    let is_wanted = || matches!(stopped.try_recv(), Err(TryRecvError::Empty));
    for lost in live.store.compact_while(now, is_wanted)?.unreadable {
        say(&lost.to_string());
    }
    live.store.remove_replaced(now).map(drop)
}
