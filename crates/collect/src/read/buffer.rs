/// Bytes that a processor moves together.
const CACHE_LINE: usize = 64;

/// A worker's bytes: grown once and then reused, so that a block costs neither zeroing nor moving.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// Longer than what it holds; the rest is left over from earlier blocks.
    storage: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// What it holds.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.storage[self.start..self.end]
    }

    pub(super) fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Empties it for `more` bytes from `offset` on of a file.
    ///
    /// They begin as far behind a cache line's beginning as they do in the file, whose pages begin with
    /// one: the kernel's copy (`rep movsb`) took four times as long where it had to shift every line,
    /// on a Zen processor.
    pub(super) fn clear_for(&mut self, offset: u64, more: usize) {
        if self.storage.len() < more + CACHE_LINE {
            self.storage.resize(more + CACHE_LINE, 0);
        }
        let behind = (offset % CACHE_LINE as u64) as usize;
        let base = self.storage.as_ptr().addr() % CACHE_LINE;
        self.start = (CACHE_LINE + behind - base) % CACHE_LINE;
        self.end = self.start;
    }

    /// Room for `more` bytes behind those it holds; [`Buffer::took`] says how many came.
    pub(super) fn room(&mut self, more: usize) -> &mut [u8] {
        let end = self.end + more;
        if self.storage.len() < end {
            self.storage.resize(end, 0);
        }
        &mut self.storage[self.end..end]
    }

    pub(super) fn took(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.storage.len());
    }

    pub(super) fn append(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).copy_from_slice(bytes);
        self.took(bytes.len());
    }

    pub(super) fn drop_front(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }

    pub(super) fn truncate(&mut self, bytes: usize) {
        self.end = self.end.min(self.start + bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_file_stand_behind_a_cache_line_as_they_do_there() {
        let mut buffer = Buffer::default();
        for offset in [0, 1, 63, 64, 65_535, 65_536, 1_000_003] {
            buffer.clear_for(offset, 100);
            buffer.append(&[b'a'; 100]);
            let behind = buffer.bytes().as_ptr().addr() % CACHE_LINE;
            assert_eq!(behind as u64, offset % CACHE_LINE as u64, "{offset}");
            assert_eq!(buffer.bytes(), [b'a'; 100]);
        }
    }
}
