/// A few ASCII characters on the stack.
#[derive(Debug)]
pub(crate) struct Digits {
    bytes: [u8; 40],
    len: usize,
}

impl Digits {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; 40], len: 0 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    /// The last two digits of `number`.
    pub(crate) fn two(&mut self, number: u64) {
        let two = [b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8];
        if let Some(slots) = self.bytes.get_mut(self.len..self.len + 2) {
            slots.copy_from_slice(&two);
            self.len += 2;
        }
    }

    /// `number` in decimal, filled with zeros to `width` (at most 20).
    pub(crate) fn number(&mut self, mut number: u64, width: usize) {
        let mut reversed = [b'0'; 20];
        let mut len = 0;
        while number > 0 {
            reversed[len] = b'0' + (number % 10) as u8;
            number /= 10;
            len += 1;
        }
        for &digit in reversed[..len.max(width.min(20))].iter().rev() {
            self.byte(digit);
        }
    }
}
