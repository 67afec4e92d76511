//! A plain file, read by positions.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes that are searched at once for the end of the last line.
const WINDOW: usize = 8 * 1024;

/// Where the last line ends.
pub(super) fn last_line_end(file: &File, len: u64) -> io::Result<u64> {
    let mut window = vec![0; WINDOW];
    let mut to = len;
    while to > 0 {
        let from = to.saturating_sub(WINDOW as u64);
        let window = &mut window[..(to - from) as usize];
        file.read_exact_at(window, from)?;
        if let Some(end) = memchr::memrchr(b'\n', window) {
            return Ok(from + end as u64 + 1);
        }
        to = from;
    }
    Ok(0)
}

/// Fills `out` with what stands from a position on; how much of it there is.
pub(super) fn read_at_most(file: &File, out: &mut [u8], from: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < out.len() {
        match file.read_at(&mut out[done..], from + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
