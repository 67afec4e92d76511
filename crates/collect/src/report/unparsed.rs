use std::collections::BTreeMap;

use dolmen_cubes::UnparsedLine;
use dolmen_logs::Unread;

/// How many lines a report shows of those that no format reads; all are counted.
const SHOWN: usize = 1000;

/// Bytes shown of such a line.
const SHOWN_BYTES: usize = 400;

/// The first lines that no format reads, in the order of files and offsets, whichever worker found
/// them.
#[derive(Debug, Default)]
pub(super) struct Unparsed {
    first: BTreeMap<(usize, u64), Found>,
}

/// One such line; its number is relative to its block until all blocks were counted.
#[derive(Debug)]
struct Found {
    block: u64,
    line_in_block: u64,
    column: usize,
    expected: String,
    text: String,
}

impl Unparsed {
    pub(super) fn add(&mut self, at: Position, line: &[u8], why: &Unread) {
        let key = (at.file, at.offset);
        if self.first.len() >= SHOWN && self.first.last_key_value().is_some_and(|(k, _)| *k < key) {
            return;
        }
        let text = String::from_utf8_lossy(&line[..line.len().min(SHOWN_BYTES)]).into_owned();
        let found = Found {
            block: at.block,
            line_in_block: at.line_in_block,
            column: why.column,
            expected: why.expected.to_string(),
            text,
        };
        self.first.insert(key, found);
        self.bound();
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.first.extend(other.first);
        self.bound();
    }

    /// Takes back a line that was read after all.
    pub(super) fn remove(&mut self, file: usize, offset: u64) {
        self.first.remove(&(file, offset));
    }

    fn bound(&mut self) {
        while self.first.len() > SHOWN {
            self.first.pop_last();
        }
    }

    /// With line numbers: `lines[file]` has the blocks of a file, in any order, each with its number and
    /// how many lines it has.
    pub(super) fn into_lines(
        self,
        lines: &[Vec<(u64, u64)>],
        path: impl Fn(usize) -> String,
    ) -> Vec<UnparsedLine> {
        self.first
            .into_iter()
            .map(|((file, _), found)| {
                let before = lines[file].iter().filter(|(block, _)| *block < found.block);
                let before: u64 = before.map(|(_, lines)| lines).sum();
                UnparsedLine {
                    file: path(file),
                    line: before + found.line_in_block + 1,
                    column: found.column as u64,
                    expected: found.expected,
                    text: found.text,
                }
            })
            .collect()
    }
}

/// Where a line stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Position {
    pub(super) file: usize,
    /// Of the line's first byte, in the unpacked file.
    pub(super) offset: u64,
    pub(super) block: u64,
    /// From 0.
    pub(super) line_in_block: u64,
}
