//! Paths that differ in nothing but numbers have one shape, and most paths are such.
//!
//! So a few paths met lately are remembered as forms: their bytes, with a gap for each segment of
//! digits. A target that fits a form is told from it by a few compares, which say where its path
//! ends as well; the tree of shapes has nothing to do.

use dolmen_model::{first_word, same_bytes};

/// Forms, by the bytes before their first digit.
#[derive(Debug)]
pub(crate) struct Forms {
    buckets: Vec<Vec<Form>>,
    /// Paths that fitted no form since one was remembered.
    missed: usize,
}

#[derive(Debug)]
struct Form {
    /// What stands before, between and behind the numbers.
    texts: Vec<Box<[u8]>>,
    shape: usize,
    /// How often it was found since somebody else wanted its place.
    found: u32,
}

const BUCKETS: usize = 64;

/// Forms of one bucket: each costs a compare.
const IN_BUCKET: usize = 4;

/// Of so many paths that find no form and no free place, one takes another's.
const PATIENCE: usize = 32;

/// A longer path is not remembered, nor one with more numbers.
const LONGEST: usize = 128;
const NUMBERS: usize = 6;

impl Default for Forms {
    fn default() -> Self {
        Self { buckets: (0..BUCKETS).map(|_| Vec::new()).collect(), missed: 0 }
    }
}

impl Forms {
    /// The shape of the path that a target begins with, and the path's length.
    #[inline]
    pub(crate) fn find(&mut self, target: &[u8]) -> Option<(usize, usize)> {
        let bucket = self.buckets.get_mut(bucket(target))?;
        for form in bucket {
            if let Some(length) = form.fits(target) {
                form.found = form.found.saturating_add(1);
                return Some((form.shape, length));
            }
        }
        None
    }

    /// Remembers a path that fitted no form.
    pub(crate) fn remember(&mut self, path: &[u8], shape: usize) {
        let Some(bucket) = self.buckets.get_mut(bucket(path)) else { return };
        let is_full = bucket.len() >= IN_BUCKET;
        self.missed += 1;
        if (is_full && self.missed < PATIENCE) || path.len() > LONGEST {
            return;
        }
        self.missed = 0;
        let texts = texts(path);
        if texts.len() > NUMBERS + 1 {
            return;
        }
        if is_full {
            // The one that was found least gives way, and the others have to earn their places anew.
            let least = bucket.iter().enumerate().min_by_key(|(_, form)| form.found);
            let least = least.map(|(at, _)| at);
            bucket.iter_mut().for_each(|form| form.found /= 2);
            least.map(|at| bucket.swap_remove(at));
        }
        bucket.push(Form { texts, shape, found: 0 });
    }
}

impl Form {
    /// The length of the path, if it has this form.
    #[inline]
    fn fits(&self, target: &[u8]) -> Option<usize> {
        let mut at = 0;
        for (number, text) in self.texts.iter().enumerate() {
            if number > 0 {
                match digits(&target[at..]) {
                    0 => return None,
                    digits => at += digits,
                }
            }
            if !same_bytes(target.get(at..at + text.len())?, text) {
                return None;
            }
            at += text.len();
        }
        matches!(target.get(at), None | Some(b'?')).then_some(at)
    }
}

/// A path's bytes around its segments of digits: one more than there are such.
fn texts(path: &[u8]) -> Vec<Box<[u8]>> {
    let mut texts = vec![Vec::new()];
    for (number, segment) in path.split(|&byte| byte == b'/').enumerate() {
        let is_number = !segment.is_empty() && segment.iter().all(u8::is_ascii_digit);
        if let Some(text) = texts.last_mut() {
            if number > 0 {
                text.push(b'/');
            }
            if !is_number {
                text.extend_from_slice(segment);
            }
        }
        if is_number {
            texts.push(Vec::new());
        }
    }
    texts.into_iter().map(Vec::into_boxed_slice).collect()
}

/// By the first bytes, up to a digit, behind which a path of the same form may have others, or to
/// the end of the path.
#[inline]
fn bucket(target: &[u8]) -> usize {
    let word = first_word(target);
    let marks = word ^ (u64::MAX / 255 * b'?' as u64);
    let stops = (!others(word) | (marks.wrapping_sub(u64::MAX / 255) & !marks)) & HIGH;
    let before = (stops & stops.wrapping_neg()).wrapping_sub(1) >> 7;
    let same = word & before;
    // An odd number without a pattern: pi's digits.
    (same.wrapping_mul(0x243f_6a88_85a3_08d3) >> 58) as usize % BUCKETS
}

/// How many digits a text begins with.
#[inline]
fn digits(text: &[u8]) -> usize {
    let others = others(first_word(text));
    if others != 0 {
        return others.trailing_zeros() as usize / 8;
    }
    text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len())
}

const HIGH: u64 = 0x8080_8080_8080_8080;

/// The highest bit of each byte that is no digit, up to the first such; the first byte is the lowest.
#[inline]
fn others(word: u64) -> u64 {
    let word = word ^ (u64::MAX / 255 * b'0' as u64);
    (word.wrapping_add(u64::MAX / 255 * 0x76) | word) & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_form_fits_paths_that_differ_in_numbers_alone() {
        let mut forms = Forms::default();
        forms.remember(b"/a/17/b/3", 5);
        for (target, found) in [
            ("/a/17/b/3", Some(9)),
            ("/a/1234567890123/b/44", Some(21)),
            ("/a/1/b/2?c=/3", Some(8)),
            ("/a/1/b/2/", None),
            ("/a/1/b/", None),
            ("/a//b/2", None),
            ("/a/1x/b/2", None),
            ("/a/1/c/2", None),
            ("/a/1/b/2x", None),
            ("/a/1", None),
            ("", None),
        ] {
            assert_eq!(forms.find(target.as_bytes()), found.map(|length| (5, length)), "{target}");
        }
    }

    #[test]
    fn what_comes_often_gets_a_place() {
        let mut forms = Forms::default();
        for n in 0..100_u8 {
            forms.remember(&[b"/aaaaaaa/", &[b'b' + n % 20, b'0'][..]].concat(), usize::from(n));
        }
        assert!(forms.buckets.iter().all(|bucket| bucket.len() <= IN_BUCKET));
        for _ in 0..3 * PATIENCE {
            if forms.find(b"/aaaaaaa/often/1").is_none() {
                forms.remember(b"/aaaaaaa/often/7", 1000);
            }
        }
        assert_eq!(forms.find(b"/aaaaaaa/often/2"), Some((1000, 16)));
    }

    proptest! {
        #[test]
        fn digits_are_counted(text in "[0-9]{0,12}[-0-9/:?a\u{e9}]{0,9}") {
            let expected = text.bytes().take_while(u8::is_ascii_digit).count();
            prop_assert_eq!(digits(text.as_bytes()), expected);
        }

        #[test]
        fn a_path_fits_its_own_form(path in "(/(a|bc|7|42|x9|-|\\.)?){0,6}", more in "(\\?[/a1]*)?") {
            let mut forms = Forms::default();
            forms.remember(path.as_bytes(), 3);
            let target = format!("{path}{more}");
            prop_assert_eq!(forms.find(target.as_bytes()), Some((3, path.len())));
        }
    }
}
