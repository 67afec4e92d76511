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
