//! Conditions on one text of a call: text -> the rules that allow it.

use regex::bytes::{RegexSet, RegexSetBuilder};
use rustc_hash::FxHashMap;

use super::bits::Bits;
use super::glob::Glob;
use crate::lookup::Lookup;
use crate::rules::Problem;

/// What an empty text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    /// The log has none: only the pattern `""` matches.
    Absent,
    /// A value like any other.
    Value,
}

/// How a text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    /// Byte by byte.
    Exactly,
    /// As a host name: ASCII case aside, with its port or without.
    AsHost,
}

/// One rule's condition: any of the globs.
pub(crate) struct TextCondition<'c> {
    pub(crate) rule: usize,
    pub(crate) globs: &'c [Glob],
}

/// All rules' conditions on one text, compiled: literals to a map, the rest to a set of regular
/// expressions, whose answers a worker remembers in its [`TextMemo`].
#[derive(Debug)]
pub(crate) struct TextIndex {
    /// The rules that have a condition here.
    asking: Bits,
    /// The rules that allow the empty text.
    empty: Bits,
    /// The rules that allow any other text: they do not ask, or ask for `*`.
    other: Bits,
    /// The rules that allow this text, `other` included.
    literals: Lookup<Bits>,
    globs: Option<Globs>,
    compare: Compare,
}

#[derive(Debug)]
struct Globs {
    regexes: RegexSet,
    /// The rule of each regular expression.
    rules: Vec<usize>,
}

/// Room for the compiled regular expressions of one key, in bytes.
const REGEX_ROOM: usize = 64 << 20;

impl TextIndex {
    /// The conditions of rules out of `count`.
    pub(crate) fn compile(
        conditions: &[TextCondition<'_>],
        count: usize,
        empty: Empty,
        compare: Compare,
    ) -> Result<Self, Problem> {
        let mut asking = Bits::none(count);
        for condition in conditions {
            asking.insert(condition.rule);
        }
        let mut index = Self {
            empty: asking.complement(count),
            other: asking.complement(count),
            asking,
            literals: Lookup::default(),
            globs: None,
            compare,
        };
        let (mut patterns, mut rules, mut literals) = (Vec::new(), Vec::new(), Vec::new());
        let asked = conditions.iter().flat_map(|c| c.globs.iter().map(|glob| (c.rule, glob)));
        for (rule, glob) in asked {
            match glob.literal() {
                Some(text) if text.is_empty() => index.empty.insert(rule),
                Some(text) if compare == Compare::Exactly => literals.push((text, rule)),
                _ if glob.is_anything() => {
                    index.other.insert(rule);
                    if empty == Empty::Value {
                        index.empty.insert(rule);
                    }
                }
                _ => {
                    patterns.push(glob.regex());
                    rules.push(rule);
                }
            }
        }
        for (text, rule) in literals {
            let other = &index.other;
            let allowed = index.literals.get_or_insert_with(&text, || other.clone());
            allowed.insert(rule);
        }
        if !patterns.is_empty() {
            let regexes = RegexSetBuilder::new(&patterns)
                .case_insensitive(compare == Compare::AsHost)
                .unicode(false)
                .size_limit(REGEX_ROOM)
                .build()
                .map_err(|_| Problem::GlobsTooLarge)?;
            index.globs = Some(Globs { regexes, rules });
        }
        Ok(index)
    }

    /// Whether any of `rules` has a condition here.
    pub(crate) fn asks(&self, rules: &Bits) -> bool {
        self.asking.meets(rules)
    }

    /// The rules that have a condition here.
    pub(crate) fn asking(&self) -> &Bits {
        &self.asking
    }

    /// Hands the rules that allow `text` to `then`.
    pub(crate) fn with(&self, text: &[u8], memo: &mut TextMemo, then: impl FnOnce(&Bits)) {
        if text.is_empty() {
            return then(&self.empty);
        }
        let Some(globs) = &self.globs else {
            return then(self.literals.get(text).unwrap_or(&self.other));
        };
        if let Some(known) = memo.known.get(text) {
            return then(known);
        }
        let allowed = self.match_globs(text, globs);
        then(&allowed);
        memo.remember(text, allowed);
    }

    fn match_globs(&self, text: &[u8], globs: &Globs) -> Bits {
        let mut allowed = self.literals.get(text).unwrap_or(&self.other).clone();
        let mut add = |text: &[u8]| {
            for matched in globs.regexes.matches(text) {
                allowed.insert(globs.rules[matched]);
            }
        };
        add(text);
        if self.compare == Compare::AsHost
            && let Some(name) = without_port(text)
        {
            add(name);
        }
        allowed
    }
}

/// `example.org` of `example.org:8443`, `[::1]` of `[::1]:80`.
fn without_port(host: &[u8]) -> Option<&[u8]> {
    let colon = memchr::memrchr(b':', host)?;
    let (name, port) = (&host[..colon], &host[colon + 1..]);
    let bare = !name.contains(&b':') || name.ends_with(b"]");
    (bare && port.iter().all(u8::is_ascii_digit)).then_some(name)
}

/// What one worker remembers of a [`TextIndex`]: at most [`TextMemo::TEXTS`] texts, then it starts
/// anew, so that a flood of texts costs time, not memory.
#[derive(Debug, Default)]
pub(crate) struct TextMemo {
    known: FxHashMap<Box<[u8]>, Bits>,
}

impl TextMemo {
    const TEXTS: usize = 4096;
    /// A longer text is matched anew each time.
    const LONGEST: usize = 1024;

