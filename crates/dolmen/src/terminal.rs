//! What the terminal is, found once.

use std::env;
use std::io::{self, IsTerminal, Write};

use crate::render::{Colours, Painter};

/// When to use colours, as typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always, also into files and pipes
    Always,
    /// Never
    Never,
}

/// Where answers and progress are shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    /// Columns of standard output.
    pub(crate) width: usize,
    /// Colours of standard output.
    pub(crate) painter: Painter,
    /// Whether somebody watches standard error.
    pub(crate) progress: Progress,
}

/// Whether a progress bar makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Shown,
    Hidden,
}

/// Columns where nobody says how many there are: into files and pipes.
const WIDTH: usize = 120;

impl Terminal {
    /// Looks at the standard streams and the environment.
    pub(crate) fn find(choice: ColorChoice) -> Self {
        let is_terminal = io::stdout().is_terminal();
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        // https://no-color.org: set and not empty.
        let no_color = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let shown = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !no_color && !is_dumb,
        };
        let colours = if shown { Colours::Shown } else { Colours::Hidden };
        let watched = io::stderr().is_terminal() && !is_dumb;
        Self {
            width: width(is_terminal),
            painter: Painter { colours },
            progress: if watched { Progress::Shown } else { Progress::Hidden },
        }
    }
}

/// `COLUMNS` where it is a number, for scripts that want another width than the terminal's.
fn width(is_terminal: bool) -> usize {
    let asked = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let measured = || {
        let (columns, _) = terminal_size::terminal_size().filter(|_| is_terminal)?;
        Some(usize::from(columns.0))
    };
    asked.or_else(measured).filter(|&columns| columns > 0).unwrap_or(WIDTH)
}

/// Standard output, for a command's answer. The caller flushes it, so that a full disk is an error
/// and not silence.
pub(crate) fn stdout() -> io::BufWriter<impl Write> {
    // Who looks at a terminal sees each line as it comes. Elsewhere every write is a system call, and
    // answers may be megabytes.
    let room = if io::stdout().is_terminal() { 0 } else { 64 * 1024 };
    io::BufWriter::with_capacity(room, Answer(io::stdout().lock()))
}

/// Standard output whose errors say what they are about.
struct Answer<W>(W);

/// Why an answer was not written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
struct Unwritten(#[source] io::Error);

impl<W: Write> Write for Answer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(unwritten)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(unwritten)
    }
}

fn unwritten(error: io::Error) -> io::Error {
    // A writer is asked again after an interruption, which is known by its kind.
    io::Error::new(error.kind(), Unwritten(error))
}
