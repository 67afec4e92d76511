use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dolmen_logs::Format;
use dolmen_model::NameId;

/// Where lines come from, and how they are to be read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name in the configuration; the file's path where there is none.
    pub name: String,
    /// What its lines are.
    pub holds: Holds,
    /// How its lines are read.
    pub format: FormatChoice,
    /// The service its lines speak of, unless a rule or the line says otherwise.
    pub service: NameId,
    /// The source directly in front of this one, by number: both log the same requests.
    pub behind: Option<u16>,
}

/// What the lines of a source are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Access log lines.
    Calls,
    /// Application log lines that say a request id entered an operation.
    Marks,
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calls => "calls",
            Self::Marks => "marks",
        })
    }
}

/// How the lines of a source are read.
#[derive(Clone, Debug)]
pub enum FormatChoice {
    /// Found from the first lines of each file.
    Auto,
    /// The same of lines that lie under this key of JSON objects.
    AutoIn(String),
    /// As the configuration or the command line says.
    Given(Arc<Format>),
}

/// One file (or standard input) to be read once.
#[derive(Clone, Debug)]
pub struct Input {
    /// Where its bytes are.
    pub origin: Origin,
    /// Its source, by number.
    pub source: u16,
}

/// Where bytes are.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A file, plain or compressed by gzip or zstd (told by its first bytes, not by its name).
    File(PathBuf),
    /// The same, a regular one that is open already: it may have another name by now, or none.
    Open {
        /// The name by which it was opened.
        path: PathBuf,
        /// Read by place alone, so it can be shared.
        file: Arc<File>,
    },
    /// Standard input, plain or compressed.
    Stdin,
    /// What came by somebody else's standard input, in a file.
    CopyOfStdin(PathBuf),
}

impl Origin {
    /// Its path, `-` for standard input.
    pub fn path(&self) -> &Path {
        match self {
            Self::File(path) | Self::Open { path, .. } => path,
            Self::Stdin | Self::CopyOfStdin(_) => Path::new("-"),
        }
    }

    /// The file that holds the bytes, where there is one.
    pub(crate) fn open(&self) -> io::Result<Option<Arc<File>>> {
        match self {
            Self::File(path) | Self::CopyOfStdin(path) => Ok(Some(Arc::new(File::open(path)?))),
            Self::Open { file, .. } => Ok(Some(Arc::clone(file))),
            Self::Stdin => Ok(None),
        }
    }
}

/// A regular file from its beginning, wherever others who share it stand.
pub(crate) struct FromStart {
    file: Arc<File>,
    at: u64,
}

impl FromStart {
    pub(crate) fn new(file: Arc<File>) -> Self {
        Self { file, at: 0 }
    }
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
