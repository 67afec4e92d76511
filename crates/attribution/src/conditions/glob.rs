//! Globs: how rules write texts.

use crate::rules::{MAX_TEXT, Problem};

/// A pattern for a whole text, over bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    One,
    Run,
}

impl Glob {
    /// Reads `*`, `?` and `\`; the error has the byte offset of the fault.
    pub(crate) fn parse(text: &str) -> Result<Self, (Option<usize>, Problem)> {
        if text.len() > MAX_TEXT {
            return Err((None, Problem::TextTooLong));
        }
        let mut tokens = Vec::with_capacity(text.len());
        let mut bytes = text.bytes().enumerate();
        while let Some((at, byte)) = bytes.next() {
            let token = match byte {
                b'*' => Token::Run,
                b'?' => Token::One,
                b'\\' => match bytes.next() {
                    Some((_, escaped)) => Token::Byte(escaped),
                    None => return Err((Some(at), Problem::TrailingBackslash)),
                },
                byte => Token::Byte(byte),
            };
            match (tokens.as_slice(), token) {
                ([.., Token::Run], Token::Run) => {}
                // `*?` says the same as `?*`; with one spelling for both, `covers` sees it.
                ([.., Token::Run], Token::One) => tokens.insert(tokens.len() - 1, Token::One),
                _ => tokens.push(token),
            }
        }
        Ok(Self(tokens))
    }

    /// The same pattern for text in lower case.
    pub(crate) fn in_lower_case(mut self) -> Self {
        for token in &mut self.0 {
            if let Token::Byte(byte) = token {
                byte.make_ascii_lowercase();
            }
        }
        self
    }

    /// The one text it matches, if it matches only one.
    pub(crate) fn literal(&self) -> Option<Vec<u8>> {
        let byte = |token: &Token| match token {
            Token::Byte(byte) => Some(*byte),
            Token::One | Token::Run => None,
        };
        self.0.iter().map(byte).collect()
    }

    /// Whether it matches every text.
    pub(crate) fn is_anything(&self) -> bool {
        self.0 == [Token::Run]
    }

    /// The same as a regular expression for `regex::bytes`.
    pub(crate) fn regex(&self) -> String {
        let mut regex = String::from(r"\A(?s-u:");
        for token in &self.0 {
            match token {
                Token::Byte(byte) => regex.push_str(&format!(r"\x{byte:02x}")),
                Token::One => regex.push('.'),
                Token::Run => regex.push_str(".*"),
            }
        }
        regex.push_str(r")\z");
        regex
    }

    /// Whether every text that `other` matches is matched by this one too. A "no" may be wrong
    /// where only a proof by cases would show it; a "yes" never is.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        // As a match of this pattern against the other one's tokens: `*` takes any tokens, `?` any
        // one byte or `?`, a byte itself. `reached[i]`: the first i tokens of `other` are covered.
        let mut reached = vec![false; other.0.len() + 1];
        reached[0] = true;
        for token in &self.0 {
            match token {
                Token::Run => {
                    let first = reached.iter().position(|&r| r).unwrap_or(reached.len());
                    reached[first..].fill(true);
                }
                Token::One | Token::Byte(_) => {
                    for at in (0..other.0.len()).rev() {
                        let takes = match other.0[at] {
                            Token::Run => false,
                            Token::One => *token == Token::One,
                            byte => *token == Token::One || *token == byte,
                        };
                        reached[at + 1] = reached[at] && takes;
                    }
                    reached[0] = false;
                }
            }
        }
        reached[other.0.len()]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::bytes::Regex;

    use super::*;

    fn matches(glob: &str, text: &str) -> bool {
        let regex = Regex::new(&Glob::parse(glob).unwrap().regex()).unwrap();
        regex.is_match(text.as_bytes())
    }

    #[test]
    fn a_glob_matches_the_whole_text() {
        assert!(matches("PortailWeb/*", "PortailWeb/3.1 (prod)"));
        assert!(!matches("PortailWeb/*", "x PortailWeb/3.1"));
        assert!(!matches("PortailWeb", "PortailWeb/3.1"));
        assert!(matches("*bash*", "bash"));
        assert!(matches("a?c", "a\nc"));
        assert!(matches("é*", "été"));
        assert!(matches("", "") && !matches("", "a"));
    }

    #[test]
    fn what_means_something_to_regular_expressions_is_text() {
        assert!(matches("curl/7.81 [en] (a|b)+", "curl/7.81 [en] (a|b)+"));
        assert!(!matches("curl/7.81", "curl/7x81"));
        assert!(matches(r"\*\?\\", r"*?\") && !matches(r"\*", "a"));
    }

    #[test]
    fn a_lone_backslash_is_refused_where_it_stands() {
        assert_eq!(Glob::parse(r"ab\"), Err((Some(2), Problem::TrailingBackslash)));
        assert_eq!(Glob::parse(&"a".repeat(1001)), Err((None, Problem::TextTooLong)));
    }

    #[test]
    fn covers_what_is_narrower() {
        let covers = |a: &str, b: &str| Glob::parse(a).unwrap().covers(&Glob::parse(b).unwrap());
        assert!(covers("*", "") && covers("*", "a*b?"));
        assert!(covers("curl/*", "curl/7.81") && covers("curl/*", "curl/7*"));
        assert!(!covers("curl/7*", "curl/*") && !covers("?", "*") && !covers("?", ""));
        assert!(covers("a?*", "a*?") && covers("a*?", "a?*"));
        assert!(covers("*a*", "bab"));
    }

    proptest! {
        #[test]
        fn a_covered_glob_matches_nothing_more(
            a in "[ab*?]{0,5}", b in "[ab*?]{0,5}", text in "[abc]{0,6}",
        ) {
            let covers = Glob::parse(&a).unwrap().covers(&Glob::parse(&b).unwrap());
            if covers && matches(&b, &text) {
                prop_assert!(matches(&a, &text), "{a} does not cover {b}: {text}");
            }
        }
    }
}
