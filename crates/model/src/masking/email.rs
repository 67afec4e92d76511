//! E-mail addresses, as people write them: the quoted local parts and literal addresses of RFC 5321 are
//! not among them.

use super::unit::unit_at;

/// Whether this may stand before the `@`. Of what RFC 5322 allows, what addresses have; the rest is
/// what stands around them in URLs.
pub(super) const fn is_local(byte: u8) -> bool {
    begins_local(byte) || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'\'')
}

/// Whether a local part may begin with this.
pub(super) const fn begins_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || !byte.is_ascii()
}

/// Last labels that are no domain but a file: `logo@2x.png`, `vue@3.2.min.js`.
const FILES: &[&[u8]] = &[
    b"avif", b"bmp", b"css", b"gif", b"htm", b"html", b"ico", b"jpeg", b"jpg", b"js", b"json",
    b"mjs", b"pdf", b"php", b"png", b"svg", b"webp", b"woff", b"xml",
];

/// The end of the domain that starts here: at least two labels, of which the last is no number and no
/// kind of file.
pub(super) fn domain_end(line: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    let mut best = None;
    let mut labels = 0;
    loop {
        let label = Label::read(line, at)?;
        labels += 1;
        if labels > 1 && label.may_be_last() {
            best = Some(label.end);
        }
        let point = unit_at(line, label.after).filter(|unit| unit.byte == b'.');
        // A sentence may end behind an address.
        match point.map(|point| label.after + point.len) {
            Some(next) if Label::read(line, next).is_some() => at = next,
            _ => return best.filter(|_| !label.is_file()),
        }
    }
}

struct Label {
    name: Vec<u8>,
    /// Behind its last letter.
    end: usize,
    /// Behind the hyphens that follow.
    after: usize,
}

impl Label {
    fn read(line: &[u8], start: usize) -> Option<Self> {
        let mut label = Self { name: Vec::new(), end: start, after: start };
        while let Some(unit) = unit_at(line, label.after) {
            match unit.byte {
                b'-' if !label.name.is_empty() => label.after += unit.len,
                byte if byte.is_ascii_alphanumeric() || !byte.is_ascii() => {
                    label.name.push(byte.to_ascii_lowercase());
                    label.after += unit.len;
                    label.end = label.after;
                }
                _ => break,
            }
        }
        (!label.name.is_empty()).then_some(label)
    }

    fn may_be_last(&self) -> bool {
        let is_letter = |byte: &u8| byte.is_ascii_alphabetic() || !byte.is_ascii();
        let is_name = self.name.len() > 1 && self.name.iter().all(is_letter);
        is_name || self.name.starts_with(b"xn")
    }

    fn is_file(&self) -> bool {
        FILES.contains(&&self.name[..])
    }
}
