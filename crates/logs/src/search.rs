//! The search that reading a line mostly consists of.

use dolmen_model::first_word;
use memchr::{memchr, memchr2, memchr3};
use wide::u8x16;

/// How many bytes are compared at once: what every processor of its kind can do, so that nothing is
/// asked of this one.
const WIDTH: usize = 16;

/// How many of such steps are made here; beyond, the run-up of a wider search pays.
const STEPS: usize = 8;

/// Where any of up to three bytes first is. Inlined, because most fields are shorter than what a
/// call costs.
#[inline]
pub(crate) fn find_any<const N: usize>(text: &[u8], bytes: [u8; N]) -> Option<usize> {
    let wanted = bytes.map(u8x16::splat);
    let find = |chunk: [u8; WIDTH]| {
        let chunk = u8x16::new(chunk);
        let none = u8x16::splat(0);
        let hits = wanted.iter().fold(none, |hits, wanted| hits | chunk.simd_eq(*wanted));
        hits.to_bitmask()
    };
    let place = |hits: u32| hits.trailing_zeros() as usize;
    let (chunks, _) = text.as_chunks::<WIDTH>();
    for (number, chunk) in chunks[..chunks.len().min(STEPS)].iter().enumerate() {
        let hits = find(*chunk);
        if hits != 0 {
            return Some(number * WIDTH + place(hits));
        }
    }
    if chunks.len() >= STEPS {
        return find_far(text, STEPS * WIDTH, bytes);
    }
    match text.last_chunk() {
        // What was looked at before is looked at again: there is nothing in it.
        Some(last) => {
            let hits = find(*last);
            (hits != 0).then(|| text.len() - WIDTH + place(hits))
        }
        None => {
            let hits = find(padded(text)) & !(u32::MAX << text.len());
            (hits != 0).then(|| place(hits))
        }
    }
}

#[inline(never)]
fn find_far<const N: usize>(text: &[u8], from: usize, bytes: [u8; N]) -> Option<usize> {
    let rest = text.get(from..)?;
    let at = match *bytes.as_slice() {
        [a] => memchr(a, rest),
        [a, b] => memchr2(a, b, rest),
        [a, b, c] => memchr3(a, b, c, rest),
        _ => rest.iter().position(|b| bytes.contains(b)),
    };
    at.map(|at| from + at)
}

/// Less than sixteen bytes, and zeros behind them.
#[inline]
fn padded(text: &[u8]) -> [u8; WIDTH] {
    let last = match text.last_chunk::<8>() {
        Some(last) if text.len() > 8 => u64::from_le_bytes(*last) >> (8 * (WIDTH - text.len())),
        _ => 0,
    };
    (u128::from(first_word(text)) | u128::from(last) << 64).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_a_search_finds() {
        let text: Vec<u8> = (0..400u32).map(|n| (n * n % 251) as u8).collect();
        for start in 0..text.len() {
            let rest = &text[start..];
            for byte in [0, 1, 4, 127, 128, 200, 250, 255] {
                assert_eq!(find_any(rest, [byte]), memchr(byte, rest), "{byte} from {start}");
                let any = memchr2(byte, 9, rest);
                assert_eq!(find_any(rest, [byte, 9]), any, "{byte} or 9 from {start}");
                let any = memchr3(byte, 9, 77, rest);
                assert_eq!(find_any(rest, [byte, 9, 77]), any, "{byte}, 9 or 77 from {start}");
            }
        }
    }

    #[test]
    fn finds_the_first_at_any_place_among_any_bytes() {
        for around in [b'a', 0, 0x21, 0x23, 0x5b, 0x5d, 0xa2, 0xdc, 0xff] {
            for len in 0..200 {
                let mut text = vec![around; len];
                let find = |text: &[u8]| find_any(text, [b'"', b'\\']);
                assert_eq!(find(&text), None);
                for at in (0..len).rev() {
                    text[at] = if at % 2 == 0 { b'"' } else { b'\\' };
                    assert_eq!(find(&text), Some(at), "{around} {len}");
                }
            }
        }
    }
}
