//! Callers who are there still where their operation is silent: its mark is lost or has another name,
//! or they take another route.

use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::Value;

use crate::marks::CONFIG;
use crate::place::{Place, of, reasons};

/// Address and user agent, path, and the mark.
type Call = (&'static str, &'static str, Option<&'static str>);

const SCRIPT: &str = "10.0.0.5 curl/7";
const PORTAL: &str = "10.0.0.7 portal/1";
const PEOPLE: &str = "10.0.0.6 Mozilla/5";

/// Until this day the script's transfers have a mark.
const MOVES: Date = date(2024, 3, 1);

/// What is called each hour, from 2023 to June 2024.
fn place(calls: fn(Date, i8) -> Vec<Call>) -> Place {
    let place = Place::new();
    let (mut log, mut marks) = (String::new(), String::new());
    let mut id = 0_u64;
    for day in date(2023, 1, 1).series(1.day()).take_while(|day| *day < date(2024, 6, 1)) {
        let shown = day.strftime("%d/%b/%Y");
        for hour in 0..24 {
            let ping = ("10.0.0.9 probe/1", "/ping", None);
            for (who, path, mark) in calls(day, hour).into_iter().chain([ping]) {
                id += 1;
                let (address, agent) = who.split_once(' ').unwrap();
                writeln!(
                    log,
                    "{address} - - [{shown}:{hour:02}:10:07 +0000] \"POST {path} HTTP/1.1\" 200 12 \
                     \"-\" \"{agent}\" {id:032x}"
                )
                .unwrap();
                if let Some(mark) = mark {
                    writeln!(
                        marks,
                        "{{\"time\":\"{day}T{hour:02}:10:07Z\",\"request_id\":\"{id:032x}\",\
                         \"operation\":\"{mark}\"}}"
                    )
                    .unwrap();
                }
            }
        }
    }
    place.file("access.log", log);
    place.file("app.jsonl", marks);
    place.file("dolmen.toml", CONFIG);
    place.ends(0, &["import", "--store", "s"]);
    place
}

/// The transfers at some days, and at the end.
fn transfers(place: &Place) -> Vec<Value> {
    let at = |day: &str| {
        let verdicts = place.verdicts(&["--store", "s", "--at", day, "transfer"]);
        of(&verdicts, "transfer").clone()
    };
    ["2024-03-12", "2024-04-01", "2024-06-01"].map(at).into()
}

#[track_caller]
fn never_safe(place: &Place, because: &str) {
    for verdict in transfers(place) {
        assert_eq!(verdict["is_safe"], false, "{}", reasons(&verdict));
        assert!(reasons(&verdict).contains(because), "{}", reasons(&verdict));
    }
}

#[track_caller]
fn is_safe_soon(place: &Place) {
    for verdict in transfers(place) {
        assert_eq!(verdict["state"], "safe", "{}", reasons(&verdict));
    }
}

/// The transfer's mark, until it is lost.
fn mark(day: Date) -> Option<&'static str> {
    (day < MOVES).then_some("transfer")
}

#[test]
fn a_mark_that_is_lost_hides_nobody_behind_those_of_others() {
    // A portal blocks cards on the same route, and goes on with its marks.
    let calls = |day, hour| match hour {
        2 => vec![(SCRIPT, "/do.php", mark(day))],
        3 | 9 | 15 => vec![(PORTAL, "/do.php", Some("block"))],
        _ => Vec::new(),
    };
    never_safe(&place(calls), "left no mark");
    let gone = |day, hour| match hour {
        2 if day < MOVES => vec![(SCRIPT, "/do.php", Some("transfer"))],
        3 | 9 | 15 => vec![(PORTAL, "/do.php", Some("block"))],
        _ => Vec::new(),
    };
    is_safe_soon(&place(gone));
}

#[test]
fn a_former_caller_without_a_mark_is_seen_among_people_who_have_none() {
    // A form is shown seven times a day: one call more is nothing, and the caller tells it.
    let calls = |day, hour| match hour {
        2 => vec![(SCRIPT, "/do.php", mark(day))],
        3 | 9 => vec![(SCRIPT, "/do.php", Some("block"))],
        10..17 => vec![(PEOPLE, "/do.php", None)],
        _ => Vec::new(),
    };
    never_safe(&place(calls), "curl/7 from 10.0.0.5 used to call it and still calls the service");
    let gone = |day, hour| match hour {
        2 if day < MOVES => vec![(SCRIPT, "/do.php", Some("transfer"))],
        3 | 9 => vec![(SCRIPT, "/do.php", Some("block"))],
        10..17 => vec![(PEOPLE, "/do.php", None)],
        _ => Vec::new(),
    };
    is_safe_soon(&place(gone));
}

