//! What bytes a path segment is made of: one bit each, gathered while the path is read.

pub(crate) const DIGIT: u8 = 1;
/// `a` to `f`, in either case.
pub(crate) const HEX_LETTER: u8 = 2;
/// The other letters.
pub(crate) const LETTER: u8 = 4;
/// `-` and `_`.
pub(crate) const DASH: u8 = 8;
pub(crate) const DOT: u8 = 16;
/// What stands in mail addresses, times, IPv6 addresses, masked numbers, escapes and padding.
pub(crate) const MARK: u8 = 32;
pub(crate) const OTHER: u8 = 64;
/// What may not stand like this in a path's normal form: `%`, `;`, and what no URI holds.
pub(crate) const ODD: u8 = 128;

/// The class of each byte.
pub(crate) static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => HEX_LETTER,
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'-' | b'_' => DASH,
            b'.' => DOT,
            b'@' | b':' | b'*' | b'+' | b'=' => MARK,
            b'%' => MARK | ODD,
            b';' | 0..=b' ' | 0x7f..=0xff => OTHER | ODD,
            _ => OTHER,
        };
        byte += 1;
    }
    class
};

/// The classes of all these bytes.
pub(crate) fn classes(bytes: &[u8]) -> u8 {
    let class = |byte: u8| CLASS[usize::from(byte)];
    let (fours, rest) = bytes.as_chunks::<4>();
    let fours = fours
        .iter()
        .fold(0, |seen, &[a, b, c, d]| seen | class(a) | class(b) | class(c) | class(d));
    rest.iter().fold(fours, |seen, &byte| seen | class(byte))
}
