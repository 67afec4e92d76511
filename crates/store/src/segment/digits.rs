//! Targets without their digits.
//!
//! Numbers in a path name clients, cards and orders: nearly every target differs by them, and
//! hardly by anything else. Cut out, few texts are left, and digits alone take half the room that
//! they take between letters.

use std::sync::Arc;

use arrow_array::builder::StringBuilder;
use arrow_array::{Array, ArrayRef, RecordBatch, StringArray};
use arrow_schema::{ArrowError, Schema};

/// The column that is cut.
pub(super) const CUT: &str = "target";
/// What was cut out of it.
pub(super) const DIGITS: &str = "target_digits";

/// A target cut in two. Its room is kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Cut {
    shape: Piece,
    digits: Piece,
}

/// Bytes that are written eight at a time: what is past `len` is of no use.
#[derive(Debug, Default)]
struct Piece {
    bytes: Vec<u8>,
    len: usize,
}

/// Room that is kept: one target of megabytes does not hold its room to the end.
const KEPT: usize = 64 << 10;

impl Piece {
    /// Begins anew, with room for so many bytes.
    fn begin(&mut self, room: usize) {
        self.len = 0;
        if self.bytes.len() < room {
            self.bytes.resize(room, 0);
        } else if self.bytes.len() > KEPT && room <= KEPT {
            self.bytes.truncate(KEPT);
            self.bytes.shrink_to_fit();
        }
    }

