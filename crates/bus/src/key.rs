//! Routing keys and the patterns that services listen with: AMQP's topic matching.
//!
//! A key is words between dots; in a pattern `*` stands for exactly one word and `#` for any
//! number of words, none included (AMQP 0-9-1, section 3.1.3.3). RabbitMQ matches by itself; this
//! is for the transports that cannot, and for contracts.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// AMQP's short strings end here: longer keys cannot travel.
pub(crate) const LONGEST: usize = 255;

/// Why a routing key or pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// It is empty.
    #[error("a routing key cannot be empty")]
    Empty,
    /// It is longer than 255 bytes.
    #[error("routing key {0:?} has {1} bytes, more than 255")]
    TooLong(String, usize),
    /// A published key holds `*` or `#`, which only patterns may.
    #[error("routing key {0:?} holds `*` or `#`: only what a service listens to may")]
    Wildcard(String),
    /// A character that no key should hold.
    #[error("routing key {0:?} holds white space or a control character at byte {1}")]
    Character(String, usize),
    /// A wildcard that is part of a word: it would match itself, literally.
    #[error("pattern {0:?}: `{1}` must be a whole word between dots")]
    PartOfWord(String, char),
}

/// Checks a key that somebody wants to publish with.
pub fn check(key: &str) -> Result<(), KeyError> {
    check_text(key)?;
    if key.contains(['*', '#']) {
        return Err(KeyError::Wildcard(key.to_owned()));
    }
    Ok(())
}

fn check_text(key: &str) -> Result<(), KeyError> {
    if key.is_empty() {
        return Err(KeyError::Empty);
    }
    if key.len() > LONGEST {
        return Err(KeyError::TooLong(key.to_owned(), key.len()));
    }
    match key.char_indices().find(|(_, c)| c.is_whitespace() || c.is_control()) {
        Some((at, _)) => Err(KeyError::Character(key.to_owned(), at)),
        None => Ok(()),
    }
}

/// What a service listens to: `notify.gram.user.created`, `notify.gram.*`, `notify.#`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(String);

impl Pattern {
    /// Reads a pattern.
    pub fn new(text: &str) -> Result<Self, KeyError> {
        check_text(text)?;
        for word in text.split('.').filter(|word| word.len() > 1) {
            if let Some(wildcard) = word.chars().find(|c| matches!(c, '*' | '#')) {
                return Err(KeyError::PartOfWord(text.to_owned(), wildcard));
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a message with this key is heard.
    ///
    /// Time is at most words of the pattern x words of the key, also for `#.#.#.#`.
    pub fn matches(&self, key: &str) -> bool {
        // As a shell's `*`: only the last `#` met ever needs to be tried again.
        let pattern: Vec<&str> = self.0.split('.').collect();
        let key: Vec<&str> = key.split('.').collect();
        let (mut p, mut k) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while k < key.len() {
            match pattern.get(p) {
                Some(&"#") => {
                    retry = Some((p, k));
                    p += 1;
                }
                Some(&word) if word == "*" || word == key[k] => {
                    p += 1;
                    k += 1;
                }
                _ => match retry {
                    Some((hash, taken)) => {
                        retry = Some((hash, taken + 1));
                        p = hash + 1;
                        k = taken + 1;
                    }
                    None => return false,
                },
            }
        }
        pattern[p..].iter().all(|&word| word == "#")
    }

    /// How many words are literal: of two patterns that match, the one with more says more.
    pub fn literal_words(&self) -> usize {
        self.0.split('.').filter(|word| !matches!(*word, "*" | "#")).count()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Pattern {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        Self::new(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, key: &str) -> bool {
        Pattern::new(pattern).unwrap().matches(key)
    }

    #[test]
    fn a_star_is_one_word_and_a_hash_any_number() {
        assert!(matches("notify.gram.*", "notify.gram.created"));
        assert!(!matches("notify.gram.*", "notify.gram"));
        assert!(!matches("notify.gram.*", "notify.gram.user.created"));
        assert!(matches("notify.#", "notify"));
        assert!(matches("notify.#", "notify.gram.user.created"));
        assert!(matches("#.created", "created"));
        assert!(matches("#.user.#", "a.user.b.c"));
        assert!(!matches("#.user.#", "a.users.b"));
        assert!(matches("*.#.created", "a.created"));
        assert!(!matches("*.#.created", "created"));
        assert!(matches("#", "a.b-c.d_e"));
        assert!(!matches("a.b", "a.b.c"));
    }

    #[test]
    fn empty_words_are_words() {
        assert!(matches("a.*.b", "a..b"));
        assert!(!matches("a.b", "a..b"));
    }

    #[test]
    fn refuses_what_would_never_match_as_meant() {
        assert_eq!(Pattern::new("a.b*"), Err(KeyError::PartOfWord("a.b*".into(), '*')));
        assert_eq!(check("a.*"), Err(KeyError::Wildcard("a.*".into())));
        assert_eq!(check("a b"), Err(KeyError::Character("a b".into(), 1)));
        assert_eq!(check(""), Err(KeyError::Empty));
        assert!(matches!(check(&"é".repeat(128)), Err(KeyError::TooLong(_, 256))));
    }

    /// The definition, word by word; exponential, so for short keys only.
    fn by_definition(pattern: &[&str], key: &[&str]) -> bool {
        match pattern.split_first() {
            None => key.is_empty(),
            Some((&"#", rest)) => (0..=key.len()).any(|n| by_definition(rest, &key[n..])),
            Some((&word, rest)) => key.split_first().is_some_and(|(first, key)| {
                (word == "*" || word == *first) && by_definition(rest, key)
            }),
        }
    }

    proptest! {
        #[test]
        fn matches_as_the_definition_says(
            pattern in proptest::collection::vec(prop_oneof!["a", "b", "\\*", "#"], 1..7),
            key in proptest::collection::vec(prop_oneof!["a", "b"], 1..7),
        ) {
            let words: Vec<&str> = pattern.iter().map(String::as_str).collect();
            let key_words: Vec<&str> = key.iter().map(String::as_str).collect();
            prop_assert_eq!(
                matches(&pattern.join("."), &key.join(".")),
                by_definition(&words, &key_words)
            );
        }
    }
}
