//! What was read, and the lines that no format reads.

use std::io;

use dolmen_cubes::{FileRow, Report, UnparsedLine};
use unicode_width::UnicodeWidthChar;

use super::Page;
use crate::render::number;
use crate::render::page::LINES;
use crate::render::paint::Style;
use crate::render::table::{Cell, Kind, Table};
use crate::render::text;

pub(super) fn files(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    if report.files.is_empty() {
        return Ok(());
    }
    page.heading("Files", "")?;
    let mut table = Table::new(&[
        ("file", Kind::Path),
        ("format", Kind::Text),
        ("lines", Kind::Number),
        ("unparsed", Kind::Number),
    ]);
    let (shown, rest) = page.top(&report.files, LINES, |file| file.lines);
    for file in shown {
        let unparsed = Cell::new(number::count(file.unparsed));
        let cells = vec![
            Cell::foreign(&file.path),
            Cell::foreign(&file.format),
            Cell::new(number::count(file.lines)),
            if file.unparsed > 0 { unparsed.styled(Style::Alarm) } else { unparsed },
        ];
        table.row(cells, file.lines);
    }
    page.table(&table, rest)?;
    // Never left out, however many files: their counts are not whole.
    for FileRow { path, error, .. } in &report.files {
        if let Some(error) = error {
            let text = format!("{}: {}", text::clean(path), text::clean(error));
            page.paragraph(Style::Alarm, &text)?;
        }
    }
    Ok(())
}

pub(super) fn lines(report: &Report, page: &mut Page<'_>) -> io::Result<()> {
    if report.unparsed == 0 {
        return Ok(());
    }
    let note =
        number::counted(report.unparsed, "line that no format reads", "lines that no format reads");
    page.heading("Unparsed lines", &note)?;
    let shown = page.look.top.unwrap_or(usize::MAX);
    let shown = &report.unparsed_lines[..shown.min(report.unparsed_lines.len())];
    for line in shown {
        one(line, page)?;
    }
    let rest = report.unparsed.saturating_sub(u64::try_from(shown.len()).unwrap_or(u64::MAX));
    match rest {
        0 => Ok(()),
        rest => page.line(Style::Quiet, &format!("  … {} more", number::count(rest))),
    }
}

fn one(line: &UnparsedLine, page: &mut Page<'_>) -> io::Result<()> {
    let UnparsedLine { file, line: number, column, expected, text } = line;
    let place = format!("{}:{number}:{column}", text::clean(file));
    let painter = page.look.painter;
    let expected = painter.paint(Style::Alarm, &format!("expected {}", text::clean(expected)));
    page.raw(&format!("  {place}: {expected}"))?;
    let room = page.look.width.saturating_sub(4).max(20);
    let Excerpt { shown, caret } = excerpt(text, *column, room);
    page.raw(&format!("    {shown}"))?;
    if let Some(caret) = caret {
        let caret = format!("    {}{}", " ".repeat(caret), painter.paint(Style::Alarm, "^"));
        page.raw(&caret)?;
    }
    Ok(())
}

/// A part of a line that fits the screen and holds the place where reading stopped.
#[derive(Debug, PartialEq, Eq)]
struct Excerpt {
    shown: String,
    /// Columns before the caret; `None` where the place is beyond the part that was kept.
    caret: Option<usize>,
}

/// Columns kept before the fault at least, where the line is too long to be shown from its
/// beginning.
const BEFORE: usize = 30;

fn excerpt(line: &str, column: u64, room: usize) -> Excerpt {
    let fault = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    // Each character of the line as it is shown, and the byte of the log where it begins. What
    // was not UTF-8 is U+FFFD here and counts as one byte there.
    let mut at = 0;
    let mut pieces: Vec<(usize, String)> = Vec::new();
    for c in line.chars() {
        pieces.push((at, text::clean(c.encode_utf8(&mut [0; 4]))));
        at += if c == '\u{fffd}' { 1 } else { c.len_utf8() };
    }
    let fault_piece = pieces.iter().rposition(|(start, _)| *start <= fault).filter(|_| fault < at);
    let is_at_end = fault == at;
    let width_of = |pieces: &[(usize, String)]| -> usize {
        pieces.iter().flat_map(|(_, piece)| piece.chars()).map(|c| c.width().unwrap_or(0)).sum()
    };
    let stop = fault_piece.unwrap_or(if is_at_end { pieces.len() } else { 0 });
    let mut from = 0;
    if width_of(&pieces[..stop]) + 1 > room {
        // A column for the `…`, and one for the caret behind the end of the line.
        let left = room.saturating_sub(width_of(&pieces[stop..]) + 2);
        let before = left.max(BEFORE.min(room / 2));
        while width_of(&pieces[from..stop]) > before {
            from += 1;
        }
    }
    let whole: String = pieces[from..].iter().map(|(_, piece)| piece.as_str()).collect();
    let lead = if from > 0 { "…" } else { "" };
    let shown = text::shorten(&format!("{lead}{whole}"), room);
    let caret = (fault_piece.is_some() || is_at_end)
        .then(|| text::width(lead) + width_of(&pieces[from..stop]));
    Excerpt { shown, caret }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(line: &str, column: u64, room: usize) -> (String, Option<usize>) {
        let Excerpt { shown, caret } = excerpt(line, column, room);
        (shown, caret)
    }

    #[test]
    fn the_caret_stands_under_the_fault() {
        assert_eq!(show("abc def", 5, 40), ("abc def".into(), Some(4)));
        assert_eq!(show("abc", 4, 40), ("abc".into(), Some(3)), "the line ended too early");
        assert_eq!(show("", 1, 40), (String::new(), Some(0)));
        assert_eq!(
            show("日本 x", 8, 40),
            ("日本 x".into(), Some(5)),
            "columns of the log are bytes"
        );
        assert_eq!(show("a\u{fffd}b", 3, 40), ("a\u{fffd}b".into(), Some(2)));
        assert_eq!(show("a\x16b", 3, 40), ("a\\x16b".into(), Some(5)));
    }

    #[test]
    fn a_long_line_is_shown_around_the_fault() {
        let line = format!("{}!{}", "a".repeat(100), "b".repeat(100));
        let (shown, caret) = show(&line, 101, 60);
        assert_eq!(shown, format!("…{}!{}…", "a".repeat(30), "b".repeat(27)));
        assert_eq!(caret, Some(31));
    }

    #[test]
    fn what_ends_too_early_is_shown_as_far_back_as_fits() {
        let (shown, caret) = show(&"a".repeat(100), 101, 60);
        assert_eq!(shown, format!("…{}", "a".repeat(58)));
        assert_eq!(caret, Some(59));
    }

    proptest::proptest! {
        #[test]
        fn any_line_fits_and_so_does_its_caret(
            line in "\\PC{0,80}|[a\u{16}\u{fffd}日]{0,80}",
            column in 0_u64..300,
            room in 20_usize..90,
        ) {
            let Excerpt { shown, caret } = excerpt(&line, column, room);
            proptest::prop_assert!(text::width(&shown) <= room);
            proptest::prop_assert!(caret.is_none_or(|caret| caret < room));
        }
    }

    #[test]
    fn a_fault_beyond_what_was_kept_has_no_caret() {
        assert_eq!(show("abc", 900, 40), ("abc".into(), None));
        assert_eq!(show("abc", u64::MAX, 40), ("abc".into(), None));
    }
}
