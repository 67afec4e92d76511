use std::io::{self, Read};

use super::buffer::Buffer;
use super::{BLOCK, Ending, KEPT, MAX_LINE};

/// Bytes that come in order only: a compressed file or a pipe.
pub(super) struct Stream<'p> {
    bytes: Box<dyn Read + Send + 'p>,
    /// Bytes read and not yet handed out.
    carried: Vec<u8>,
    /// Where `carried` begins.
    offset: u64,
    /// The end was reached, or `bytes` failed.
    ended: bool,
    /// The rest of a line too long is being skipped.
    skipping: bool,
}

/// What [`Stream::next`] found beside the bytes.
pub(super) struct Cut {
    /// Where the block begins.
    pub(super) offset: u64,
    /// How it ends.
    pub(super) ending: Ending,
    /// Why nothing follows it, where that is not the end of the input.
    pub(super) error: Option<io::Error>,
}

impl<'p> Stream<'p> {
    pub(super) fn new(bytes: Box<dyn Read + Send + 'p>) -> Self {
        Self { bytes, carried: Vec::new(), offset: 0, ended: false, skipping: false }
    }

    /// Fills `out` with the next whole lines. `None` at the end.
    pub(super) fn next(&mut self, out: &mut Buffer) -> Option<Cut> {
        out.clear();
        out.append(&self.carried);
        self.carried.clear();
        let mut error = None;
        let mut searched = 0;
        // The lines in `out` that are whole end here.
        let mut whole = 0;
        loop {
            if self.skipping {
                self.skip(out);
            }
            if let Some(end) = memchr::memrchr(b'\n', &out.bytes()[searched..]) {
                whole = searched + end + 1;
            }
            searched = out.bytes().len();
            let enough = whole >= BLOCK || out.bytes().len() - whole > MAX_LINE;
            if self.ended || enough {
                break;
            }
            if let Err(fault) = self.read_some(out) {
                self.ended = true;
                error = Some(fault);
            }
        }
        if out.bytes().is_empty() && error.is_none() {
            return None;
        }
        let offset = self.offset;
        let ending = if out.bytes().len() - whole > MAX_LINE {
            self.offset += out.bytes().len() as u64;
            out.truncate(whole + KEPT);
            self.skipping = true;
            Ending::TooLong
        } else if whole < out.bytes().len() && self.ended {
            self.offset += out.bytes().len() as u64;
            Ending::Unterminated
        } else {
            self.carried.clear();
            self.carried.extend_from_slice(&out.bytes()[whole..]);
            out.truncate(whole);
            self.offset += whole as u64;
            Ending::Line
        };
        Some(Cut { offset, ending, error })
    }

    /// Drops what is left of a line too long.
    fn skip(&mut self, out: &mut Buffer) {
        let rest = memchr::memchr(b'\n', out.bytes());
        self.skipping = rest.is_none();
        let dropped = rest.map_or(out.bytes().len(), |end| end + 1);
        out.drop_front(dropped);
        self.offset += dropped as u64;
    }

    fn read_some(&mut self, out: &mut Buffer) -> io::Result<()> {
        const STEP: usize = 128 * 1024;
        loop {
            match self.bytes.read(out.room(STEP)) {
                Ok(n) => {
                    self.ended = n == 0;
                    out.took(n);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(bytes: Vec<u8>) -> (Vec<u8>, Vec<Ending>) {
        let mut stream = Stream::new(Box::new(io::Cursor::new(bytes)));
        let (mut all, mut endings, mut out) = (Vec::new(), Vec::new(), Buffer::default());
        while let Some(cut) = stream.next(&mut out) {
            assert!(cut.error.is_none());
            all.extend_from_slice(out.bytes());
            endings.push(cut.ending);
        }
        (all, endings)
    }

    #[test]
    fn blocks_put_together_are_the_input() {
        let input: Vec<u8> =
            (0..400_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        let (all, endings) = lines_of(input.clone());
        assert_eq!(all, input);
        assert!(endings.len() > 3 && endings.iter().all(|ending| *ending == Ending::Line));
    }

    #[test]
    fn an_unterminated_last_line_is_handed_out() {
        assert_eq!(lines_of(b"a\nb".to_vec()), (b"a\nb".to_vec(), vec![Ending::Unterminated]));
        assert_eq!(lines_of(Vec::new()), (Vec::new(), vec![]));
    }

    #[test]
    fn a_line_too_long_is_cut_and_the_next_one_read() {
        let mut input = b"first\n".to_vec();
        input.resize(input.len() + 2 * MAX_LINE, b'x');
        input.extend_from_slice(b"\nlast\n");
        let (all, endings) = lines_of(input);
        assert!(all.starts_with(b"first\nx") && all.ends_with(b"xlast\n"));
        assert!(all.len() < 2 * KEPT);
        assert!(endings.contains(&Ending::TooLong));
    }

    #[test]
    fn what_came_before_a_fault_is_handed_out_with_it() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 == 1 {
                    buf[..4].copy_from_slice(b"a\nb\n");
                    Ok(4)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                }
            }
        }
        let mut stream = Stream::new(Box::new(Broken(0)));
        let mut out = Buffer::default();
        let cut = stream.next(&mut out).unwrap();
        assert_eq!(out.bytes(), b"a\nb\n");
        assert!(cut.error.is_some());
        assert!(stream.next(&mut out).is_none());
    }
}
