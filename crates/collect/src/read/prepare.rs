use std::fs::File;
use std::io::{self, Cursor, Read};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex};

use dolmen_logs::{Envelope, Format, Line, Undetected};

use crate::error::CollectError;
use crate::progress::Progress;
use crate::source::{FormatChoice, FromStart, Holds, Input, Source};
use crate::spool::without_preamble;

/// Bytes from which a format is found.
const SAMPLE: usize = 64 * 1024;

/// An input whose format and encoding are known.
pub(crate) struct Prepared {
    pub(crate) input: Input,
    pub(crate) format: Arc<Format>,
    /// There was nothing yet to find the format from.
    pub(crate) is_guess: bool,
    pub(crate) encoding: Encoding,
    /// Bytes on the disk; 0 for a pipe.
    pub(crate) len: u64,
    /// What can be opened only once (standard input, a named pipe), from its beginning.
    pub(crate) once: Mutex<Option<Box<dyn Read + Send>>>,
}

/// How the bytes are packed, told by how they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
    Zstd,
}

impl Encoding {
    /// Fails for what is told by its first bytes and not read: other packings, and UTF-16.
    fn of(head: &[u8]) -> io::Result<Self> {
        let hint = match head {
            [0x1f, 0x8b, ..] => return Ok(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => return Ok(Self::Zstd),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => {
                "it is compressed by xz; send it through `xz -dc` to standard input (-)"
            }
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => {
                "it is compressed by bzip2; send it through `bzip2 -dc` to standard input (-)"
            }
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                "it is written in UTF-16; send it through `iconv -f UTF-16 -t UTF-8` to standard \
                 input (-)"
            }
            _ => return Ok(Self::Plain),
        };
        Err(io::Error::new(io::ErrorKind::Unsupported, hint))
    }

    /// `bytes`, unpacked. A file may hold several members or frames, as `cat a.gz b.gz` leaves.
    pub(crate) fn unpack<'r>(
        self,
        bytes: impl Read + Send + 'r,
    ) -> io::Result<Box<dyn Read + Send + 'r>> {
        Ok(match self {
            Self::Plain => Box::new(bytes),
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(bytes)),
            Self::Zstd => Box::new(zstd::Decoder::new(bytes)?),
        })
    }
}

/// Looks at the beginning of every input, so that what cannot work is said before anything is
/// counted.
pub(crate) fn prepare(
    sources: &[Source],
    inputs: Vec<Input>,
    progress: &Progress,
) -> Result<Vec<Prepared>, CollectError> {
    inputs
        .into_iter()
        .map(|input| {
            let source = &sources[usize::from(input.source)];
            prepare_one(source, input, progress)
        })
        .collect()
}