    /// Takes the first `len` of eight bytes, the first one lowest.
    #[inline]
    fn take(&mut self, word: u64, len: usize) {
        let room = self.bytes.get_mut(self.len..).and_then(|room| room.first_chunk_mut());
        if let Some(room) = room {
            *room = word.to_le_bytes();
        }
        self.len += len;
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Cut {
    /// What is left of the last target.
    pub(crate) fn shape(&self) -> &[u8] {
        self.shape.bytes()
    }

    /// What was cut out of it.
    pub(crate) fn digits(&self) -> &[u8] {
        self.digits.bytes()
    }

    /// Cuts whole words of digits out of `text`: each leaves a hole that says how many there were,
    /// and a brace of the text is doubled.
    pub(crate) fn cut(&mut self, text: &[u8]) {
        let Self { shape, digits } = self;
        // A digit between two others becomes three bytes, and whole words are written.
        shape.begin(3 * text.len() + 8);
        digits.begin(text.len() + 8);
        let mut at = 0;
        while at < text.len() {
            let word = eight(text, at);
            let others = (digit_or_brace(word).trailing_zeros() as usize / 8).min(text.len() - at);
            shape.take(word, others);
            at += others;
            if others == 8 || at == text.len() {
                continue;
            }
            if text[at] == b'{' {
                shape.take(u64::from_le_bytes(*b"{{\0\0\0\0\0\0"), 2);
                at += 1;
                continue;
            }
            let word = eight(text, at);
            let end = match digits_of(word) {
                len @ ..8 => at + len,
                _ => at + text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
            };
            let is_word = (at == 0 || !text[at - 1].is_ascii_alphanumeric())
                && !text.get(end).is_some_and(u8::is_ascii_alphanumeric);
            let to = if is_word { &mut *digits } else { &mut *shape };
            for from in (at..end).step_by(8) {
                to.take(eight(text, from), (end - from).min(8));
            }
            if is_word {
                hole(end - at, shape);
            }
            at = end;
        }
    }
}

/// Eight bytes of a text from a place in it on, the first one lowest; zeros past its end.
#[inline]
fn eight(text: &[u8], at: usize) -> u64 {
    match (text[at..].first_chunk(), text.last_chunk()) {
        (Some(eight), _) => u64::from_le_bytes(*eight),
        (None, Some(last)) => u64::from_le_bytes(*last) >> (8 * (8 + at - text.len())),
        (None, None) => {
            let mut eight = [0; 8];
            eight[..text.len() - at].copy_from_slice(&text[at..]);
            u64::from_le_bytes(eight)
        }
    }
}

const EACH: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * EACH;

/// The highest bit of each byte that may be a digit or an opening brace. Those behind one that is may be
/// wrong, but the first never is.
#[inline]
fn digit_or_brace(word: u64) -> u64 {
    let is_zero = |bytes: u64| bytes.wrapping_sub(EACH) & !bytes & HIGH;
    let low = word & !HIGH;
    // '0' + 0x50 is the first to reach the highest bit, '9' + 0x46 the last not to.
    let digits = (low + 0x50 * EACH) & !(low + 0x46 * EACH) & !word & HIGH;
    digits | is_zero(word ^ (u64::from(b'{') * EACH))
}

/// How many of the bytes of a word, from the lowest on, are digits.
#[inline]
fn digits_of(word: u64) -> usize {
    let low = word & !HIGH;
    let digits = (low + 0x50 * EACH) & !(low + 0x46 * EACH) & !word & HIGH;
    (digits ^ HIGH).trailing_zeros() as usize / 8
}

fn hole(len: usize, shape: &mut Piece) {
    if len < 10 {
        shape.take(u64::from_le_bytes([b'{', b'0' + len as u8, b'}', 0, 0, 0, 0, 0]), 3);
        return;
    }
    let text = format!("{{{len}}}");
    for from in (0..text.len()).step_by(8) {
        shape.take(eight(text.as_bytes(), from), (text.len() - from).min(8));
    }
}

/// Puts the digits back; `None` when there are not as many as the shape says.
fn fill(shape: &str, mut digits: &str, out: &mut String) -> Option<()> {
    out.clear();
    let mut rest = shape;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('{') {
            out.push('{');
            rest = after;
            continue;
        }
        let (len, after) = rest.split_once('}')?;
        let (these, others) = digits.split_at_checked(len.parse().ok()?)?;
        out.push_str(these);
        (rest, digits) = (after, others);
    }
    out.push_str(rest);
    digits.is_empty().then_some(())
}

/// Of a column of targets, its shapes and its digits.
pub(super) fn cut_column(targets: &StringArray) -> (ArrayRef, ArrayRef) {
    let (mut shapes, mut all) = (StringBuilder::new(), StringBuilder::new());
    let mut cut = Cut::default();
    for target in targets {
        let Some(target) = target else {
            shapes.append_null();
            all.append_null();
            continue;
        };
        cut.cut(target.as_bytes());
        // Only ASCII was cut, so both are still text.
        shapes.append_value(String::from_utf8_lossy(cut.shape()));
        match cut.digits() {
            b"" => all.append_null(),
            digits => all.append_value(String::from_utf8_lossy(digits)),
        }
    }
    (Arc::new(shapes.finish()), Arc::new(all.finish()))
}

/// A batch as readers know it: targets whole. Without that column it stays as it is.
pub(super) fn whole(batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let (Ok(cut_at), Ok(digits_at)) = (schema.index_of(CUT), schema.index_of(DIGITS)) else {
        return Ok(batch);
    };
    let text = |at: usize| batch.column(at).as_any().downcast_ref::<StringArray>();
    let (Some(shapes), Some(digits)) = (text(cut_at), text(digits_at)) else {
        return Err(ArrowError::SchemaError("targets are no text".to_owned()));
    };
    let mut targets = StringBuilder::with_capacity(
        shapes.len(),
        shapes.value_data().len() + digits.value_data().len(),
    );
    let mut target = String::new();
    for (shape, digits) in shapes.iter().zip(digits) {
        let Some(shape) = shape else {
            targets.append_null();
            continue;
        };
        fill(shape, digits.unwrap_or_default(), &mut target).ok_or_else(|| {
            ArrowError::ParseError(format!("a target has other digits than {shape} says"))
        })?;
        targets.append_value(&target);
    }
    let mut columns = batch.columns().to_vec();
    columns[cut_at] = Arc::new(targets.finish());
    columns.remove(digits_at);
    let mut fields = schema.fields().to_vec();
    fields.remove(digits_at);
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut_text(text: &str) -> (String, String) {
        let mut cut = Cut::default();
        cut.cut(b"/a/longer/1234567/one/1/2{3");
        cut.cut(text.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (text(cut.shape()), text(cut.digits()))
    }

    #[test]
    fn whole_words_of_digits_are_cut() {
        for (text, shape, digits) in [
            ("/api/card/00042/block/7", "/api/card/{5}/block/{1}", "000427"),
            ("/v2/a1b/%2F12/x-3", "/v2/a1b/%2F12/x-{1}", "3"),
            ("/q?a={5}&b=12345678901", "/q?a={{{1}}&b={11}", "512345678901"),
            ("/é/1é/2", "/é/{1}é/{1}", "12"),
            ("12", "{2}", "12"),
            ("/1234567/12345678/123456789", "/{7}/{8}/{9}", "123456712345678123456789"),
            ("/a12345678901{", "/a12345678901{{", ""),
            ("/", "/", ""),
        ] {
            assert_eq!(cut_text(text), (shape.to_owned(), digits.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn words_say_what_bytes_say(text: Vec<u8>, word in "[a-z0-9{/:]{0,30}") {
            for text in [&text[..], word.as_bytes()] {
                for at in 0..text.len() {
                    let bytes = eight(text, at).to_le_bytes();
                    let len = (text.len() - at).min(8);
                    prop_assert_eq!(&bytes[..len], &text[at..at + len]);
                    prop_assert_eq!(&bytes[len..], &[0; 8][len..]);
                    let is_one = |byte: &u8| matches!(byte, b'0'..=b'9' | b'{');
                    let first = bytes.iter().position(is_one).unwrap_or(8);
                    let found = digit_or_brace(u64::from_le_bytes(bytes)).trailing_zeros() / 8;
                    prop_assert_eq!(found as usize, first);
                    let run = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
                    prop_assert_eq!(digits_of(u64::from_le_bytes(bytes)), run);
                }
            }
        }

        #[test]
        fn what_is_cut_comes_back(text in r"[a-z0-9/{}é?=%]{0,40}|[0-9]{0,30}") {
            let (shape, digits) = cut_text(&text);
            let mut back = String::from("before");
            prop_assert_eq!(fill(&shape, &digits, &mut back), Some(()));
            prop_assert_eq!(back, text);
            // Digits too many or too few are not passed over.
            prop_assert_eq!(fill(&shape, &format!("{digits}1"), &mut String::new()), None);
        }
    }
}
