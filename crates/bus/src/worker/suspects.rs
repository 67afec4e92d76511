//! Tells a handler that cannot be run from a message that it cannot be run for.

use std::collections::HashMap;

/// After how many pauses in a row, with others getting through between them, a message is to blame.
const BLAMED_AFTER: u32 = 3;

/// How many messages are kept in mind; with more, the handler is to blame.
const MOST: usize = 1000;

/// The messages that the handler could not be run for.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    /// How often the handler was run.
    ran: u64,
    /// Of each, how often it had been run at the last pause, and after how many pauses others got
    /// through.
    paused: HashMap<String, (u64, u32)>,
}

impl Suspects {
    /// The handler was run for a message.
    pub(super) fn ran(&mut self, message_id: &str) {
        self.ran += 1;
        self.paused.remove(message_id);
    }

    /// The handler could not be run for a message; whether that is the message's own fault.
    pub(super) fn blames(&mut self, message_id: &str) -> bool {
        if self.paused.len() >= MOST && !self.paused.contains_key(message_id) {
            self.paused.clear();
        }
        let (ran, pauses) = self.paused.entry(message_id.to_owned()).or_insert((self.ran, 0));
        if *ran < self.ran {
            (*ran, *pauses) = (self.ran, *pauses + 1);
        }
        *pauses >= BLAMED_AFTER
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_to_blame_when_others_get_through() {
        let mut suspects = Suspects::default();
        for _ in 0..10 {
            assert!(!suspects.blames("bad"), "nobody gets through");
        }
        let blamed: Vec<bool> = (0..4)
            .map(|n| {
                suspects.ran(&n.to_string());
                suspects.blames("bad")
            })
            .collect();
        assert_eq!(blamed, [false, false, true, true]);
        suspects.ran("bad");
        assert!(!suspects.blames("bad"));
        assert!(!suspects.blames("other"));
    }

    #[test]
    fn only_so_many_are_kept_in_mind() {
        let mut suspects = Suspects::default();
        for n in 0..3 * MOST {
            suspects.blames(&n.to_string());
        }
        assert!(suspects.paused.len() <= MOST);
    }
}
