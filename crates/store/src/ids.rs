//! Request ids, which take half the room as the numbers that most of them are.

use dolmen_model::RequestId;

use crate::sparse::Sparse;
use crate::texts::Texts;

/// How a request id is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredForm {
    NotLogged,
    Missing,
    Text,
    Number(IdForm),
}

/// The text that a 128-bit id was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdForm {
    /// 32 lower-case hexadecimal digits: trace ids, nginx's `$request_id`.
    Hex,
    /// The same in upper case.
    UpperHex,
    /// RFC 9562, lower case: Envoy and Traefik.
    Uuid,
}

/// How the request ids of rows are kept.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    pub(crate) forms: Vec<StoredForm>,
    /// The two halves of those that are numbers.
    pub(crate) high: Sparse,
    pub(crate) low: Sparse,
    /// The others.
    pub(crate) text: Texts,
}

impl Ids {
    pub(crate) fn push(&mut self, row: usize, id: RequestId<'_>) {
        let number = match id {
            RequestId::Is(id) => IdForm::read(id),
            RequestId::NotLogged | RequestId::Missing => None,
        };
        self.forms.push(match (id, number) {
            (RequestId::NotLogged, _) => StoredForm::NotLogged,
            (RequestId::Missing, _) => StoredForm::Missing,
            (RequestId::Is(_), Some((form, _))) => StoredForm::Number(form),
            (RequestId::Is(id), None) => {
                self.text.push_at(row, id);
                StoredForm::Text
            }
        });
        self.high.push(number.map(|(_, number)| (number >> 64) as i64));
        self.low.push(number.map(|(_, number)| number as i64));
    }

    pub(crate) fn clear(&mut self) {
        self.forms.clear();
        self.high.clear();
        self.low.clear();
        self.text.clear();
    }
}

impl IdForm {
    /// The number behind an id, where its text follows from it.
    pub(crate) fn read(id: &[u8]) -> Option<(Self, u128)> {
        match id.len() {
            32 => {
                if let Some(number) = number(id, b'a') {
                    return Some((Self::Hex, number));
                }
                number(id, b'A').map(|number| (Self::UpperHex, number))
            }
            36 if [8, 13, 18, 23].iter().all(|&at| id[at] == b'-') => {
                let mut hex = [0; 32];
                let mut at = 0;
                for part in [&id[..8], &id[9..13], &id[14..18], &id[19..23], &id[24..]] {
                    hex[at..at + part.len()].copy_from_slice(part);
                    at += part.len();
                }
                number(&hex, b'a').map(|number| (Self::Uuid, number))
            }
            _ => None,
        }
    }

    /// What [`IdForm::read`] read.
    pub(crate) fn write(self, number: u128) -> Vec<u8> {
        let mut text = Vec::with_capacity(36);
        let alphabet: &[u8; 16] =
            if self == Self::UpperHex { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
        for digit in 0..32_u32 {
            if self == Self::Uuid && matches!(digit, 8 | 12 | 16 | 20) {
                text.push(b'-');
            }
            text.push(alphabet[((number >> (124 - 4 * digit)) & 15) as usize]);
        }
        text
    }
}

/// The number that 32 hexadecimal digits say; `ten` is the letter for ten.
fn number(text: &[u8], ten: u8) -> Option<u128> {
    let (words, []) = text.as_chunks::<8>() else { return None };
    let &[a, b, c, d] = words else { return None };
    let eight = |text: [u8; 8]| eight_digits(text, ten);
    let (a, b, c, d) = (eight(a), eight(b), eight(c), eight(d));
    // All are read before one is asked whether it is written so.
    if a.wrong | b.wrong | c.wrong | d.wrong != 0 {
        return None;
    }
    let half = |high: Eight, low: Eight| u64::from(high.number) << 32 | u64::from(low.number);
    Some(u128::from(half(a, b)) << 64 | u128::from(half(c, d)))
}

/// What eight hexadecimal digits say.
#[derive(Clone, Copy)]
struct Eight {
    number: u32,
    /// 0 where they are digits of the case that was asked for.
    wrong: u64,
}

/// All eight at once, a byte of one word each.
#[inline]
fn eight_digits(text: [u8; 8], ten: u8) -> Eight {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let text = u64::from_be_bytes(text);
    // Letters have a bit that digits have not, and say their low bits plus nine.
    let letters = text >> 6 & EACH;
    let digits = (text & (0x0f * EACH)) + letters * 9;
    let over_nine = (digits + 6 * EACH) >> 4 & EACH;
    let written = digits + u64::from(b'0') * EACH + over_nine * u64::from(ten - b'0' - 10);
    let wrong = digits & (0xf0 * EACH) | (written ^ text);
    let pairs = (digits >> 4 | digits) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs >> 8 | pairs) & 0x0000_ffff_0000_ffff;
    Eight { number: (fours >> 16 | fours) as u32, wrong }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_as_it_was_written() {
        for id in [
            "0af7651916cd43dd8448eb211c80319c",
            "0AF7651916CD43DD8448EB211C80319C",
            "0af76519-16cd-43dd-8448-eb211c80319c",
            "00000000000000000000000000000000",
        ] {
            let (form, number) = IdForm::read(id.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(form.write(number)).unwrap(), id);
        }
        for id in ["0aF7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319", "YWJj"] {
            assert!(IdForm::read(id.as_bytes()).is_none(), "{id}");
        }
    }

    #[test]
    fn of_all_bytes_only_digits_are_read() {
        let read = |text: [u8; 8], is_other_case: fn(&u8) -> bool| {
            let is_digit = |byte: &u8| byte.is_ascii_hexdigit() && !is_other_case(byte);
            let text = std::str::from_utf8(&text).ok().filter(|_| text.iter().all(is_digit))?;
            u32::from_str_radix(text, 16).ok()
        };
        for (byte, at) in (0..=u8::MAX).flat_map(|byte| (0..8).map(move |at| (byte, at))) {
            let (mut lower, mut upper) = (*b"0af91b6e", *b"0AF91B6E");
            (lower[at], upper[at]) = (byte, byte);
            let number = |text: [u8; 8], ten: u8| {
                let Eight { number, wrong } = eight_digits(text, ten);
                (wrong == 0).then_some(number)
            };
            assert_eq!(number(lower, b'a'), read(lower, u8::is_ascii_uppercase));
            assert_eq!(number(upper, b'A'), read(upper, u8::is_ascii_lowercase));
        }
    }
}
