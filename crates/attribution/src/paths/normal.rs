//! The form of a path that rules and templates see.
//!
//! Two servers may read one path differently; here the aim is that calls which reach one endpoint
//! look alike, so this does what most servers do before they route:
//!
//! - escapes of unreserved characters are undone, all others written in upper case (RFC 3986
//!   section 6.2.2); `%2F` is never a separator, and what was escaped twice (`%252F`) stays so;
//! - bytes that no URI may hold are escaped, a `%` that begins no escape becomes `%25`: raw and
//!   escaped UTF-8 look alike (RFC 3987 section 3.1), and the form is its own normal form;
//! - of `http://host/path`, as clients send it to a forward proxy, the path is taken;
//! - `;parameters` are cut from each segment (`;jsessionid=`), then dot segments are removed
//!   (RFC 3986 section 5.2.4), so `..;` is one too, as it is to a servlet container;
//! - empty segments are dropped: `//` is `/`, as Apache and nginx merge them, and a trailing `/`
//!   makes no second endpoint.

use dolmen_model::first_word;

use super::class::{CLASS, ODD, classes};

/// The most segments a declared template may have; of a longer path the first ones are compared.
pub const MAX_SEGMENTS: usize = 32;

/// A path cut at `/`, without dot segments and empty ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segments<'p> {
    /// Whether it starts with `/`. `*`, the authority of a `CONNECT` and garbage do not.
    pub(crate) rooted: bool,
    /// The first [`MAX_SEGMENTS`].
    pub(crate) first: &'p [Segment],
    /// How many more there are.
    pub(crate) more: usize,
    /// Where the segments lie.
    pub(crate) path: &'p [u8],
}

/// One segment, never empty: where it lies in the path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl<'p> Segments<'p> {
    pub(crate) fn bytes(&self, segment: Segment) -> &'p [u8] {
        &self.path[segment.start..segment.end]
    }
}

/// Reads paths, one after the other, in memory that it keeps.
#[derive(Debug, Default)]
pub(crate) struct PathReader {
    first: Vec<Segment>,
    more: usize,
    room: Vec<u8>,
}

impl PathReader {
    /// Brings a path into normal form. One that already is stays where it lies.
    pub(crate) fn normal<'p>(&'p mut self, path: &'p [u8]) -> Segments<'p> {
        let path = without_authority(path);
        if classes(path) & ODD == 0 {
            self.cut(path);
            return self.segments(path);
        }
        let mut room = std::mem::take(&mut self.room);
        rewrite(path, &mut room);
        // Undone escapes may have spelled out an authority.
        let start = room.len() - without_authority(&room).len();
        self.cut(&room[start..]);
        self.room = room;
        self.segments(&self.room[start..])
    }

    fn segments<'p>(&'p self, path: &'p [u8]) -> Segments<'p> {
        // Nothing but dots and slashes is the root.
        let rooted = self.first.is_empty() || path.starts_with(b"/");
        Segments { rooted, first: &self.first, more: self.more, path }
    }

    fn cut(&mut self, path: &[u8]) {
        self.first.clear();
        self.more = 0;
        let mut start = 0;
        while start <= path.len() {
            let end = start + slash(&path[start..]);
            self.push(path, Segment { start, end });
            start = end + 1;
        }
    }

    fn push(&mut self, path: &[u8], segment: Segment) {
        let length = segment.end - segment.start;
        if length <= 2 && path[segment.start..segment.end].iter().all(|&byte| byte == b'.') {
            if length == 2 {
                self.climb();
            }
        } else if self.first.len() < MAX_SEGMENTS {
            self.first.push(segment);
        } else {
            self.more += 1;
        }
    }

    /// `..` takes back the segment before it; above the root there is none (RFC 3986 section 5.2.4).
    fn climb(&mut self) {
        match self.more {
            0 => _ = self.first.pop(),
            _ => self.more -= 1,
        }
    }
}

/// How many bytes stand before the first `/`: all of them where there is none. Every path comes by
/// here, and its segments are short, so it looks at eight bytes at a time.
#[inline]
pub(crate) fn slash(path: &[u8]) -> usize {
    let (eights, rest) = path.as_chunks::<8>();
    let words = eights.iter().map(|eight| u64::from_le_bytes(*eight));
    // What follows the last bytes are zeros, and no slashes.
    for (n, word) in words.chain([first_word(rest)]).enumerate() {
        let slashes = slashes(word);
        if slashes != 0 {
            return n * 8 + slashes.trailing_zeros() as usize / 8;
        }
    }
    path.len()
}

