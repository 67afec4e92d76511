//! The journal: a copy of everything published, and one record per outcome.

use std::time::Duration;

use dolmen_model::Time;

use crate::{FailedAttempt, Message};

/// What happened to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// It passed the main exchange.
    Published,
    /// A service handled it.
    Done,
    /// A service could not, and it waits.
    Softfail,
    /// A service could not, and it is kept as a failed message. At most one for each service that
    /// a message reached, with its body and every error.
    Hardfail,
    /// A service gave it to another one.
    Forwarded,
    /// A service paused; the message is the one that showed why.
    Paused,
    /// A service works again; the message is the one that got through.
    Resumed,
    /// Somebody sent a failed message to its service again.
    Retried,
    /// Somebody gave up a failed message.
    Discarded,
    /// Somebody brought back a message that was given up.
    Restored,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Published,
        Self::Done,
        Self::Softfail,
        Self::Hardfail,
        Self::Forwarded,
        Self::Paused,
        Self::Resumed,
        Self::Retried,
        Self::Discarded,
        Self::Restored,
    ];

    /// Its word in JSON and in the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Done => "done",
            Self::Softfail => "softfail",
            Self::Hardfail => "hardfail",
            Self::Forwarded => "forwarded",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Retried => "retried",
            Self::Discarded => "discarded",
            Self::Restored => "restored",
        }
    }

    /// The word read back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.as_str() == word)
    }
}

/// Where a record of the journal stands; what is larger is later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The transport's number.
    pub number: u64,
    /// Which of the records that were written together under one number, from 0.
    pub part: u32,
}

impl Position {
    /// Of the only record, or the first, under a number.
    pub const fn of(number: u64) -> Self {
        Self { number, part: 0 }
    }

    /// Behind everything that is before this, whether there is anything or not; `None` for the
    /// first position of all.
    pub fn before(self) -> Option<Self> {
        let Self { number, part } = self;
        match part.checked_sub(1) {
            Some(part) => Some(Self { number, part }),
            None => Some(Self { number: number.checked_sub(1)?, part: u32::MAX }),
        }
    }
}

/// One record of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Where it stands; a reader continues after it.
    pub position: Position,
    /// When it happened.
    pub at: Time,
    /// What happened.
    pub what: What,
    /// The message; its body only where it was published or hardfailed.
    pub message: Message,
    /// The service it happened in; `None` for what was published.
    pub service: Option<String>,
    /// Which delivery to that service, from 1.
    pub attempt: u32,
    /// The errors: of a softfail the last, of a hardfail all.
    pub errors: Vec<FailedAttempt>,
    /// When it is due again (softfail).
    pub due_at: Option<Time>,
    /// The service it went to (forwarded).
    pub to: Option<String>,
    /// How long the handler took.
    pub took: Option<Duration>,
    /// Why it is a failed message (hardfail) or the service paused, or who did it (retried,
    /// discarded, restored).
    pub reason: Option<String>,
}

impl Event {
    /// A record of what a service or somebody did to a message, now.
    pub fn new(what: What, at: Time, message: Message) -> Self {
        Self {
            position: Position::default(),
            at,
            what,
            message,
            service: None,
            attempt: 1,
            errors: Vec::new(),
            due_at: None,
            to: None,
            took: None,
            reason: None,
        }
    }

    /// The error of this outcome.
    pub fn error(&self) -> Option<&FailedAttempt> {
        self.errors.last()
    }
}
