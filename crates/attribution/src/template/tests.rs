use proptest::prelude::*;

use super::template;

fn of(path: &str) -> String {
    let mut out = Vec::new();
    template(path.as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn typed(segment: &str, placeholder: &str) {
    assert_eq!(of(&format!("/a/{segment}/b")), format!("/a/{placeholder}/b"), "{segment}");
}

#[track_caller]
fn literal(segment: &str) {
    typed(segment, segment);
}

#[test]
fn integers() {
    for segment in ["0", "42", "-7", "+7", "20241001", "4970101234567890", "00000000000000000000"] {
        typed(segment, "{int}");
    }
    literal("-");
    literal("1-2");
}

#[test]
fn uuids() {
    typed("f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "{uuid}");
    typed("F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6", "{uuid}");
    literal("g81d4fae-7dec-11d0-a765-how-about-me");
}

#[test]
fn ulids() {
    typed("01ARZ3NDEKTSV4RRFFQ69G5FAV", "{ulid}");
    typed("01arz3ndektsv4rrffq69g5fav", "{ulid}");
    // The first character of 128 bits is at most 7.
    typed("81ARZ3NDEKTSV4RRFFQ69G5FAV", "{token}");
}

#[test]
fn hexadecimal() {
    typed("3f2a9c1b", "{hex}");
    typed("deadbeef", "{hex}");
    typed("D41D8CD98F00B204E9800998ECF8427E", "{hex}");
    literal("3f2a9c1");
    literal("feedback");
    literal("facade");
}

#[test]
fn tokens() {
    typed("dQw4w9WgXcQ0aB-_x9Zt", "{token}");
    typed("Zm9vYmFyMTIzNDU2Nzg5MA==", "{token}");
    typed("Zm9vYmFyMTIzNDU2Nzg5MA%3D%3D", "{token}");
    typed("v1stgxr8z5jdhi6bmytq2", "{token}");
    typed("i-0abc1ef2345a7890b", "{token}");
    for name in [
        "carteService",
        "getInternationalTransferHistory",
        "getInternationalTransfers2",
        "a-day-in-the-life-of-a-bank-2024",
        "how-to-use-2fa-in-2024-with-x509",
        "CONSULTATION_SOLDE_COMPTE",
        "dQw4w9WgXcQ",
    ] {
        literal(name);
    }
}

#[test]
fn dates() {
    for segment in [
        "2026-10-01",
        "01-10-2026",
        "10.31.2026",
        "2026_10_01",
        "2026-10",
        "2026-10-01T02:00:00Z",
        "2026-10-01T02%3A00%3A00.5%2B0200",
    ] {
        typed(segment, "{date}");
    }
    for segment in ["2026-13", "2026-10-32", "1234-12", "2026-10-01x", "2026-10.01"] {
        literal(segment);
    }
}

#[test]
fn mail_addresses() {
    typed("jo.do+x@mail.example.org", "{email}");
    typed("jo%40example.org", "{email}");
    for segment in ["@alice", "jo@localhost", "a@b@c.org", "jo@.org"] {
        literal(segment);
    }
}

#[test]
fn ibans() {
    typed("FR1420041010050500013M02606", "{iban}");
    typed("NO9386011117947", "{iban}");
    // One digit off: no account, but opaque all the same.
    typed("FR1520041010050500013M02606", "FR1520041010050500013M02606");
}

#[test]
fn addresses() {
    typed("192.0.2.7", "{ip}");
    typed("2001:db8::7", "{ip}");
    literal("192.0.2.256");
    literal("a:b");
}

#[test]
fn locales() {
    for segment in ["fr-FR", "fr_CA", "zh-Hant", "zh-Hant-TW", "es-419", "en-us"] {
        typed(segment, "{locale}");
    }
    for segment in ["fr", "my", "to-do", "so-so", "x-fr", "en-", "v1-FR", "in-box"] {
        literal(segment);
    }
}

#[test]
fn card_numbers() {
    for segment in [
        "4970-1012-3456-7890",
        "4970%201012%203456%207890",
        "3782-822463-10005",
        "497010XXXXXX7890",
        "4970********7890",
    ] {
        typed(segment, "{card}");
    }
    for segment in ["4970-1012", "1-2-3-4", "XXXXXXXXXXXX7890"] {
        literal(segment);
    }
}

#[test]
fn versions() {
    for segment in ["v2", "v1.0", "1.0", "2.3.1", "1.x", "v2beta1", "2.0b1"] {
        literal(segment);
    }
}

#[test]
fn files() {
    for segment in ["app.css", "jquery-3.6.0.min.js", "index.php", "v2.json", "4.2.1.zip"] {
        literal(segment);
    }
    typed("1234.pdf", "{int}.pdf");
    typed("2026-10-01.csv", "{date}.csv");
    typed("f81d4fae-7dec-11d0-a765-00a0c91e6bf6.png", "{uuid}.png");
    typed("app.3f2a9c1b.js", "app.{hex}.js");
    typed("main-3f2a9c1b.chunk.css", "main-{hex}.chunk.css");
    typed("releve_20261001.pdf", "releve_{int}.pdf");
    typed("photo-4711.jpg", "photo-{int}.jpg");
    literal("icon-512.png");
    literal("org.example.v1.CardService");
}

#[test]
fn what_is_too_long_for_a_name() {
    literal(&"x".repeat(64));
    typed(&"x".repeat(65), "{text}");
    typed(&"é".repeat(20), "{text}");
    assert_eq!(of(&"/a".repeat(16)), "/a".repeat(16));
    assert_eq!(of(&"/a".repeat(17)), format!("{}/{{rest...}}", "/a".repeat(16)));
    assert_eq!(of(&"/a".repeat(1000)), format!("{}/{{rest...}}", "/a".repeat(16)));
}

#[test]
fn whole_paths() {
    assert_eq!(
        of("/api/carteService/118218/opposition/4970101234567890"),
        "/api/carteService/{int}/opposition/{int}"
    );
    assert_eq!(of("/wp-content/uploads/2024/10/x.png"), "/wp-content/uploads/{int}/{int}/x.png");
    assert_eq!(of("/"), "/");
    assert_eq!(of(""), "/");
    assert_eq!(of("*"), "*");
    assert_eq!(of("/a/;jsessionid=4F2A/42/"), "/a/{int}");
}

#[test]
fn appends() {
    let mut out = b"GET ".to_vec();
    template(b"a/7", &mut out);
    assert_eq!(out, b"GET a/{int}");
}

fn is_fixed(path: &[u8]) -> Result<(), TestCaseError> {
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    template(path, &mut once);
    template(&once, &mut twice);
    prop_assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
    let longest = 16 * 65 + "/{rest...}".len();
    prop_assert!(once.len() <= longest);
    Ok(())
}

#[test]
fn a_placeholder_makes_no_name_longer_than_a_literal_may_be() {
    let name = |length: usize| format!("/{}-2024.pdf", "x".repeat(length - "-2024.pdf".len()));
    assert_eq!(of(&name(63)), name(63).replace("2024", "{int}"));
    assert_eq!(of(&name(64)), "/{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_template_of_any_bytes_is_its_own(path in prop::collection::vec(any::<u8>(), 0..80)) {
        is_fixed(&path)?;
    }

    #[test]
    fn the_template_of_a_path_is_its_own(
        path in "(/?(\\.{1,3}|;|%[0-9a-f]{0,2}|[a-fA-F0-9-]{1,40}|[a-z0-9]{1,9}\\.[a-z0-9]{1,9}|[A-Z]{2}[0-9]{2,20}|[a-z_@:*=%+.{}-]{0,9}|x{60,70})){0,20}",
    ) {
        is_fixed(path.as_bytes())?;
    }
}
