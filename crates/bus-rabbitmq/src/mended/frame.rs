//! AMQP 0-9-1 frames on their way from the broker, and the texts in them that may be anybody's.
//!
//! Nothing changes its length: a byte that is no UTF-8 becomes one of ASCII. In an id it becomes one
//! of 64, so that ids that differ still do (some programs send a UUID's 16 bytes); in other texts,
//! which people read, a question mark.

/// Type, channel, size; and the octet at the end.
const HEAD: usize = 7;
const END: usize = 1;

const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const HEARTBEAT: u8 = 8;

/// Tables in tables go no deeper than this.
const DEEPEST: u32 = 32;

/// Where the stream is.
#[derive(Debug, Default)]
pub(super) struct Frames {
    /// How many bytes of a body are to come.
    body: usize,
    /// This is not AMQP; the library will say so.
    is_foreign: bool,
}

impl Frames {
    /// Mends what is there of whole frames; how many bytes can be handed on.
    pub(super) fn mend(&mut self, bytes: &mut [u8]) -> usize {
        let mut done = 0;
        while done < bytes.len() {
            let left = &mut bytes[done..];
            if self.is_foreign {
                return done + left.len();
            }
            if self.body > 0 {
                let passed = self.body.min(left.len());
                self.body -= passed;
                done += passed;
                continue;
            }
            let Some(([kind, _, _, size @ ..], _)) = left.split_first_chunk::<HEAD>() else {
                break;
            };
            let kind = *kind;
            let whole = usize::try_from(u32::from_be_bytes(*size)).unwrap_or(usize::MAX);
            let whole = whole.saturating_add(HEAD + END);
            match kind {
                BODY | HEARTBEAT => self.body = whole,
                METHOD | HEADER if left.len() < whole => break,
                METHOD | HEADER => {
                    let mut texts = Texts { left: &mut left[HEAD..whole - END] };
                    // What is not as it should be is handed on as it is.
                    let _ = if kind == METHOD { texts.method() } else { texts.header() };
                    done += whole;
                }
                _ => self.is_foreign = true,
            }
        }
        done
    }
}

/// How a byte is replaced.
#[derive(Clone, Copy)]
enum Text {
    Id,
    Words,
}

/// What is left of a frame's payload.
struct Texts<'b> {
    left: &'b mut [u8],
}

impl<'b> Texts<'b> {
    /// The names and the key of a message that is delivered, got or returned.
    fn method(&mut self) -> Option<()> {
        let [a, b, c, d] = self.number()?;
        match (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])) {
            (60, 60) => {
                self.short(Text::Words)?;
                self.skip(9)?;
            }
            (60, 71) => self.skip(9)?,
            (60, 50) => {
                self.skip(2)?;
                self.short(Text::Words)?;
            }
            _ => return Some(()),
        }
        self.short(Text::Words)?;
        self.short(Text::Words)
    }

    /// The properties of a message.
    fn header(&mut self) -> Option<()> {
        // Class, weight, size of the body.
        self.skip(12)?;
        let flags = u16::from_be_bytes(self.number()?);
        for property in 0..14 {
            if flags & (1 << (15 - property)) == 0 {
                continue;
            }
            match property {
                2 => self.table(DEEPEST)?,
                3 | 4 => self.skip(1)?,
                9 => self.skip(8)?,
                5 | 8 => self.short(Text::Id)?,
                _ => self.short(Text::Words)?,
            }
        }
        Some(())
    }

    fn table(&mut self, deepest: u32) -> Option<()> {
        let mut fields = Texts { left: self.long()? };
        while !fields.left.is_empty() {
            fields.short(Text::Words)?;
            fields.value(deepest)?;
        }
        Some(())
    }

    fn value(&mut self, deepest: u32) -> Option<()> {
        let deeper = deepest.checked_sub(1)?;
        let [kind] = self.number()?;
        match kind {
            b'V' => Some(()),
            b't' | b'b' | b'B' => self.skip(1),
            b's' | b'u' | b'U' => self.skip(2),
            b'i' | b'I' | b'f' => self.skip(4),
            b'D' => self.skip(5),
            b'l' | b'L' | b'd' | b'T' => self.skip(8),
            // Long texts may be anything for the library, too.
            b'S' | b'x' => self.long().map(drop),
            b'F' => self.table(deeper),
            b'A' => {
                let mut values = Texts { left: self.long()? };
                while !values.left.is_empty() {
                    values.value(deeper)?;
                }
                Some(())
            }
            _ => None,
        }
    }

    fn short(&mut self, text: Text) -> Option<()> {
        let [length] = self.number()?;
        mend(self.take(usize::from(length))?, text);
        Some(())
    }

    fn long(&mut self) -> Option<&'b mut [u8]> {
        let length = u32::from_be_bytes(self.number()?);
        self.take(usize::try_from(length).ok()?)
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(drop)
    }

    fn number<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.first_chunk().copied()
    }

    fn take(&mut self, count: usize) -> Option<&'b mut [u8]> {
        let (taken, left) = std::mem::take(&mut self.left).split_at_mut_checked(count)?;
        self.left = left;
        Some(taken)
    }
}

/// Makes bytes UTF-8.
fn mend(mut bytes: &mut [u8], text: Text) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    while let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        let bad = error.error_len().unwrap_or(bytes.len() - at);
        for byte in &mut bytes[at..at + bad] {
            *byte = match text {
                Text::Id => ALPHABET[usize::from(*byte & 63)],
                Text::Words => b'?',
            };
        }
        bytes = &mut bytes[at + bad..];
    }
}