    fn remember(&mut self, text: &[u8], allowed: Bits) {
        if text.len() > Self::LONGEST {
            return;
        }
        if self.known.len() >= Self::TEXTS {
            self.known.clear();
        }
        self.known.insert(text.into(), allowed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(rules: &[&[&str]], empty: Empty, compare: Compare, text: &str) -> Vec<usize> {
        let globs: Vec<Vec<Glob>> = rules
            .iter()
            .map(|globs| globs.iter().map(|g| Glob::parse(g).unwrap()).collect())
            .collect();
        let asking: Vec<_> = globs
            .iter()
            .enumerate()
            .filter(|(_, globs)| !globs.is_empty())
            .map(|(rule, globs)| TextCondition { rule, globs })
            .collect();
        let index = TextIndex::compile(&asking, rules.len(), empty, compare).unwrap();
        let mut memo = TextMemo::default();
        let mut answers = Vec::new();
        // Asked twice: the second answer may come from the memo.
        for _ in 0..2 {
            index.with(text.as_bytes(), &mut memo, |bits| {
                answers.push((0..rules.len()).filter(|&r| bits.contains(r)).collect());
            });
        }
        assert_eq!(answers[0], answers[1]);
        answers.remove(0)
    }

    #[test]
    fn a_rule_without_a_condition_allows_everything() {
        let rules: &[&[&str]] = &[&["curl/*"], &[], &["curl/8", "wget"], &["*"]];
        let ask = |text| allowed(rules, Empty::Absent, Compare::Exactly, text);
        assert_eq!(ask("curl/8"), [0, 1, 2, 3]);
        assert_eq!(ask("wget"), [1, 2, 3]);
        assert_eq!(ask("x"), [1, 3]);
    }

    #[test]
    fn an_absent_text_matches_only_the_empty_pattern() {
        let rules: &[&[&str]] = &[&["*"], &[""], &[], &["a*"]];
        assert_eq!(allowed(rules, Empty::Absent, Compare::Exactly, ""), [1, 2]);
        assert_eq!(allowed(rules, Empty::Value, Compare::Exactly, ""), [0, 1, 2]);
    }

    #[test]
    fn a_host_is_compared_without_case_and_port() {
        let rules: &[&[&str]] = &[&["Api.example.org"], &["*.example.org:8443"], &["[::1]"]];
        let ask = |text| allowed(rules, Empty::Absent, Compare::AsHost, text);
        assert_eq!(ask("api.EXAMPLE.org"), [0]);
        assert_eq!(ask("api.example.org:8443"), [0, 1]);
        assert_eq!(ask("api.example.org:x"), [0usize; 0]);
        assert_eq!(ask("[::1]:80"), [2]);
        assert_eq!(ask("::1:80"), [0usize; 0]);
    }

    #[test]
    fn the_memo_is_bounded() {
        let globs = [Glob::parse("a*b").unwrap()];
        let asking = [TextCondition { rule: 0, globs: &globs }];
        let index = TextIndex::compile(&asking, 1, Empty::Absent, Compare::Exactly).unwrap();
        let mut memo = TextMemo::default();
        for n in 0..2 * TextMemo::TEXTS {
            index.with(format!("a{n}b").as_bytes(), &mut memo, |bits| assert!(bits.contains(0)));
        }
        index.with("a".repeat(2000).as_bytes(), &mut memo, |bits| assert!(!bits.contains(0)));
        assert!(memo.known.len() <= TextMemo::TEXTS);
        assert!(memo.known.keys().all(|text| text.len() <= TextMemo::LONGEST));
    }
}
