use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

fn masked(text: &str) -> String {
    Masking::default().text(text).into_owned()
}

#[track_caller]
fn with(patterns: &[&str], text: &str, expected: &str) {
    let masking = Masking::new(patterns.iter().copied()).unwrap();
    assert_eq!(masking.text(text), expected);
}

#[test]
fn hides_cards() {
    for (line, expected) in [
        ("card 4111111111111111 blocked", "card ‹card› blocked"),
        ("/carte/4111 1111 1111 1111", "/carte/‹card›"),
        ("?c=4111-1111-1111-1111&x=1", "?c=‹card›&x=1"),
        ("?c=4111%201111%201111%201111&x", "?c=‹card›&x"),
        ("?c=4111+1111+1111+1111 HTTP/1.1", "?c=‹card› HTTP/1.1"),
        ("\"3782 822463 10005\" 200", "\"‹card›\" 200"),
        ("3056-930902-5904", "‹card›"),
        ("6304 9000 1774 0292 441.", "‹card›."),
        ("4222222222222", "‹card›"),
        // Escapes around it have digits of their own.
        (r"{\x22card\x22:\x224111111111111111\x22}", r"{\x22card\x22:\x22‹card›\x22}"),
        ("%7B%22card%22%3A%224111111111111111%22%7D", "%7B%22card%22%3A%22‹card›%22%7D"),
        ("%2522card%2522%253A%25224111111111111111%2522", "%2522card%2522%253A%2522‹card›%2522"),
        (r#"{\"card\":\"4111111111111111\"}"#, r#"{\"card\":\"‹card›\"}"#),
        (r"first\n4111111111111111\n", r"first\n‹card›\n"),
        // What stands behind it in a line is no part of it.
        ("4111 1111 1111 1111 200 17", "‹card› 200 17"),
        ("card_4111111111111111,5500000000000004;", "card_‹card›,‹card›;"),
    ] {
        assert_eq!(masked(line), expected);
    }
}

#[test]
fn leaves_other_numbers() {
    for line in [
        // The check digit is wrong.
        "4111111111111112",
        "4111 1111 1111 1112",
        // A part of something longer.
        "41111111111111110000",
        "a4111111111111111",
        "4111111111111111b",
        "0.4111111111111111",
        "4111111111111111.25",
        "12-4111-1111-1111-1111",
        "4111-1111-1111-1111-12",
        // Neighbours in a line.
        "411 1111111111111",
        "4111 1111-1111 1111",
        "4111  1111 1111 1111",
        "20004 1111 1111 1111",
        // Times.
        "1700000000005",
        "1700000000000005",
        "20261127173511",
        "0000000000000000",
    ] {
        assert_eq!(masked(line), line);
    }
    // Only because of what they are: Luhn's check would let these pass.
    for time in
        [&[1, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &[2, 0, 2, 6, 1, 1, 2, 7, 1, 7, 3, 5, 1]]
    {
        let number = complete(time.to_vec());
        assert_eq!(masked(&number), number);
    }
}

#[test]
fn hides_accounts() {
    for (line, expected) in [
        ("iban=FR1420041010050500013M02606&", "iban=‹iban›&"),
        ("iban=fr1420041010050500013m02606&", "iban=‹iban›&"),
        ("FR14 2004 1010 0505 0001 3M02 606 EUR", "‹iban› EUR"),
        ("DE89+3704+0044+0532+0130+00&", "‹iban›&"),
        ("DE89%203704%200044%200532%200130%2000", "‹iban›"),
        ("<IBAN>NO9386011117947</IBAN>", "<IBAN>‹iban›</IBAN>"),
        (r"\x22BE68539007547034\x22", r"\x22‹iban›\x22"),
    ] {
        assert_eq!(masked(line), expected);
    }
    for line in [
        "FR1520041010050500013M02606",
        "FR1420041010050500013M026060",
        "ZZ1420041010050500013M02606",
        "xFR1420041010050500013M02606",
        "DE89 3704 0044 0532 0130",
    ] {
        assert_eq!(masked(line), line);
    }
}

#[test]
fn hides_addresses() {
    for (line, expected) in [
        ("GET /u?mail=jean.dupont%40example.org&x=1", "GET /u?mail=‹e-mail›&x=1"),
        ("/users/jean@example.org/orders", "/users/‹e-mail›/orders"),
        ("mail=jean%2Bbank%40mail.example.co.uk HTTP", "mail=‹e-mail› HTTP"),
        ("%3Djean%2540example%2Eorg%26", "%3D‹e-mail›%26"),
        ("Robot/1.0 (+ops@example.org)", "Robot/1.0 (+‹e-mail›)"),
        ("Write to jos\u{e9}@exemple.fr.", "Write to ‹e-mail›."),
        (r"\x22jean\x40example.org\x22", r"\x22‹e-mail›\x22"),
        (r#"{"mail":"jean@xn--bcher-kva.xn--p1ai"}"#, r#"{"mail":"‹e-mail›"}"#),
        ("a@b.fr,c@d.fr", "‹e-mail›,‹e-mail›"),
    ] {
        assert_eq!(masked(line), expected);
    }
    for line in [
        "logo@2x.png",
        "react@19.3.1",
        "/npm/vue@3.2.min.js",
        "@types/node",
        "root@localhost",
        "x@.fr",
        "@example.org",
        "jean@",
        "10 @ 3.50",
    ] {
        assert_eq!(masked(line), line);
    }
}

#[test]
fn hides_what_patterns_fit() {
    with(&[r"client=(\d+)", "secret"], "client=17 secret", "client=‹masked› ‹masked›");
    // Of what overlaps the longer says what it was.
    with(&["4111"], "4111111111111111", "‹card›");
    with(&[r"/carte/\S+"], "/carte/4111111111111111?x", "‹masked›");
    with(&[r"\d"], "a123b", "a‹masked›b");
    // What is masked stays as it is, whatever fits its name.
    with(&["card|e.mail", "^."], "4111111111111111 x", "‹card› x");
    with(&[r"(a)|(b)"], "a-b-c", "‹masked›-‹masked›-c");
    assert_eq!(Masking::new([r"\d*"]).unwrap_err(), MaskingError::FitsNothing);
    let wrong = Masking::new(["client=(\\d+"]).unwrap_err().to_string();
    assert_eq!(wrong, "this is no regular expression: unclosed group");
}

#[test]
fn a_mask_is_known_as_one() {
    assert!(has_mask("Robot (‹e-mail›)") && !has_mask("Robot (‹ops›)"));
    assert_eq!(masks_as_wildcards("a:\"‹e-mail› ‹card›\""), "a:\"* *\"");
    assert_eq!(masked("x ‹card› 4111111111111111"), "x ‹card› ‹card›");
}

/// The digits and their check digit.
fn complete(mut digits: Vec<u8>) -> String {
    digits.push(0);
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let twice = u32::from(digit) * (1 + place as u32 % 2);
            twice / 10 + twice % 10
        })
        .sum();
    let last = digits.len() - 1;
    digits[last] = ((10 - sum % 10) % 10) as u8;
    digits.iter().map(u8::to_string).collect()
}

fn card() -> impl Strategy<Value = String> {
    let digits = (select(vec![3u8, 4, 5, 6, 8, 9]), vec(0..10u8, 11..=17));
    digits.prop_map(|(first, rest)| complete([vec![first], rest].concat()))
}

fn grouped(card: &str, separator: &str) -> String {
    let sizes: &[usize] = match card.len() {
        14 => &[4, 6, 4],
        15 => &[4, 6, 5],
        _ => &[4; 5],
    };
    let mut rest = card;
    let mut groups = Vec::new();
    for &size in sizes {
        let (group, more) = rest.split_at(size.min(rest.len()));
        groups.push(group);
        rest = more;
    }
    groups.retain(|group| !group.is_empty());
    groups.join(separator)
}

/// Lines of what is found, what nearly is, what stands around it, and any bytes at all.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let known = [
        "4111111111111111",
        "4111 1111",
        " 1111 1111",
        "FR1420041010050500013M02606",
        "DE89 3704",
        "jean@example.org",
        "jean%40",
        "@",
        "example.org",
        ".",
        "-",
        "+",
        "%20",
        "%",
        "%25",
        "\\x22",
        "\\u0040",
        "\\",
        "‹card›",
        "‹e-mail›",
        "‹",
        "›",
        "0",
        "1",
        "é",
        "a",
        " ",
        "&c=",
    ];
    let known = select(known.to_vec()).prop_map(|text| text.as_bytes().to_vec());
    let piece = prop_oneof![6 => known, 1 => card().prop_map(String::into_bytes), 1 => vec(any::<u8>(), 0..4)];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn masking() -> impl Strategy<Value = Masking> {
    let patterns = [r"\b1+", "^.", "a.*b", "(?-u:.)1", r"(\d)0", "card", ".{7}", r"$|x"];
    let patterns = patterns.into_iter().filter(|text| Masking::pattern(text).is_ok());
    let patterns = proptest::sample::subsequence(patterns.collect::<Vec<_>>(), 0..=2);
    patterns.prop_map(|patterns| Masking::new(patterns).unwrap())
}

