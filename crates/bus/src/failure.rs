use std::time::Duration;

use dolmen_model::Time;
use serde::{Deserialize, Serialize};

/// The most bytes of an error text that are kept.
pub const MOST_TEXT_BYTES: usize = 8 * 1024;

/// Why a message could not be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nature {
    /// What is asked cannot be: the address is already taken.
    Business,
    /// The message or the service is wrong: a broken format, a bug.
    Technical,
    /// Something the service needs is not there: a database is down, a quota is used up.
    Availability,
}

impl Nature {
    /// Its word in JSON and on screens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Business => "business",
            Self::Technical => "technical",
            Self::Availability => "availability",
        }
    }
}

/// What is to be done about a failure.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    /// Try again later: the message waits.
    Softfail,
    /// Never try again by itself: the message is kept for somebody to look at.
    Hardfail,
    /// Another service can do it.
    Forward(String),
    /// The handler itself cannot run: hand the message back untouched and pause the service.
    Pause,
}

/// What a handler says when it could not handle a message.
///
/// ```
/// use std::time::Duration;
/// use dolmen_bus::Failure;
///
/// let down = Failure::availability("Google API is down").retry_after(Duration::from_secs(120));
/// let taken = Failure::business("the address is already taken").code("address-taken");
/// let flaky = Failure::technical("the reply was cut short").softfail();
/// # assert_ne!(down, taken); assert_ne!(taken, flaky);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Why.
    pub nature: Nature,
    /// What is to be done.
    pub remedy: Remedy,
    /// A stable word for programs and for grouping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What happened, for people; the last [`MOST_TEXT_BYTES`] of it, where a program's last words
    /// and the end of a backtrace are.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// When whoever is unavailable asked to be tried again, counted from now.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A business failure: a hardfail unless said otherwise.
    pub fn business(text: impl Into<String>) -> Self {
        Self::new(Nature::Business, Remedy::Hardfail, text.into())
    }

    /// A technical failure: a hardfail unless said otherwise.
    pub fn technical(text: impl Into<String>) -> Self {
        Self::new(Nature::Technical, Remedy::Hardfail, text.into())
    }

    /// An availability failure: a softfail unless said otherwise.
    pub fn availability(text: impl Into<String>) -> Self {
        Self::new(Nature::Availability, Remedy::Softfail, text.into())
    }

    fn new(nature: Nature, remedy: Remedy, text: String) -> Self {
        let text = shorten_front(text, MOST_TEXT_BYTES);
        Self { nature, remedy, code: None, text, retry_after: None }
    }

    /// The same failure, to be tried again later.
    #[must_use]
    pub fn softfail(self) -> Self {
        Self { remedy: Remedy::Softfail, ..self }
    }

    /// The same failure, never to be tried again by itself.
    #[must_use]
    pub fn hardfail(self) -> Self {
        Self { remedy: Remedy::Hardfail, ..self }
    }

    /// The same failure, which another service can remedy.
    #[must_use]
    pub fn forward_to(self, service: impl Into<String>) -> Self {
        Self { remedy: Remedy::Forward(service.into()), ..self }
    }

    /// The same failure, which no message is to blame for: the service pauses.
    #[must_use]
    pub fn pause(self) -> Self {
        Self { remedy: Remedy::Pause, ..self }
    }

    /// The same failure with a word for programs; at most 255 bytes are kept.
    #[must_use]
    pub fn code(self, code: impl Into<String>) -> Self {
        Self { code: Some(shorten(code.into(), 255)), ..self }
    }

    /// The same failure with the time that was asked for.
    #[must_use]
    pub fn retry_after(self, delay: Duration) -> Self {
        Self { retry_after: Some(delay), ..self }
    }
}

/// One failed delivery, as it travels with the message and stands in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedAttempt {
    /// What the handler said.
    #[serde(flatten)]
    pub failure: Failure,
    /// The service that failed.
    pub service: String,
    /// The host it ran on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// When.
    #[serde(with = "rfc3339")]
    pub time: Time,
    /// Which delivery to this service it was, from 1.
    pub attempt: u32,
}

/// Cuts at a character, saying so.
pub(crate) fn shorten(mut text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let mut end = most.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push('…');
    text
}

/// Cuts at a character and keeps the end, saying so.
pub(crate) fn shorten_front(mut text: String, most: usize) -> String {
    if text.len() <= most {
        return text;
    }
    let mut start = text.len() - most.saturating_sub('…'.len_utf8());
    while !text.is_char_boundary(start) {
        start += 1;
    }
    text.replace_range(..start, "…");
    text
}

/// [`Time`] writes itself as RFC 3339; reading it back is the bus's affair.
mod rfc3339 {
    use dolmen_model::Time;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        time.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        let text = String::deserialize(from)?;
        crate::clock::parse_time(&text)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not an RFC 3339 time")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nature_has_its_usual_remedy_and_a_handler_may_say_otherwise() {
        assert_eq!(Failure::business("").remedy, Remedy::Hardfail);
        assert_eq!(Failure::technical("").remedy, Remedy::Hardfail);
        assert_eq!(Failure::availability("").remedy, Remedy::Softfail);
        assert_eq!(Failure::technical("").softfail().remedy, Remedy::Softfail);
        assert_eq!(Failure::availability("").hardfail().remedy, Remedy::Hardfail);
    }

    #[test]
    fn of_a_long_text_the_end_is_kept_and_cut_at_a_character() {
        let failure = Failure::business(format!("{}!", "é".repeat(MOST_TEXT_BYTES)));
        assert!(failure.text.len() <= MOST_TEXT_BYTES);
        assert!(failure.text.starts_with("…é") && failure.text.ends_with("é!"));
    }
}