#[cfg(test)]
mod tests {
    use lapin::protocol::basic::AMQPProperties;
    use lapin::types::{AMQPValue, FieldArray, FieldTable};
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let size = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[kind, 0, 1][..], &size, payload, &[0xCE]].concat()
    }

    fn short(text: &[u8]) -> Vec<u8> {
        [&[u8::try_from(text.len()).unwrap()], text].concat()
    }

    fn long(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    fn mended(bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        assert_eq!(Frames::default().mend(&mut bytes), bytes.len());
        bytes
    }

    fn holds(bytes: &[u8], text: &[u8]) -> bool {
        bytes.windows(text.len()).any(|window| window == text)
    }

    /// A message without texts but these: two ids, a header of a header, a producer.
    fn header(id: &[u8], name: &[u8], producer: &[u8]) -> Vec<u8> {
        let inner = [short(name), b"t\x01".to_vec()].concat();
        let array = [b"F".to_vec(), long(&inner)].concat();
        let table = [short(b"h"), b"A".to_vec(), long(&array)].concat();
        let flags: u16 = 1 << 13 | 1 << 10 | 1 << 7 | 1 << 3;
        let properties = [long(&table), short(id), short(id), short(producer)].concat();
        [&[0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2][..], &flags.to_be_bytes(), &properties].concat()
    }

    #[test]
    fn texts_become_utf_8_and_keep_their_length() {
        let before = frame(HEADER, &header(b"\x80\xFFid", b"n\xE9", b"caf\xE9 \xC3\xA9"));
        let after = mended(&before);
        assert_eq!(after.len(), before.len());
        for text in [&b"\x04A_id"[..], b"\x02n?t", "\u{7}caf? é".as_bytes()] {
            assert!(holds(&after, text), "{text:?} in {after:?}");
        }
        let deliver =
            [&[0, 60, 0, 60][..], &short(b"tag"), &[0; 9], &short(b"e\xFF"), &short(b"k\xFF")];
        assert!(mended(&frame(METHOD, &deliver.concat())).ends_with(b"\x02e?\x02k?\xCE"));
        let returned = [&[0, 60, 0, 50][..], &[1, 56], &short(b"\xFF"), &short(b"e"), &short(b"k")];
        assert!(holds(&mended(&frame(METHOD, &returned.concat())), b"\x01?\x01e\x01k"));
    }

    #[test]
    fn bodies_and_other_protocols_pass_as_they_are() {
        let body = frame(BODY, b"\xFF\xFE");
        assert_eq!(mended(&body), body);
        assert_eq!(mended(b"HTTP/1.1 400\r\n\xFF"), b"HTTP/1.1 400\r\n\xFF");
        // Of a body, what is there.
        assert_eq!(Frames::default().mend(&mut body[..8].to_vec()), 8);
    }

    proptest! {
        #[test]
        fn it_matters_not_where_what_is_read_ends(cuts in proptest::collection::vec(1usize..40, 0..40)) {
            let one = [
                frame(METHOD, &[&[0, 60, 0, 71][..], &[0; 9], &short(b"\xFF"), &short(b"k"), &[0; 4]].concat()),
                frame(HEADER, &header(b"\xFF", b"\xFF", b"\xFF")),
                frame(BODY, b"\xFF\xFF"),
                frame(HEARTBEAT, b""),
            ]
            .concat();
            let all = one.repeat(3);
            let (mut frames, mut bytes, mut given) = (Frames::default(), Vec::new(), Vec::new());
            let mut rest = &all[..];
            for cut in cuts.into_iter().chain([all.len()]) {
                let (read, later) = rest.split_at(cut.min(rest.len()));
                rest = later;
                bytes.extend_from_slice(read);
                let done = frames.mend(&mut bytes);
                given.extend(bytes.drain(..done));
            }
            prop_assert_eq!(given, mended(&all));
        }

        #[test]
        fn nothing_that_comes_makes_it_fail(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u8..9) {
            if let Some(first) = bytes.first_mut() {
                *first = kind;
            }
            let length = bytes.len();
            prop_assert!(Frames::default().mend(&mut bytes) <= length);
            mended(&frame(HEADER, &bytes));
            mended(&frame(METHOD, &bytes));
        }
    }

    /// What the library itself writes is left as it is.
    #[test]
    fn what_is_utf_8_is_left_as_it_is() {
        let mut inner = FieldTable::default();
        inner.insert("é".into(), AMQPValue::LongString("ü".into()));
        let mut array = FieldArray::default();
        array.push(AMQPValue::FieldTable(inner));
        array.push(AMQPValue::Double(1.5));
        let mut table = FieldTable::default();
        table.insert("all".into(), AMQPValue::FieldArray(array));
        table.insert("nothing".into(), AMQPValue::Void);
        let properties = AMQPProperties::default()
            .with_headers(table)
            .with_message_id("é".into())
            .with_timestamp(7)
            .with_cluster_id("c".into());
        let written = lapin::protocol::basic::gen_properties(&properties);
        let (written, _) = written(Vec::new().into()).unwrap().into_inner();
        let header =
            frame(HEADER, &[&[0, 60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2][..], &written].concat());
        assert_eq!(mended(&header), header);
    }
}
