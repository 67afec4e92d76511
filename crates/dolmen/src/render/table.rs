//! Tables that fit the screen.
//!
//! Numbers are never cut. Texts give way first, the widest before the others; then columns that
//! are marked as optional go, the last one first; bars take what is left, and vanish where that
//! is too little to compare anything.

use super::paint::{Painter, Style};
use super::text;

/// One cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text of ours.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Style::Plain }
    }

    /// A text from a log or a configuration.
    pub(crate) fn foreign(text: &str) -> Self {
        Self::new(text::clean(text))
    }

    /// A name that nobody may have given.
    pub(crate) fn name(name: Option<&str>) -> Self {
        match name {
            Some(name) => Self::foreign(name),
            None => Self::new("unknown").styled(Style::Unknown),
        }
    }

    pub(crate) fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }
}

/// How a column gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Numbers: to the right, never cut.
    Number,
    /// Numbers that may be left out on a narrow screen.
    OptionalNumber,
    /// Texts: to the left, their end cut where they do not fit.
    Text,
    /// Texts whose end says more than their beginning, which is cut.
    Path,
    /// Bars. Its cells are empty: lengths come from [`Table::row`].
    Bar,
}

/// A table under construction.
#[derive(Debug)]
pub(crate) struct Table {
    columns: Vec<(&'static str, Kind)>,
    rows: Vec<(Vec<Cell>, u64)>,
}

const INDENT: usize = 2;
const GAP: usize = 2;
/// A text is not cut below this while another column can give way.
const TEXT: usize = 12;
/// Nor, when nothing else is left, below this.
const LEAST_TEXT: usize = 4;
const SHORT_BAR: usize = 8;
const LONG_BAR: usize = 24;

impl Table {
    pub(crate) fn new(columns: &[(&'static str, Kind)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; `amount` is the length of its bar, relative to the largest of all rows.
    pub(crate) fn row(&mut self, cells: Vec<Cell>, amount: u64) {
        self.rows.push((cells, amount));
    }

    /// The lines of the table on a screen of so many columns, titles first.
    pub(crate) fn lines(&self, screen: usize, painter: Painter) -> Vec<String> {
        let widths = self.widths(screen.saturating_sub(INDENT));
        let largest = self.rows.iter().map(|(_, amount)| *amount).max().unwrap_or(0);
        let titles: Vec<Cell> =
            self.columns.iter().map(|(title, _)| Cell::new(*title).styled(Style::Quiet)).collect();
        let mut lines = Vec::new();
        if self.columns.iter().any(|(title, _)| !title.is_empty()) {
            lines.push(self.line(&titles, None, &widths, painter));
        }
        for (cells, amount) in &self.rows {
            lines.push(self.line(cells, Some((*amount, largest)), &widths, painter));
        }
        lines
    }

    fn line(
        &self,
        cells: &[Cell],
        bar: Option<(u64, u64)>,
        widths: &[Option<usize>],
        painter: Painter,
    ) -> String {
        let mut line = " ".repeat(INDENT);
        let mut blanks = 0;
        for (n, (_, kind)) in self.columns.iter().enumerate() {
            let (Some(width), Some(cell)) = (widths[n], cells.get(n)) else { continue };
            let (shown, style) = match (kind, bar) {
                (Kind::Bar, Some((amount, largest))) => {
                    (draw_bar(amount, largest, width), Style::Bar)
                }
                (Kind::Path, _) => (text::shorten_front(&cell.text, width), cell.style),
                _ => (text::shorten(&cell.text, width), cell.style),
            };
            let room = width.saturating_sub(text::width(&shown));
            let (before, after) = match kind {
                Kind::Number | Kind::OptionalNumber => (room, 0),
                Kind::Text | Kind::Path | Kind::Bar => (0, room),
            };
            // Blanks are written only once something follows: no line ends in blanks.
            if !shown.is_empty() {
                line.extend(std::iter::repeat_n(' ', blanks + before));
                line.push_str(&painter.paint(style, &shown));
                blanks = 0;
            } else {
                blanks += before;
            }
            blanks += after + GAP;
        }
        line
    }

    /// The width of each column; `None` for one that is left out.
    fn widths(&self, room: usize) -> Vec<Option<usize>> {
        let natural: Vec<usize> = (0..self.columns.len())
            .map(|n| {
                let title = text::width(self.columns[n].0);
                let cells = self.rows.iter().filter_map(|(cells, _)| cells.get(n));
                cells.map(|cell| text::width(&cell.text)).max().unwrap_or(0).max(title)
            })
            .collect();
        let kind = |n: usize| self.columns[n].1;
        let mut shown: Vec<bool> = (0..natural.len()).map(|n| kind(n) != Kind::Bar).collect();
        let needs = |shown: &[bool], least: usize| -> usize {
            let one = |n: usize| match kind(n) {
                Kind::Text | Kind::Path => natural[n].min(least),
                _ => natural[n],
            };
            let used: usize = (0..natural.len()).filter(|&n| shown[n]).map(|n| one(n) + GAP).sum();
            used.saturating_sub(GAP)
        };
        for n in (0..natural.len()).rev() {
            if kind(n) == Kind::OptionalNumber && needs(&shown, TEXT) > room {
                shown[n] = false;
            }
        }
        let least = if needs(&shown, TEXT) > room { LEAST_TEXT } else { TEXT };
        let bar = (0..natural.len()).find(|&n| kind(n) == Kind::Bar);
        let reserved = match bar {
            Some(_) if needs(&shown, TEXT) + GAP + SHORT_BAR <= room => GAP + SHORT_BAR,
            _ => 0,
        };
        let mut widths: Vec<Option<usize>> =
            (0..natural.len()).map(|n| shown[n].then_some(natural[n])).collect();
        let used = |widths: &[Option<usize>]| -> usize {
            widths.iter().flatten().map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
        };
        let texts: Vec<usize> =
            (0..natural.len()).filter(|&n| matches!(kind(n), Kind::Text | Kind::Path)).collect();
        let excess = (used(&widths) + reserved).saturating_sub(room);
        shrink(&mut widths, &texts, least, excess);
        if let Some(bar) = bar.filter(|_| reserved > 0) {
            let left = room.saturating_sub(used(&widths) + GAP);
            widths[bar] = Some(left.clamp(SHORT_BAR, LONG_BAR));
        }
        widths
    }
}

/// Takes `excess` columns from the texts, always from the widest, none below `least`.
fn shrink(widths: &mut [Option<usize>], texts: &[usize], least: usize, excess: usize) {
    for _ in 0..excess {
        let widest = texts.iter().copied().max_by_key(|&n| (widths[n], std::cmp::Reverse(n)));
        match widest.and_then(|n| widths[n].as_mut()) {
            Some(width) if *width > least => *width -= 1,
            _ => return,
        }
    }
}

/// A bar of eighths of a column; what is there shows at least one eighth.
fn draw_bar(amount: u64, largest: u64, width: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if largest == 0 || amount == 0 {
        return String::new();
    }
    let all = u128::try_from(width * 8).unwrap_or(0);
    let eighths = (u128::from(amount) * all / u128::from(largest)).clamp(1, all.max(1));
    let eighths = usize::try_from(eighths).unwrap_or(0);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::paint::Colours;

    const PLAIN: Painter = Painter { colours: Colours::Hidden };

    fn table() -> Table {
        let mut table = Table::new(&[
            ("operation", Kind::Text),
            ("calls", Kind::Number),
            ("p95", Kind::OptionalNumber),
            ("", Kind::Bar),
        ]);
        let row = |name: &str, calls: &str| {
            vec![Cell::foreign(name), Cell::new(calls), Cell::new("1.5 s"), Cell::default()]
        };
        table.row(row("internal and external transfer", "1,234"), 1_234);
        table.row(row("日本語", "617"), 617);
        table.row(row("rare", "1"), 1);
        table
    }

    #[test]
    fn no_line_is_wider_than_the_screen_or_ends_in_blanks() {
        for screen in 22..140 {
            for line in table().lines(screen, PLAIN) {
                assert!(text::width(&line) <= screen, "{screen}: {line:?}");
                assert_eq!(line, line.trim_end());
            }
        }
    }

    #[test]
    fn numbers_survive_where_texts_and_bars_do_not() {
        let narrow = table().lines(30, PLAIN).join("\n");
        assert!(narrow.contains("1,234") && narrow.contains('…'));
        assert!(!narrow.contains('█'));
        let tiny = table().lines(20, PLAIN).join("\n");
        assert!(tiny.contains("1,234") && !tiny.contains("p95"), "{tiny}");
        let wide = table().lines(80, PLAIN).join("\n");
        assert!(wide.contains("internal and external transfer") && wide.contains('█'));
    }

    #[test]
    fn bars_are_in_proportion_and_never_hide_the_rare() {
        assert_eq!(draw_bar(8, 8, 3), "███");
        assert_eq!(draw_bar(4, 8, 3), "█▌");
        assert_eq!(draw_bar(1, 1_000_000, 3), "▏");
        assert_eq!(draw_bar(0, 8, 3), "");
        assert_eq!(draw_bar(u64::MAX, u64::MAX, 3), "███");
    }

    #[test]
    fn colours_take_no_room() {
        let coloured = Painter { colours: Colours::Shown };
        let plain = table().lines(60, PLAIN);
        let painted = table().lines(60, coloured);
        for (plain, painted) in plain.iter().zip(painted) {
            let mut bare = painted.clone();
            for code in ["\x1b[2m", "\x1b[36m", "\x1b[0m"] {
                bare = bare.replace(code, "");
            }
            assert_eq!(*plain, bare);
        }
    }
}
