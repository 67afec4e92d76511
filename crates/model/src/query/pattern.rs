use std::fmt::{self, Write as _};

/// A text with wildcards: the literal pieces between its `*`s. One piece means no wildcard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// Never empty; only the first and the last may be empty texts.
    pieces: Vec<String>,
    ignore_case: bool,
}

impl Pattern {
    /// A pattern from the pieces between wildcards, as the parser cuts them.
    pub(super) fn new(pieces: Vec<String>, ignore_case: bool) -> Self {
        // `a**b` is `a*b`.
        let last = pieces.len().saturating_sub(1);
        let mut pieces: Vec<String> = pieces
            .into_iter()
            .enumerate()
            .filter(|(n, piece)| *n == 0 || *n == last || !piece.is_empty())
            .map(|(_, piece)| piece)
            .collect();
        if ignore_case {
            pieces.iter_mut().for_each(|piece| piece.make_ascii_lowercase());
        }
        Self { pieces, ignore_case }
    }

    /// Whether it matches every text: a lone `*`.
    pub(super) fn is_anything(&self) -> bool {
        self.pieces.len() == 2 && self.pieces.iter().all(String::is_empty)
    }

    /// Whether it matches the whole text.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        if self.ignore_case {
            self.matches_exactly(&text.to_ascii_lowercase())
        } else {
            self.matches_exactly(text)
        }
    }

    fn matches_exactly(&self, text: &[u8]) -> bool {
        let [first, middle @ .., last] = self.pieces.as_slice() else {
            return self.pieces.first().is_some_and(|only| only.as_bytes() == text);
        };
        let Some(rest) = text.strip_prefix(first.as_bytes()) else {
            return false;
        };
        let Some(mut rest) = rest.strip_suffix(last.as_bytes()) else {
            return false;
        };
        // The leftmost place of each piece leaves the most room for the next.
        for piece in middle {
            let piece = piece.as_bytes();
            let Some(at) = rest.windows(piece.len()).position(|window| window == piece) else {
                return false;
            };
            rest = &rest[at + piece.len()..];
        }
        true
    }

    /// Whether it can be written without quotes.
    fn is_plain(&self) -> bool {
        let is_keyword = |text: &str| {
            ["and", "or", "not", "unknown"].iter().any(|word| text.eq_ignore_ascii_case(word))
        };
        let bare = |c: char| !c.is_whitespace() && !matches!(c, '(' | ')' | '"');
        let has_plain_start = !self.pieces[0].starts_with(['<', '>', '=', '!', ':']);
        let is_word = self.pieces.len() > 1 || !is_keyword(&self.pieces[0]);
        has_plain_start && is_word && self.pieces.iter().all(|piece| piece.chars().all(bare))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.is_plain() { "" } else { "\"" };
        f.write_str(quote)?;
        for (n, piece) in self.pieces.iter().enumerate() {
            if n > 0 {
                f.write_char('*')?;
            }
            for c in piece.chars() {
                if matches!(c, '*' | '"' | '\\') {
                    f.write_char('\\')?;
                }
                f.write_char(c)?;
            }
        }
        f.write_str(quote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text.split('*').map(str::to_owned).collect(), false)
    }

    #[test]
    fn a_wildcard_stands_for_any_text_even_none() {
        let case = |wild: &str, text: &str| pattern(wild).matches(text.as_bytes());
        assert!(case("curl/*", "curl/"));
        assert!(case("curl/*", "curl/8.5.0"));
        assert!(!case("curl/*", "libcurl/8.5.0"));
        assert!(case("*bot*", "Googlebot/2.1"));
        assert!(case("*a*b*c", "xxaxxbxxc"));
        assert!(!case("*a*b*c", "xxbxxaxxc"));
        assert!(case("a**b", "ab"));
        // A prefix and a suffix may not share bytes.
        assert!(!case("aba*ba", "aba"));
        assert!(case("aba*ba", "ababa"));
        assert!(pattern("**").is_anything());
        assert!(!pattern("a*").is_anything());
    }

    #[test]
    fn bytes_that_are_not_utf8_are_bytes() {
        assert!(pattern("/caf*").matches(b"/caf\xe9"));
        assert!(!pattern("/café").matches(b"/caf\xe9"));
    }
}