/// The pieces between masks, as they stand in a line.
fn between(line: &[u8]) -> Vec<Vec<u8>> {
    let masks = masks(line);
    let starts = std::iter::once(0).chain(masks.iter().map(|mask| mask.end));
    let ends = masks.iter().map(|mask| mask.start).chain([line.len()]);
    starts.zip(ends).map(|(start, end)| line[start..end].to_vec()).collect()
}

proptest! {
    #[test]
    fn what_is_masked_stays_so(line in line(), masking in masking()) {
        let once = masking.mask(&line).into_owned();
        prop_assert_eq!(masking.mask(&once), Cow::Borrowed(&once[..]));
    }

    #[test]
    fn the_rest_is_left_as_it_is(line in line(), masking in masking()) {
        let masked = masking.mask(&line).into_owned();
        let pieces = between(&masked);
        let (first, last) = (&pieces[0], &pieces[pieces.len() - 1]);
        prop_assert!(line.starts_with(first) && line.ends_with(last));
        // In the order in which they stood.
        let mut from = 0;
        for piece in &pieces {
            let rest = &line[from..];
            let at = (0..=rest.len()).find(|&at| rest[at..].starts_with(piece));
            prop_assert!(at.is_some(), "{:?}", String::from_utf8_lossy(piece));
            from += at.unwrap_or(0) + piece.len();
        }
        if pieces.len() == 1 {
            prop_assert_eq!(&masked, &line);
        }
    }

    #[test]
    fn cards_are_found(card in card(), separator in select(vec!["", " ", "-", "+", "%20"]),
        around in select(vec![("", ""), ("c=", "&d=4"), ("\"", "\","), ("%22", "%22"), ("pan: ", " EUR")])) {
        let written = grouped(&card, separator);
        let line = format!("{}{written}{}", around.0, around.1);
        prop_assert_eq!(masked(&line), format!("{}‹card›{}", around.0, around.1));
    }

    #[test]
    fn a_request_id_is_none(id in "[0-9a-f]{32}", around in select(vec![("", ""), ("\"", "\""), ("00-", "-01")])) {
        let line = format!("{}{id}{}", around.0, around.1);
        prop_assert_eq!(masked(&line), line);
    }

    #[test]
    fn nor_is_a_uuid(id in "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}") {
        prop_assert_eq!(masked(&id), id);
    }
}
