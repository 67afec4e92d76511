//! Lines that a rotation cut in two: the end of one file, the beginning of another.

use std::io;

use super::unparsed::Position;
use super::worker::{Found, Worker};
use crate::read::Prepared;

/// Puts cut lines together again: an unterminated last line that no format reads, and a first line
/// of another file of the same source that no format reads either, are one line if its format
/// reads the two together.
pub(super) fn mend(
    worker: &mut Worker<'_>,
    found: &mut Found,
    files: &[Prepared],
) -> io::Result<()> {
    let tails: Vec<usize> = found
        .files
        .iter()
        .filter(|(_, facts)| facts.tail.is_some())
        .map(|(&file, _)| file)
        .collect();
    for front in tails {
        let heads: Vec<usize> = found
            .files
            .iter()
            .filter(|&(&file, facts)| {
                let source = |file: usize| files[file].input.source;
                file != front && facts.head.is_some() && source(file) == source(front)
            })
            .map(|(&file, _)| file)
            .collect();
        for back in heads {
            if mend_pair(worker, found, files, front, back)? {
                break;
            }
        }
    }
    Ok(())
}

fn mend_pair(
    worker: &mut Worker<'_>,
    found: &mut Found,
    files: &[Prepared],
    front: usize,
    back: usize,
) -> io::Result<bool> {
    let tail = found.files.get(&front).and_then(|facts| facts.tail.as_ref());
    let head = found.files.get(&back).and_then(|facts| facts.head.as_ref());
    let (Some(tail), Some(head)) = (tail, head) else {
        return Ok(false);
    };
    let (tail_at, head_at) = (tail.offset, head.offset);
    let line = [tail.bytes.as_slice(), head.bytes.as_slice()].concat();
    let mut reader = files[front].format.reader();
    let Ok(read) = reader.read(&line) else {
        return Ok(false);
    };
    let at = Position { file: front, offset: tail_at, block: 0, line_in_block: 0 };
    worker.read(at, &read)?;
    found.unparsed.remove(front, tail_at);
    found.unparsed.remove(back, head_at);
    if let Some(facts) = found.files.get_mut(&front) {
        facts.tail = None;
        facts.unparsed -= 1;
    }
    if let Some(facts) = found.files.get_mut(&back) {
        facts.head = None;
        facts.unparsed -= 1;
    }
    Ok(true)
}
