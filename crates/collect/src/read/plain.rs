use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::buffer::Buffer;
use super::{Ending, KEPT, MAX_LINE};

/// Fills `out` with the lines that begin in `[from, to)` of a file that is `len` long, and says
/// where the first of them begins and how the last one ends. Each worker finds the line ends at
/// its own borders, so blocks need no order.
pub(crate) fn read_block(
    file: &File,
    from: u64,
    to: u64,
    len: u64,
    out: &mut Buffer,
) -> io::Result<(u64, Ending)> {
    // One byte earlier: a line that begins at `from` is ours only if a line end stands before it.
    let lead = u64::from(from > 0);
    // A little more: nearly every last line ends there.
    let until = (to + STEP).min(len);
    out.clear_for(from - lead, until.saturating_sub(from - lead) as usize);
    fill(file, from - lead, until, out)?;
    let mut begin = from - lead;
    let mut own = ((to - begin) as usize).min(out.bytes().len());
    if lead > 0 {
        // The line that crosses the border began in an earlier block.
        let crossing = memchr::memchr(b'\n', &out.bytes()[..own]).map_or(own, |at| at + 1);
        out.drop_front(crossing);
        begin += crossing as u64;
        own -= crossing;
    }
    if own == 0 {
        out.clear();
        return Ok((begin, Ending::Line));
    }
    let ending = finish_line(file, (begin, len), own, out)?;
    Ok((begin, ending))
}

/// Bytes that are read beyond a block to find where its last line ends.
const STEP: u64 = 4 * 1024;

/// Cuts `out` after the last line that begins in its first `own` bytes, and reads on until that line
/// is whole.
fn finish_line(
    file: &File,
    (begin, len): (u64, u64),
    own: usize,
    out: &mut Buffer,
) -> io::Result<Ending> {
    let last_line = memchr::memrchr(b'\n', &out.bytes()[..own]).map_or(0, |at| at + 1);
    if last_line == own {
        out.truncate(own);
        return Ok(Ending::Line);
    }
    let mut seen = own;
    loop {
        if let Some(end) = memchr::memchr(b'\n', &out.bytes()[seen..]) {
            out.truncate(seen + end + 1);
            return Ok(Ending::Line);
        }
        seen = out.bytes().len();
        if seen - last_line > MAX_LINE {
            out.truncate(last_line + KEPT);
            return Ok(Ending::TooLong);
        }
        let at = begin + seen as u64;
        fill(file, at, (at + STEP).min(len), out)?;
        if out.bytes().len() == seen {
            return Ok(Ending::Unterminated);
        }
    }
}

/// Appends bytes `[from, to)`, or as many as the file still has.
fn fill(file: &File, from: u64, to: u64, out: &mut Buffer) -> io::Result<()> {
    let room = out.room(to.saturating_sub(from) as usize);
    let mut done = 0;
    let mut result = Ok(());
    while done < room.len() {
        match file.read_at(&mut room[done..], from + done as u64) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                result = Err(error);
                break;
            }
        }
    }
    out.took(done);
    result
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::prelude::*;

    use super::*;

    fn file_of(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    /// The blocks of a file, put together again: with their beginnings, to see that none overlap.
    fn blocks(bytes: &[u8], size: u64) -> (Vec<u8>, Vec<Ending>) {
        let file = file_of(bytes);
        let len = bytes.len() as u64;
        let (mut all, mut endings, mut out) = (Vec::new(), Vec::new(), Buffer::default());
        for from in (0..len).step_by(size as usize) {
            let (begin, ending) =
                read_block(&file, from, (from + size).min(len), len, &mut out).unwrap();
            if !out.bytes().is_empty() {
                assert_eq!(begin, all.len() as u64);
                all.extend_from_slice(out.bytes());
                endings.push(ending);
            }
        }
        (all, endings)
    }

    proptest! {
        #[test]
        fn any_cut_gives_every_line_once(
            bytes in prop::collection::vec(prop::sample::select(b"ab\n".to_vec()), 0..200),
            size in 1_u64..40,
        ) {
            let (all, endings) = blocks(&bytes, size);
            prop_assert_eq!(&all, &bytes);
            let cut = bytes.last().is_some_and(|&last| last != b'\n');
            prop_assert_eq!(endings.last() == Some(&Ending::Unterminated), cut);
        }
    }

    #[test]
    fn a_line_too_long_is_cut_and_the_next_one_read() {
        let mut bytes = b"first\n".to_vec();
        bytes.resize(bytes.len() + MAX_LINE + 200_000, b'x');
        bytes.extend_from_slice(b"\nlast\n");
        let file = file_of(&bytes);
        let len = bytes.len() as u64;
        let (mut out, mut kept, mut too_long) = (Buffer::default(), Vec::new(), 0);
        for from in (0..len).step_by(super::super::BLOCK) {
            let to = (from + super::super::BLOCK as u64).min(len);
            let (_, ending) = read_block(&file, from, to, len, &mut out).unwrap();
            too_long += usize::from(ending == Ending::TooLong);
            kept.extend_from_slice(out.bytes());
        }
        assert_eq!(too_long, 1);
        assert!(kept.starts_with(b"first\nxxx") && kept.ends_with(b"xlast\n"));
        assert_eq!(kept.len(), 6 + KEPT + 5);
    }
}