#[test]
fn whoever_takes_another_route_is_not_gone() {
    let calls = |day, hour| match hour {
        2 if day < MOVES => vec![(SCRIPT, "/do.php", Some("transfer"))],
        2 => vec![(SCRIPT, "/v2/pay", None)],
        4 => vec![(SCRIPT, "/card.php", Some("block"))],
        _ => Vec::new(),
    };
    never_safe(&place(calls), "still calls the service");
    // One who lost his way once before is no other.
    let calls = |day: Date, hour| match hour {
        2 if day < MOVES => vec![(SCRIPT, "/do.php", Some("transfer"))],
        2 => vec![(SCRIPT, "/v2/pay", None)],
        3 if day == date(2023, 5, 2) => vec![(SCRIPT, "/favicon.ico", None)],
        _ => Vec::new(),
    };
    never_safe(&place(calls), "still calls the service");
    // People who do much that nobody knows do so afterwards, too.
    let calls = |day: Date, hour| match hour {
        2 if day < MOVES => vec![(PEOPLE, "/do.php", Some("transfer"))],
        3..9 => vec![(PEOPLE, "/menu.php", None)],
        _ => Vec::new(),
    };
    is_safe_soon(&place(calls));
}

#[test]
fn whoever_came_a_few_times_and_takes_another_route_is_not_gone() {
    let calls = |day: Date, hour| match hour {
        2 if is_due(day, 2023, 10) => vec![(SCRIPT, "/do.php", Some("transfer"))],
        2 if day >= date(2023, 11, 1) && is_due(day, day.year(), day.month()) => {
            vec![(SCRIPT, "/v2/pay", None)]
        }
        4 => vec![(PORTAL, "/card.php", Some("block"))],
        _ => Vec::new(),
    };
    never_safe(&place(calls), "curl/7 from 10.0.0.5 used to call it and still calls the service");
    // One visit more, with whatever it calls then, shows nothing.
    let calls = |day: Date, hour| match hour {
        2 if is_due(day, 2023, 10) => vec![(SCRIPT, "/do.php", Some("transfer"))],
        2..22 if day == date(2023, 11, 4) => vec![(SCRIPT, "/v2/pay", None)],
        4 => vec![(PORTAL, "/card.php", Some("block"))],
        _ => Vec::new(),
    };
    is_safe_soon(&place(calls));
}

/// One of seven days of a month.
fn is_due(day: Date, year: i16, month: i8) -> bool {
    (day.year(), day.month()) == (year, month) && day.day() % 4 == 0
}

#[test]
fn an_operation_that_is_new_when_another_one_ends_may_be_the_same() {
    let calls = |day, hour| match hour {
        2 => vec![(SCRIPT, "/do.php", mark(day).or(Some("ext-transfer")))],
        4 => vec![(SCRIPT, "/card.php", Some("block"))],
        _ => Vec::new(),
    };
    let place = place(calls);
    never_safe(&place, "it enters ext-transfer now, which was new then");
    // An owner who knows that it is another one says so.
    let say = ["verdict", "say", "transfer", "--address", "10.0.0.5", "--who", "A", "--why", "b"];
    place.ends(0, &[&say[..], &["--store", "s"]].concat());
    let verdicts = place.verdicts(&["--store", "s", "transfer"]);
    let verdict = of(&verdicts, "transfer");
    assert_eq!(verdict["state"], "safe", "{}", reasons(verdict));
    // What was there before is another one.
    let calls = |day, hour| match hour {
        2 if day < MOVES => vec![(SCRIPT, "/do.php", Some("transfer"))],
        2 => vec![(SCRIPT, "/card.php", Some("block"))],
        4 => vec![(PORTAL, "/card.php", Some("block"))],
        _ => Vec::new(),
    };
    is_safe_soon(&self::place(calls));
}