fn prepare_one(
    source: &Source,
    input: Input,
    progress: &Progress,
) -> Result<Prepared, CollectError> {
    let failed = |error| CollectError::Read { path: input.origin.path().into(), source: error };
    let file = input.origin.open().map_err(failed)?;
    let (head, rest, len) = match &file {
        Some(file) => {
            let metadata = file.metadata().map_err(failed)?;
            if metadata.is_dir() {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            if metadata.is_file() {
                let head = read_up_to(FromStart::new(Arc::clone(file)), SAMPLE).map_err(failed)?;
                (head, None, metadata.len())
            } else {
                // A named pipe cannot be opened twice: what was read of it would be lost.
                let head = read_up_to(&**file, SAMPLE).map_err(failed)?;
                let rest: Box<dyn Read + Send> = Box::new(Arc::clone(file));
                (head, Some(rest), metadata.len())
            }
        }
        None => {
            let head = read_up_to(io::stdin().lock(), SAMPLE).map_err(failed)?;
            let rest: Box<dyn Read + Send> = Box::new(io::stdin());
            (head, Some(rest), 0)
        }
    };
    progress.expect(len);
    let encoding = Encoding::of(&head).map_err(failed)?;
    let mut is_guess = false;
    let format = match &source.format {
        FormatChoice::Given(format) => Arc::clone(format),
        FormatChoice::Auto | FormatChoice::AutoIn(_) => {
            let (mut sample, fault) = unpacked_beginning(encoding, &head);
            is_guess = sample.trim_ascii().is_empty();
            if let (Some(file), Encoding::Plain, None) = (&file, encoding, &rest) {
                add_later_lines(file, len, &mut sample).map_err(failed)?;
            }
            let lines = without_preamble(&sample);
            match (detect(&input, source, lines), fault) {
                (Ok(format), _) => Arc::new(format),
                // What is broken hides what the lines are.
                (Err(_), Some(fault)) if (head.len() as u64) == len => return Err(failed(fault)),
                (Err(error), _) => return Err(error),
            }
        }
    };
    let once = rest.map(|rest| -> Box<dyn Read + Send> { Box::new(Cursor::new(head).chain(rest)) });
    Ok(Prepared { input, format, is_guess, encoding, len, once: Mutex::new(once) })
}

fn detect(input: &Input, source: &Source, sample: &[u8]) -> Result<Format, CollectError> {
    let key = match &source.format {
        FormatChoice::AutoIn(key) => Some(key.as_str()),
        FormatChoice::Auto | FormatChoice::Given(_) => None,
    };
    found(key, source.holds, sample).map_err(|undetected| CollectError::Undetected {
        path: input.origin.path().into(),
        reason: undetected.to_string(),
    })
}

/// The format of these lines, which lie under `key` of JSON objects where that is named.
pub(crate) fn found(key: Option<&str>, holds: Holds, sample: &[u8]) -> Result<Format, Undetected> {
    if let Some(key) = key {
        return detect_in(key, holds, sample);
    }
    detect_bare(holds, sample).or_else(|undetected| {
        // Those who send others' lines put them into JSON of their own.
        let is_object = |line: &[u8]| line.trim_ascii_start().starts_with(b"{");
        let is_json = sample.split(|&byte| byte == b'\n').next().is_some_and(is_object);
        let usual = Envelope::USUAL.into_iter().filter(|_| is_json);
        let mut found = usual.filter_map(|key| detect_in(key, holds, sample).ok());
        found.find(|format| reads(format, sample)).ok_or(undetected)
    })
}

fn detect_bare(holds: Holds, sample: &[u8]) -> Result<Format, Undetected> {
    match holds {
        Holds::Calls => Format::detect(sample),
        Holds::Marks => Format::detect_marks(sample),
    }
}

/// The format of lines that lie in JSON objects.
fn detect_in(key: &str, holds: Holds, sample: &[u8]) -> Result<Format, Undetected> {
    match Envelope::new(key) {
        Ok(envelope) => {
            let format = detect_bare(holds, &envelope.lines(sample))?;
            Ok(envelope.around(format))
        }
        // It was checked where it was configured.
        Err(_) => detect_bare(holds, sample),
    }
}

/// Whether a format reads any of these lines: of none at all every format is found.
fn reads(format: &Format, sample: &[u8]) -> bool {
    let mut reader = format.reader();
    let mut lines = sample.split(|&byte| byte == b'\n');
    lines.any(|line| matches!(reader.read(line), Ok(Line::Call(_) | Line::Mark(_))))
}

/// The beginning, unpacked as far as it goes, and what stopped it. A packed head breaks off
/// somewhere, which is no fault.
fn unpacked_beginning(encoding: Encoding, head: &[u8]) -> (Vec<u8>, Option<io::Error>) {
    let mut sample = Vec::new();
    let result = encoding
        .unpack(head)
        .and_then(|unpacked| unpacked.take(SAMPLE as u64).read_to_end(&mut sample));
    (sample, result.err())
}

/// Adds whole lines from four places further on: where a file changes its format half-way, what
/// the new format's columns are is found from many of its lines, and from the file alone.
fn add_later_lines(file: &File, len: u64, sample: &mut Vec<u8>) -> io::Result<()> {
    const STRETCH: u64 = 16 * 1024;
    if len <= SAMPLE as u64 {
        return Ok(());
    }
    // The head ends in the middle of a line.
    sample.truncate(memchr::memrchr(b'\n', sample).map_or(0, |at| at + 1));
    let mut stretch = vec![0; STRETCH as usize];
    for place in 1..=4 {
        let from = (len / 4 * place).min(len - STRETCH).max(SAMPLE as u64);
        let read = file.read_at(&mut stretch, from)?;
        let stretch = &stretch[..read];
        let first = memchr::memchr(b'\n', stretch).map_or(read, |at| at + 1);
        let end = memchr::memrchr(b'\n', stretch).map_or(0, |at| at + 1);
        sample.extend_from_slice(stretch.get(first..end).unwrap_or_default());
    }
    Ok(())
}

fn read_up_to(bytes: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    bytes.take(most as u64).read_to_end(&mut head)?;
    Ok(head)
}
