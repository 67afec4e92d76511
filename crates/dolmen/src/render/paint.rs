/// What a piece of text is, from which its colour follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// As the terminal shows it.
    #[default]
    Plain,
    /// The heading of a section.
    Title,
    /// What may be overlooked: column titles, explanations.
    Quiet,
    /// A bar.
    Bar,
    /// What nobody could name yet: the work to do.
    Unknown,
    /// What should not be there.
    Alarm,
    /// Text to be pasted.
    Paste,
}

/// Puts colours around text, or leaves it alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Painter {
    pub(crate) colours: Colours,
}

/// Whether colours are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colours {
    Shown,
    Hidden,
}

impl Painter {
    /// The text in the colour of its style. The sixteen basic colours follow the person's theme,
    /// so they are readable on light and on dark.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Plain => "",
            Style::Title => "1",
            Style::Quiet => "2",
            Style::Bar => "36",
            Style::Unknown => "33",
            Style::Alarm => "31",
            Style::Paste => "32",
        };
        if code.is_empty() || text.is_empty() || self.colours == Colours::Hidden {
            return text.to_owned();
        }
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
