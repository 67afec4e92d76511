//! What is open where a scanner skips what nobody wants.

/// As deep as objects and arrays may lie in each other, as in other readers of JSON.
const DEPTH: usize = 128;

/// The objects and arrays that are open, outermost first: a bit each, set for an object.
#[derive(Default)]
pub(super) struct Nesting {
    bits: u128,
    depth: usize,
}

impl Nesting {
    /// Whether there was room.
    pub(super) fn push(&mut self, is_object: bool) -> bool {
        self.bits = self.bits << 1 | u128::from(is_object);
        self.depth += 1;
        self.depth <= DEPTH
    }

    /// Whether something is still open.
    pub(super) fn pop(&mut self) -> bool {
        self.bits >>= 1;
        self.depth -= 1;
        self.depth > 0
    }

    /// What closes the innermost one.
    pub(super) fn closer(&self) -> u8 {
        if self.bits & 1 == 1 { b'}' } else { b']' }
    }
}
