//! What owners say.

use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::date;

use crate::bank::place;
use crate::place::{MONOLITH, Place, of, reasons};

#[test]
fn a_word_stands_in_for_what_silence_cannot_prove() {
    let place = place();
    let audit = || place.verdicts(&["--store", "s", "audit"]);
    let before = audit();
    place.ends(3, &["verdict", "audit", "--store", "s"]);
    let said = place.ends(
        0,
        &[
            "verdict",
            "say",
            "audit",
            "--address",
            "10.0.0.9",
            "--who",
            "Anna",
            "--why",
            "the auditors have left",
            "--store",
            "s",
        ],
    );
    assert!(said.contains("word 1 is kept"), "{said}");
    let after = audit();
    let (before, after) = (of(&before, "audit"), of(&after, "audit"));
    assert_eq!((&before["state"], &after["state"]), (&"silent".into(), &"safe".into()));
    assert_eq!(before["callers"][0]["p_alive"], after["callers"][0]["p_alive"]);
    assert!(reasons(after).contains("Anna says that 10.0.0.9 is gone"), "{}", reasons(after));
    assert!(reasons(after).contains("the auditors have left"));

    let words = place.ends(0, &["verdict", "words", "--store", "s"]);
    assert!(words.contains("10.0.0.9") && words.contains("Anna"), "{words}");
    let french = place.ends(0, &["verdict", "words", "--store", "s", "--lang", "fr"]);
    assert!(
        french.contains("1 parole de responsables") && french.contains("au sujet de"),
        "{french}"
    );
    let taken = place.ends(0, &["verdict", "take-back", "1", "--store", "s"]);
    assert!(taken.contains("word 1 is taken back"));
    assert_eq!(of(&audit(), "audit")["state"], "silent");
    let err = place.refused(2, &["verdict", "take-back", "1", "--store", "s"]);
    assert!(err.contains("there is no word 1"), "{err}");
}

#[test]
fn a_word_on_somebody_else_changes_nothing() {
    let place = place();
    let say = ["verdict", "say", "audit", "--address", "10.0.0.8", "--who", "A", "--why", "b"];
    place.ends(0, &[&say[..], &["--store", "s"]].concat());
    let verdicts = place.verdicts(&["--store", "s", "audit"]);
    assert_eq!(of(&verdicts, "audit")["state"], "silent");
}

#[test]
fn a_year_may_be_waived() {
    // From February to August: no end of a year.
    let place = Place::new();
    let mut log = String::new();
    for day in date(2023, 2, 1).series(1.day()).take_while(|day| *day < date(2023, 9, 1)) {
        let path = if day < date(2023, 6, 1) { "/export" } else { "/health" };
        let day = day.strftime("%d/%b/%Y");
        let request = format!("\"GET {path} HTTP/1.1\" 200 10 \"-\" \"curl/7\"");
        writeln!(log, "10.0.0.1 - - [{day}:02:00:00 +0000] {request}").unwrap();
    }
    place.file("access.log", log);
    let export = "\n[[operation]]\nname = \"export\"\npath = \"/export\"\n";
    place.file("dolmen.toml", format!("{MONOLITH}{export}"));
    place.ends(0, &["import", "--store", "s"]);
    let gate = |more: &[&str]| {
        let verdicts = place.verdicts(&[&["--store", "s", "export"], more].concat());
        let gates = of(&verdicts, "export")["gates"].as_array().unwrap().clone();
        gates.into_iter().find(|gate| gate["gate"] == "year_end").unwrap()["is_met"].clone()
    };
    assert_eq!(gate(&[]), false);
    let say =
        ["verdict", "say", "export", "--year-end", "--who", "A", "--why", "b", "--store", "s"];
    place.ends(0, &say);
    assert_eq!(gate(&[]), true);
    // Whoever asks as of a day asks what was known then: nobody had said it.
    assert_eq!(gate(&["--at", "2023-08-31"]), false);
}

#[test]
fn a_word_says_who_and_about_whom() {
    let place = place();
    let err = place.refused(2, &["verdict", "say", "--who", "A", "--why", "b", "--store", "s"]);
    assert!(err.contains("it names nobody"), "{err}");
    let err =
        place.refused(2, &["verdict", "say", "audit", "--who", " ", "--why", "b", "--store", "s"]);
    assert!(err.contains("nobody says it"), "{err}");
    let err = place.refused(2, &["verdict", "say", "audit", "--store", "s"]);
    assert!(err.contains("--who"), "{err}");
}
