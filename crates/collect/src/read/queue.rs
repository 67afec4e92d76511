use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use super::buffer::Buffer;
use super::plain::read_block;
use super::prepare::{Encoding, Prepared};
use super::stream::Stream;
use super::{BLOCK, Ending};
use crate::progress::Progress;
use crate::source::FromStart;

/// Hands out blocks to workers, file by file.
pub(crate) struct Queue<'p> {
    files: &'p [Prepared],
    progress: &'p Progress,
    place: Mutex<At<'p>>,
}

/// Where the queue stands.
struct At<'p> {
    /// The file to open next.
    next_file: usize,
    open: Option<Open<'p>>,
}

enum Open<'p> {
    Plain { index: usize, file: Arc<File>, offset: u64, number: u64 },
    Stream { index: usize, stream: Stream<'p>, number: u64 },
}

/// What a worker gets.
pub(crate) enum Work<'p> {
    /// A block of whole lines.
    Block(Block),
    /// A whole file, because its lines depend on each other.
    Whole(Whole<'p>),
    /// A file that cannot be read any further.
    Failed {
        /// The file's number.
        file: usize,
        /// Why.
        error: io::Error,
    },
}

/// Which lines a worker's buffer holds.
#[derive(Debug)]
pub(crate) struct Block {
    /// The file's number.
    pub(crate) file: usize,
    /// The block's number in the file, from 0, growing along it.
    pub(crate) number: u64,
    /// Where the first line begins in the unpacked file.
    pub(crate) offset: u64,
    /// How the last line ends.
    pub(crate) ending: Ending,
    /// Why nothing follows this block, where that is not the end of the file.
    pub(crate) error: Option<io::Error>,
}

/// A file that one worker reads alone.
pub(crate) struct Whole<'p> {
    file: usize,
    number: u64,
    stream: Stream<'p>,
}

impl Whole<'_> {
    /// The next block, in order.
    pub(crate) fn next(&mut self, buffer: &mut Buffer) -> Option<Block> {
        next_of_stream(self.file, &mut self.number, &mut self.stream, buffer)
    }
}

impl<'p> Queue<'p> {
    pub(crate) fn new(files: &'p [Prepared], progress: &'p Progress) -> Self {
        Self { files, progress, place: Mutex::new(At { next_file: 0, open: None }) }
    }

    /// The next piece of work, with a block's lines in `buffer`; `None` when all was handed out.
    pub(crate) fn next(&self, buffer: &mut Buffer) -> Option<Work<'p>> {
        let mut at = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match &mut at.open {
                None => match self.open_next(&mut at)? {
                    Opened::Shared(open) => at.open = Some(open),
                    Opened::Alone(work) => return Some(work),
                },
                Some(Open::Plain { index, file, offset, number }) => {
                    let (index, file, from) = (*index, Arc::clone(file), *offset);
                    let len = self.files[index].len;
                    if from >= len {
                        at.open = None;
                        continue;
                    }
                    let to = (from + BLOCK as u64).min(len);
                    let this = *number;
                    *offset = to;
                    *number += 1;
                    // Other workers go on while this one reads.
                    drop(at);
                    return Some(self.plain_block(index, &file, this, from, to, buffer));
                }
                // Unpacking is done under the lock: what follows depends on it.
                Some(Open::Stream { index, stream, number }) => {
                    match next_of_stream(*index, number, stream, buffer) {
                        Some(block) => return Some(Work::Block(block)),
                        None => at.open = None,
                    }
                }
            }
        }
    }

    fn plain_block(
        &self,
        index: usize,
        file: &File,
        number: u64,
        from: u64,
        to: u64,
        buffer: &mut Buffer,
    ) -> Work<'p> {
        self.progress.read(to - from);
        match read_block(file, from, to, self.files[index].len, buffer) {
            Ok((offset, ending)) => {
                Work::Block(Block { file: index, number, offset, ending, error: None })
            }
            Err(error) => Work::Failed { file: index, error },
        }
    }

    fn open_next(&self, at: &mut At<'p>) -> Option<Opened<'p>> {
        let index = at.next_file;
        let prepared = self.files.get(index)?;
        at.next_file += 1;
        Some(match self.open(index, prepared) {
            Ok(open) => open,
            Err(error) => Opened::Alone(Work::Failed { file: index, error }),
        })
    }

    fn open(&self, index: usize, prepared: &'p Prepared) -> io::Result<Opened<'p>> {
        let alone = prepared.format.is_sequential();
        let once = prepared.once.lock().unwrap_or_else(PoisonError::into_inner).take();
        let bytes: Box<dyn Read + Send> = match once {
            Some(once) => once,
            None => match prepared.input.origin.open()? {
                Some(file) if prepared.encoding == Encoding::Plain && !alone => {
                    return Ok(Opened::Shared(Open::Plain { index, file, offset: 0, number: 0 }));
                }
                Some(file) => Box::new(FromStart::new(file)),
                None => Box::new(io::stdin()),
            },
        };
        let counted = Counted { bytes, progress: self.progress };
        let stream = Stream::new(prepared.encoding.unpack(counted)?);
        Ok(if alone {
            Opened::Alone(Work::Whole(Whole { file: index, number: 0, stream }))
        } else {
            Opened::Shared(Open::Stream { index, stream, number: 0 })
        })
    }
}

enum Opened<'p> {
    Shared(Open<'p>),
    Alone(Work<'p>),
}

fn next_of_stream(
    file: usize,
    number: &mut u64,
    stream: &mut Stream<'_>,
    buffer: &mut Buffer,
) -> Option<Block> {
    let cut = stream.next(buffer)?;
    let this = *number;
    *number += 1;
    Some(Block { file, number: this, offset: cut.offset, ending: cut.ending, error: cut.error })
}

/// Counts packed bytes as they are read.
struct Counted<'p> {
    bytes: Box<dyn Read + Send>,
    progress: &'p Progress,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.bytes.read(buffer)?;
        self.progress.read(n as u64);
        Ok(n)
    }
}
