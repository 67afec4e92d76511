//! What is said of those who send, or would like to.
//!
//! Anybody may knock at a door as often as it pleases them: a port scanner, a health check, a sender that
//! speaks the wrong protocol and tries again. What they cause is said a few times a minute; more is
//! counted, and the count is said with what comes after the minute.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Complain;

/// So often the same is said within a minute.
const MOST: u32 = 3;
const MINUTE: Duration = Duration::from_secs(60);

/// What is said again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// Somebody may not send here.
    Stranger,
    /// A connection did not agree on how to speak.
    Greeting,
    /// All seats are taken.
    Crowd,
    /// A line was left out.
    Line,
    /// A connection broke.
    Broken,
}

/// Says what somebody should know of a source.
pub(super) struct Complaints {
    source: String,
    complain: Complain,
    said: Mutex<[Said; 5]>,
}

/// What was said in the minute that began.
#[derive(Clone, Copy, Default)]
struct Said {
    began: Option<Instant>,
    times: u32,
    unsaid: u64,
}

impl Complaints {
    pub(super) fn new(source: String, complain: Complain) -> Self {
        Self { source, complain, said: Mutex::default() }
    }

    /// Says it.
    pub(super) fn say(&self, what: impl Display) {
        (self.complain)(format!("{}: {what}", self.source));
    }

    /// Says it, unless such a thing was said often enough just now.
    pub(super) fn say_of(&self, about: About, what: impl Display) {
        match self.weigh(about, Instant::now()) {
            None => {}
            Some(Weight { unsaid: 0, is_last: false }) => self.say(what),
            Some(Weight { unsaid: 0, is_last: true }) => self.say(format_args!(
                "{what}; more of this kind is only counted for the rest of the minute"
            )),
            Some(Weight { unsaid, .. }) => {
                self.say(format_args!("{what} (and {unsaid} more of this kind before it)"));
            }
        }
    }

    fn weigh(&self, about: About, now: Instant) -> Option<Weight> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let said = &mut said[about as usize];
        if said.began.is_none_or(|began| now - began >= MINUTE) {
            let unsaid = said.unsaid;
            *said = Said { began: Some(now), times: 1, unsaid: 0 };
            return Some(Weight { unsaid, is_last: false });
        }
        if said.times == MOST {
            said.unsaid += 1;
            return None;
        }
        said.times += 1;
        Some(Weight { unsaid: 0, is_last: said.times == MOST })
    }
}

/// How something is said.
struct Weight {
    /// How often it was not.
    unsaid: u64,
    /// Whether nothing of its kind is said after it for a while.
    is_last: bool,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_comes_again_and_again_is_counted_and_said_once_a_minute() {
        let said = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&said);
        let complain: Complain = Arc::new(move |what| keep.lock().unwrap().push(what));
        let complaints = Complaints::new("net".to_owned(), complain);
        let all = || std::mem::take(&mut *said.lock().unwrap());
        for knock in 0..40 {
            complaints.say_of(About::Stranger, format_args!("no {knock}"));
        }
        // Something else is said all the same.
        complaints.say_of(About::Line, "a line");
        assert_eq!(
            all(),
            [
                "net: no 0",
                "net: no 1",
                "net: no 2; more of this kind is only counted for the rest of the minute",
                "net: a line",
            ]
        );
        tokio::time::advance(MINUTE).await;
        complaints.say_of(About::Stranger, "no 40");
        complaints.say_of(About::Stranger, "no 41");
        assert_eq!(all(), ["net: no 40 (and 37 more of this kind before it)", "net: no 41"]);
    }
}