/// The highest bit of each byte that is `/`; the first byte is the lowest.
fn slashes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const LOW: u64 = ONES * 0x7f;
    // A byte is zero where its low bits do not carry into the highest one and that is not set.
    let differs = word ^ (ONES * b'/' as u64);
    !(((differs & LOW) + LOW) | differs | LOW)
}

/// `/path` of `http://host/path`; an empty path is the root (RFC 3986 section 6.2.3).
fn without_authority(target: &[u8]) -> &[u8] {
    if target.starts_with(b"/") {
        return target;
    }
    let Some(colon) = memchr::memchr(b':', target) else {
        return target;
    };
    let (scheme, rest) = target.split_at(colon);
    let scheme_byte = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
    let Some(authority) = rest.strip_prefix(b"://") else {
        return target;
    };
    if !scheme.first().is_some_and(u8::is_ascii_alphabetic) || !scheme.iter().all(scheme_byte) {
        return target;
    }
    match memchr::memchr(b'/', authority) {
        Some(slash) => &authority[slash..],
        None => b"",
    }
}

/// Writes the path into `room`, with its escapes in normal form and without `;parameters`.
fn rewrite(path: &[u8], room: &mut Vec<u8>) {
    room.clear();
    // A line of ten megabytes shall not keep its room for ever.
    room.shrink_to(64 << 10);
    for (at, segment) in path.split(|&byte| byte == b'/').enumerate() {
        if at > 0 {
            room.push(b'/');
        }
        let end = memchr::memchr(b';', segment).unwrap_or(segment.len());
        push_normal(&segment[..end], room);
    }
}

/// Appends a segment with its escapes in normal form.
pub(super) fn push_normal(segment: &[u8], out: &mut Vec<u8>) {
    let mut rest = segment;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if CLASS[usize::from(byte)] & ODD == 0 {
            out.push(byte);
        } else if byte != b'%' {
            push_escape(out, byte);
        } else if let [high, low, after @ ..] = after
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            rest = after;
            let byte = high << 4 | low;
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                out.push(byte);
            } else {
                push_escape(out, byte);
            }
        } else {
            push_escape(out, b'%');
        }
    }
}

pub(crate) fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(path: &str) -> String {
        let mut reader = PathReader::default();
        let segments = reader.normal(path.as_bytes());
        let bytes: Vec<_> = segments.first.iter().map(|s| segments.bytes(*s)).collect();
        let joined = bytes.join(&b'/');
        format!(
            "{}{}{}",
            if segments.rooted { "/" } else { "" },
            String::from_utf8(joined).unwrap(),
            "+".repeat(segments.more)
        )
    }

    #[test]
    fn escapes() {
        assert_eq!(normal("/%41%7e%2d"), "/A~-");
        assert_eq!(normal("/a%2fb%2Fc"), "/a%2Fb%2Fc");
        assert_eq!(normal("/a%252fb"), "/a%252fb");
        assert_eq!(normal("/é/%c3%a9"), "/%C3%A9/%C3%A9");
        // What is left of a broken escape must not become one.
        assert_eq!(normal("/100%/%%34%31/%4"), "/100%25/%2541/%254");
        assert_eq!(normal("/a b\t"), "/a%20b%09");
    }

    #[test]
    fn segments() {
        assert_eq!(normal("/a/./b/../c"), "/a/c");
        assert_eq!(normal("/../../a"), "/a");
        assert_eq!(normal("/a/%2e%2E/b"), "/b");
        assert_eq!(normal("//a///b/"), "/a/b");
        assert_eq!(normal("/a;jsessionid=1.2;x/b;y"), "/a/b");
        assert_eq!(normal("/a/..;/b/;v=1"), "/b");
        assert_eq!(normal("/a%3Bb"), "/a%3Bb");
        assert_eq!(normal(""), "/");
        assert_eq!(normal("/"), "/");
        assert_eq!(normal("/.."), "/");
    }

    #[test]
    fn targets_that_are_no_path() {
        assert_eq!(normal("http://example.org:80/a/b"), "/a/b");
        assert_eq!(normal("http://example.org"), "/");
        assert_eq!(normal("*"), "*");
        assert_eq!(normal("example.org:443"), "example.org:443");
        assert_eq!(normal("a//b"), "a/b");
        assert_eq!(normal("1://b"), "1:/b");
    }

    #[test]
    fn a_long_path_is_counted_not_kept() {
        let long = "/a".repeat(MAX_SEGMENTS + 3);
        assert_eq!(normal(&long), format!("{}+++", "/a".repeat(MAX_SEGMENTS)));
        assert_eq!(normal(&format!("{long}/../..")), format!("{}+", "/a".repeat(MAX_SEGMENTS)));
    }
}
