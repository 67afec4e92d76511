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

/// Cuts whole words of digits out of `text`: each leaves a hole that says how many there were, and
/// a brace of the text is doubled. What the two buffers held before is gone.
pub(crate) fn cut(text: &[u8], shape: &mut Vec<u8>, digits: &mut Vec<u8>) {
    shape.clear();
    digits.clear();
    let mut at = 0;
    // What is not yet copied.
    let mut from = 0;
    while let Some(next) = find(text, at) {
        at = next;
        if text[at] == b'{' {
            shape.extend_from_slice(&text[from..=at]);
            from = at;
            at += 1;
            continue;
        }
        let len = text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_word = (at == 0 || !text[at - 1].is_ascii_alphanumeric())
            && !text.get(at + len).is_some_and(u8::is_ascii_alphanumeric);
        if is_word {
            shape.extend_from_slice(&text[from..at]);
            hole(len, shape);
            digits.extend_from_slice(&text[at..at + len]);
            from = at + len;
        }
        at += len;
    }
    shape.extend_from_slice(&text[from..]);
}

/// Where the next digit or opening brace stands, at `from` or after.
fn find(text: &[u8], mut from: usize) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    // Eight at a time: the highest bit of each byte that may be one. Bytes that are not ASCII are
    // none, and those behind one that is may be wrong, but the first never is.
    while let Some(eight) = text.get(from..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        let is_zero = |bytes: u64| bytes.wrapping_sub(EACH) & !bytes & HIGH;
        let low = word & !HIGH;
        // '0' + 0x50 is the first to reach the highest bit, '9' + 0x46 the last not to.
        let digits = (low + 0x50 * EACH) & !(low + 0x46 * EACH) & !word & HIGH;
        let found = digits | is_zero(word ^ (u64::from(b'{') * EACH));
        if found != 0 {
            return Some(from + found.trailing_zeros() as usize / 8);
        }
        from += 8;
    }
    let is_one = |byte: &u8| byte.is_ascii_digit() || *byte == b'{';
    Some(from + text.get(from..)?.iter().position(is_one)?)
}

fn hole(len: usize, shape: &mut Vec<u8>) {
    shape.push(b'{');
    if len < 10 {
        shape.push(b'0' + len as u8);
    } else {
        shape.extend_from_slice(len.to_string().as_bytes());
    }
    shape.push(b'}');
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
    let (mut shape, mut digits) = (Vec::new(), Vec::new());
    for target in targets {
        let Some(target) = target else {
            shapes.append_null();
            all.append_null();
            continue;
        };
        cut(target.as_bytes(), &mut shape, &mut digits);
        // Only ASCII was cut, so both are still text.
        shapes.append_value(String::from_utf8_lossy(&shape));
        match digits.is_empty() {
            true => all.append_null(),
            false => all.append_value(String::from_utf8_lossy(&digits)),
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
        let (mut shape, mut digits) = (b"before".to_vec(), b"before".to_vec());
        cut(text.as_bytes(), &mut shape, &mut digits);
        (String::from_utf8(shape).unwrap(), String::from_utf8(digits).unwrap())
    }

    #[test]
    fn whole_words_of_digits_are_cut() {
        for (text, shape, digits) in [
            ("/api/card/00042/block/7", "/api/card/{5}/block/{1}", "000427"),
            ("/v2/a1b/%2F12/x-3", "/v2/a1b/%2F12/x-{1}", "3"),
            ("/q?a={5}&b=12345678901", "/q?a={{{1}}&b={11}", "512345678901"),
            ("/é/1é/2", "/é/{1}é/{1}", "12"),
            ("12", "{2}", "12"),
            ("/", "/", ""),
        ] {
            assert_eq!(cut_text(text), (shape.to_owned(), digits.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_next_digit_or_brace_is_found(text: Vec<u8>, word in "[a-z0-9{/:]{0,30}") {
            for text in [&text[..], word.as_bytes()] {
                let is_one = |byte: &u8| matches!(byte, b'0'..=b'9' | b'{');
                for from in 0..=text.len() {
                    let expected = text[from..].iter().position(is_one).map(|at| from + at);
                    prop_assert_eq!(find(text, from), expected);
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
