use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex};

use dolmen_logs::Format;

use crate::error::CollectError;
use crate::progress::Progress;
use crate::source::{FormatChoice, Holds, Input, Origin, Source};

/// Bytes from which a format is found.
const SAMPLE: usize = 64 * 1024;

/// An input whose format and encoding are known.
pub(crate) struct Prepared {
    pub(crate) input: Input,
    pub(crate) format: Arc<Format>,
    pub(super) encoding: Encoding,
    /// Bytes on the disk; 0 for a pipe.
    pub(super) len: u64,
    /// What can be opened only once (standard input, a named pipe), from its beginning.
    pub(super) once: Mutex<Option<Box<dyn Read + Send>>>,
}

/// How the bytes are packed, told by how they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Gzip,
    Zstd,
}

impl Encoding {
    fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }

    /// `bytes`, unpacked. A file may hold several members or frames, as `cat a.gz b.gz` leaves.
    pub(super) fn unpack<'r>(
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
    let (head, rest, len) = match &input.origin {
        Origin::File(path) => {
            let mut file = File::open(path).map_err(failed)?;
            let metadata = file.metadata().map_err(failed)?;
            if metadata.is_dir() {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            let head = read_up_to(&mut file, SAMPLE).map_err(failed)?;
            // A named pipe cannot be opened twice: what was read of it would be lost.
            let rest: Option<Box<dyn Read + Send>> =
                if metadata.is_file() { None } else { Some(Box::new(file)) };
            (head, rest, metadata.len())
        }
        Origin::Stdin => {
            let head = read_up_to(io::stdin().lock(), SAMPLE).map_err(failed)?;
            let rest: Box<dyn Read + Send> = Box::new(io::stdin());
            (head, Some(rest), 0)
        }
    };
    progress.expect(len);
    let encoding = Encoding::of(&head);
    let format = match &source.format {
        FormatChoice::Given(format) => Arc::clone(format),
        FormatChoice::Auto => {
            let sample = sample(encoding, &head).map_err(failed)?;
            Arc::new(detect(&input, source.holds, &sample)?)
        }
    };
    let once = rest.map(|rest| -> Box<dyn Read + Send> { Box::new(Cursor::new(head).chain(rest)) });
    Ok(Prepared { input, format, encoding, len, once: Mutex::new(once) })
}

fn detect(input: &Input, holds: Holds, sample: &[u8]) -> Result<Format, CollectError> {
    let detected = match holds {
        Holds::Calls => Format::detect(sample),
        Holds::Marks => Format::detect_marks(sample),
    };
    detected.map_err(|undetected| CollectError::Undetected {
        path: input.origin.path().into(),
        reason: undetected.to_string(),
    })
}

/// The unpacked beginning; a packed head breaks off somewhere, which is no fault.
fn sample(encoding: Encoding, head: &[u8]) -> io::Result<Vec<u8>> {
    let mut sample = Vec::new();
    let mut unpacked = encoding.unpack(head)?.take(SAMPLE as u64);
    match unpacked.read_to_end(&mut sample) {
        Ok(_) => Ok(sample),
        Err(_) if !sample.is_empty() || head.is_empty() => Ok(sample),
        Err(error) => Err(error),
    }
}

fn read_up_to(bytes: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    bytes.take(most as u64).read_to_end(&mut head)?;
    Ok(head)
}
