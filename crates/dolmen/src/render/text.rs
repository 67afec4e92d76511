//! Text from logs, made fit for a terminal.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text without what could move the cursor, change colours or turn the reading direction: a
/// client chooses its user agent, and a log may hold anything.
pub(crate) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => clean.push(' '),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(clean, "\\x{:02x}", u32::from(c));
            }
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(clean, "\\u{{{:x}}}", u32::from(c));
            }
            c => clean.push(c),
        }
    }
    clean
}

/// The text in at most `columns` columns; `…` stands for what was cut off its end.
pub(crate) fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut short = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > room {
            break;
        }
        used += wide;
        short.push(c);
    }
    short.push('…');
    short
}

/// The text in at most `columns` columns; `…` stands for what was cut off its beginning.
pub(crate) fn shorten_front(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut used = 0;
    let kept = text.char_indices().rev().take_while(|(_, c)| {
        used += c.width().unwrap_or(0);
        used <= room
    });
    let from = kept.last().map_or(text.len(), |(at, _)| at);
    format!("…{}", &text[from..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_cannot_drive_the_terminal() {
        assert_eq!(clean("a\x1b[31mb\r\n\u{202e}c\td"), "a\\x1b[31mb\\x0d\\x0a\\u{202e}c d");
        assert_eq!(clean("naïve 日本"), "naïve 日本");
    }

    #[test]
    fn shortens_by_columns_not_by_letters() {
        assert_eq!(shorten("monolith", 8), "monolith");
        assert_eq!(shorten("monolith", 5), "mono…");
        // Each of these takes two columns; half of one is not shown.
        assert_eq!(shorten("日本語", 6), "日本語");
        assert_eq!(shorten("日本語", 5), "日本…");
        assert_eq!(shorten("日本語", 4), "日…");
        assert_eq!(shorten("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(shorten("abc", 0), "");
        assert_eq!(shorten_front("/var/log/access.log", 11), "…access.log");
        assert_eq!(shorten_front("日本語", 4), "…語");
        assert_eq!(shorten_front("abc", 3), "abc");
        assert_eq!(shorten_front("abc", 0), "");
    }
}
