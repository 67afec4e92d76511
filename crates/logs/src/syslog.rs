//! What a syslog daemon writes before a line, so that the line can be read as it was.
//!
//! nginx and HAProxy log to syslog; rsyslog, syslog-ng and journald then write their lines into
//! files in the way of RFC 3164 (`Feb  6 12:14:14 host haproxy[14389]: …`), with a time of RFC 3339
//! instead, or as RFC 5424 (`<134>1 2026-03-02T08:15:00Z host haproxy 14389 - - …`).

/// The length of the syslog prefix that `line` begins with; 0 when there is none.
#[inline]
pub(crate) fn prefix(line: &[u8]) -> usize {
    match line {
        [b'<', ..] | [b'A'..=b'Z', b'a'..=b'z', b'a'..=b'z', b' ', ..] => skip(line),
        [b'0'..=b'9', _, _, _, b'-', _, _, b'-', _, _, b'T', ..] => skip(line),
        _ => 0,
    }
}

fn skip(line: &[u8]) -> usize {
    let after_priority = priority(line);
    let rest = after_priority.unwrap_or(line);
    let message = match (after_priority, rest.strip_prefix(b"1 ")) {
        (Some(_), Some(header)) => rfc5424(header),
        _ => rfc3164(rest),
    };
    // HAProxy's `format short` is a priority and the message.
    let message = message.or(after_priority).unwrap_or(line);
    let message = match message.strip_prefix(b"@cee:") {
        Some(json) => json.trim_ascii_start(),
        None => message,
    };
    line.len() - message.len()
}

/// `<134>`, and what follows.
fn priority(line: &[u8]) -> Option<&[u8]> {
    let digits = line.strip_prefix(b"<")?;
    let length = digits.iter().take(4).position(|&b| b == b'>')?;
    let is_number = length > 0 && digits[..length].iter().all(u8::is_ascii_digit);
    is_number.then(|| &digits[length + 1..])
}

/// A time, perhaps a host, and a tag; what follows. Without a tag it might be anything.
fn rfc3164(line: &[u8]) -> Option<&[u8]> {
    let rest = traditional_time(line).or_else(|| iso_time(line))?;
    let (first, after) = word(rest)?;
    if is_tag(first) {
        return Some(after.trim_ascii_start());
    }
    let (second, after) = word(after)?;
    is_tag(second).then(|| after.trim_ascii_start())
}

/// Time, host, application, process and message id, then structured data; what follows.
fn rfc5424(header: &[u8]) -> Option<&[u8]> {
    let mut rest = header;
    for _ in 0..5 {
        (_, rest) = word(rest)?;
    }
    rest = match rest.strip_prefix(b"-") {
        Some(rest) => rest,
        None => structured_data(rest)?,
    };
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    Some(rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest))
}

/// `[id name="value"][…]`, and what follows; in a value `\]` is no end.
fn structured_data(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"[")?;
    loop {
        let at = memchr::memchr2(b']', b'\\', rest)?;
        if rest[at] == b'\\' {
            rest = rest.get(at + 2..)?;
            continue;
        }
        rest = &rest[at + 1..];
        match rest.strip_prefix(b"[") {
            Some(next) => rest = next,
            None => return Some(rest),
        }
    }
}

/// `Feb  6 12:14:14 `, and what follows.
fn traditional_time(line: &[u8]) -> Option<&[u8]> {
    let (time, rest) = line.split_first_chunk::<16>()?;
    let is_month = time[0].is_ascii_uppercase()
        && time[1..3].iter().all(u8::is_ascii_lowercase)
        && (time[4] == b' ' || time[4].is_ascii_digit())
        && time[5].is_ascii_digit();
    let is_time = [3, 6, 15].iter().all(|&at| time[at] == b' ')
        && [9, 12].iter().all(|&at| time[at] == b':')
        && [7, 8, 10, 11, 13, 14].iter().all(|&at| time[at].is_ascii_digit());
    (is_month && is_time).then_some(rest)
}

/// `2026-03-02T08:15:00.250123+01:00 `, and what follows.
fn iso_time(line: &[u8]) -> Option<&[u8]> {
    let (time, rest) = word(line)?;
    let is_time = time.len() >= 19
        && [4, 7].iter().all(|&at| time[at] == b'-')
        && [13, 16].iter().all(|&at| time[at] == b':')
        && time[10] == b'T'
        && time.iter().all(|b| b.is_ascii_digit() || b"-:.+TZ".contains(b));
    is_time.then_some(rest)
}

/// The bytes before the first blank, at least one, and those after it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(b' ', text).filter(|&at| at > 0)?;
    Some((&text[..at], &text[at + 1..]))
}

/// `haproxy[14389]:` or `nginx:`.
fn is_tag(word: &[u8]) -> bool {
    let Some(name) = word.strip_suffix(b":") else { return false };
    !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || b"-_./@()[]".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "10.0.0.9 - - [02/Mar/2026:08:15:00 +0000] \"GET / HTTP/1.1\" 200 5";

    #[test]
    fn finds_the_message_behind_every_prefix() {
        for before in [
            "Mar  2 08:15:00 bank haproxy[14389]: ",
            "Mar 12 08:15:00 2001:db8::1 nginx:  ",
            "Mar  2 08:15:00 nginx: ",
            "<190>Mar  2 08:15:00 bank nginx: ",
            "<134>Mar  2 08:15:00 haproxy[14389]: ",
            "2026-03-02T08:15:00+00:00 bank haproxy[14389]: ",
            "2026-03-02T09:15:00.250123+01:00 bank nginx: ",
            "2026-03-02T08:15:00Z bank org.apache.httpd: ",
            "<134>1 2026-03-02T08:15:00.25Z bank haproxy 14389 - - ",
            "<134>1 - - - - - - ",
            r#"<134>1 2026-03-02T08:15:00Z bank nginx - ID47 [a@1 k="v\]" l="\""][b] "#,
            "<134>1 2026-03-02T08:15:00Z bank nginx - - - \u{feff}",
            "<6>",
            "Mar  2 08:15:00 bank app: @cee: ",
            "",
        ] {
            let line = format!("{before}{MESSAGE}");
            assert_eq!(prefix(line.as_bytes()), before.len(), "{line}");
        }
    }

    #[test]
    fn takes_nothing_for_a_prefix_that_is_none() {
        for line in [
            "Mar  2 08:15:00 without a tag it might be anything",
            "Mar  2 08:15:00 bank \"quoted\": x",
            "May GET / HTTP/1.1",
            "2026-03-02T08:15:00Z 10.0.0.9 GET / 200",
            "2026-03-02 08:15:00 10.0.0.5 GET / - 80",
            "<abc>x",
            "<1234>x",
            "<>x",
            "<",
            "",
        ] {
            assert_eq!(prefix(line.as_bytes()), 0, "{line}");
        }
    }

    #[test]
    fn a_header_that_breaks_off_is_a_priority_at_most() {
        for line in ["<134>1 2026-03-02T08:15:00Z bank", "<134>1 a b c d e [unclosed"] {
            assert_eq!(prefix(line.as_bytes()), 5, "{line}");
        }
    }
}
