//! Operations that only marks tell of, and calls of which nobody knows the service: silence that is none.

use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use serde_json::Value;

use crate::place::{Place, of, reasons};

pub(crate) const CONFIG: &str = r#"
[[service]]
name = "monolith"
monolith = true

[[source]]
name = "proxy"
path = "access.log"
holds = "calls"
service = "monolith"
format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %{X-Request-Id}o'

[[source]]
name = "app"
path = "app.jsonl"
holds = "marks"
format = "json"
fields = { time = "time", request_id = "request_id", operation = "operation" }

[verdict]
zone = "UTC"
"#;

/// Three operations, one each night at 02:00, 03:00 and 04:00, from 2023 to May 2024; a ping every
/// hour, and calls at 05:00 that enter nothing.
struct Bank<'c> {
    config: &'c str,
    /// By operation, and by the number of the call.
    path: fn(&str, u64) -> String,
    status: fn(Date) -> u16,
    is_shown: fn(Date) -> bool,
    has_call: fn(Date) -> bool,
    has_mark: fn(&str, Date) -> bool,
}

/// One route for all, and everything goes on.
const BANK: Bank<'_> = Bank {
    config: CONFIG,
    path: |_, _| "/do.php".to_owned(),
    status: |_| 200,
    is_shown: |_| false,
    has_call: |_| true,
    has_mark: |_, _| true,
};

impl Bank<'_> {
    fn place(&self) -> Place {
        let place = Place::new();
        let (mut calls, mut marks) = (String::new(), String::new());
        let mut id = 0_u64;
        let last = date(2024, 6, 1);
        for day in date(2023, 1, 1).series(1.day()).take_while(|day| *day < last) {
            let shown = day.strftime("%d/%b/%Y");
            for hour in 0..24 {
                let mut call = |address: &str, path: &str, status: u16| {
                    id += 1;
                    let line = format!(
                        "{address} - - [{shown}:{hour:02}:00:07 +0000] \"POST {path} HTTP/1.1\" \
                         {status} 12 \"-\" \"curl/7.81\" {id:032x}"
                    );
                    writeln!(calls, "{line}").unwrap();
                    id
                };
                let number = call("10.0.0.9", "/ping", 200);
                if hour == 5 && (self.is_shown)(day) {
                    call("10.0.0.6", &(self.path)("", number), 200);
                }
                let operation = match hour {
                    2 => "block",
                    3 => "ceiling",
                    4 => "transfer",
                    _ => continue,
                };
                let id = match (self.has_call)(day) {
                    true => call("10.0.0.5", &(self.path)(operation, number), (self.status)(day)),
                    false => 0xabc_0000 + id,
                };
                if (self.has_mark)(operation, day) {
                    let line = format!(
                        "{{\"time\":\"{day}T{hour:02}:00:07Z\",\"request_id\":\"{id:032x}\",\
                         \"operation\":\"{operation}\"}}"
                    );
                    writeln!(marks, "{line}").unwrap();
                }
            }
        }
        place.file("access.log", calls);
        place.file("app.jsonl", marks);
        place.file("dolmen.toml", self.config);
        place.ends(0, &["import", "--store", "s"]);
        place
    }

    fn verdicts(&self) -> Value {
        self.place().verdicts(&["--store", "s"])
    }
}

const OPERATIONS: [&str; 3] = ["block", "ceiling", "transfer"];

fn spring(day: Date) -> bool {
    day < date(2024, 3, 1)
}

/// The same of marks.
fn marks_of_spring(_: &str, day: Date) -> bool {
    spring(day)
}

#[track_caller]
fn none_is_safe(verdicts: &Value, because: &str) {
    for operation in OPERATIONS {
        let verdict = of(verdicts, operation);
        assert_eq!(verdict["is_safe"], false, "{operation}: {}", reasons(verdict));
        assert!(reasons(verdict).contains(because), "{}", reasons(verdict));
    }
}

#[track_caller]
fn all_are_safe(verdicts: &Value) {
    for operation in OPERATIONS {
        let verdict = of(verdicts, operation);
        assert_eq!(verdict["state"], "safe", "{operation}: {}", reasons(verdict));
    }
}

#[test]
fn an_application_that_stops_writing_marks_makes_nothing_safe() {
    let stops = Bank { has_mark: marks_of_spring, ..BANK };
    none_is_safe(&stops.verdicts(), "left no mark");
    // The same where their calls end with the marks: that is proof.
    all_are_safe(&Bank { has_call: spring, ..stops }.verdicts());
}

#[test]
fn where_some_calls_enter_nothing_marks_that_stop_make_nothing_safe() {
    // A form that is shown every other day: three of 3.5 calls a day enter something.
    let is_shown = |day: Date| day.day() % 2 == 0;
    let stops = Bank { is_shown, has_mark: marks_of_spring, ..BANK };
    let verdicts = stops.verdicts();
    none_is_safe(&verdicts, "left no mark");
    none_is_safe(&verdicts, "no mark has come from app since 29 February 2024");
    // The form is still shown, and nobody enters anything: that is proof.
    all_are_safe(&Bank { has_call: spring, ..stops }.verdicts());
}

#[test]
fn a_path_that_is_new_is_of_the_route_that_others_took() {
    // /kunden/kvabc/do: a customer's letters, hardly ever the same.
    let path = |_: &str, id: u64| {
        let letter = |n: u64| char::from(b'a' + (n % 26) as u8);
        let letters = [id * 7, id * 11, id / 26, id / 676, id / 17_576].map(letter);
        format!("/kunden/{}/do", String::from_iter(letters))
    };
    // No template was learned: `dolmen rules apply` was never run.
    let stops = Bank { path, has_mark: marks_of_spring, ..BANK };
    none_is_safe(&stops.verdicts(), "left no mark");
    all_are_safe(&Bank { has_call: spring, ..stops }.verdicts());
}

#[test]
fn marks_that_stop_hold_up_calls_of_a_service_that_nobody_knows() {
    let config = CONFIG.replace("service = \"monolith\"\n", "");
    let stops = Bank { config: &config, has_mark: marks_of_spring, ..BANK };
    let verdicts = stops.verdicts();
    assert_eq!(of(&verdicts, "block")["service"], "monolith");
    none_is_safe(&verdicts, "left no mark");
    all_are_safe(&Bank { has_call: spring, ..stops }.verdicts());
}

#[test]
fn what_a_rule_claims_of_calls_without_a_mark_is_no_mark() {
    // Whatever takes the route is a menu, says a rule; marks know better, while there are some.
    let menu = "\n[[operation]]\nname = \"menu\"\nservice = \"monolith\"\npath = \"/do.php\"\n";
    let config = format!("{CONFIG}{menu}");
    let stops = Bank { config: &config, has_mark: marks_of_spring, ..BANK };
    none_is_safe(&stops.verdicts(), "left no mark");
    all_are_safe(&Bank { has_call: spring, ..stops }.verdicts());
}

/// Of many calls of a route few enter something: until March, and only on Mondays. The application
/// falls silent with them, and the menu is shown on.
fn menu(config: &str) -> Bank<'_> {
    let monday = |day: Date| spring(day) && day.weekday() == Weekday::Monday;
    Bank {
        config,
        path: |operation, _| format!("/do.php?op={operation}"),
        is_shown: |_| true,
        has_call: monday,
        has_mark: |_, day| spring(day) && day.weekday() == Weekday::Monday,
        ..BANK
    }
}

#[test]
fn a_rule_that_knows_every_call_of_an_operation_needs_no_marks() {
    let knows = format!(
        "{CONFIG}\n[[operation]]\nname = \"block\"\nservice = \"monolith\"\n\
         path = \"/do.php\"\nquery = {{ op = \"block\" }}\n"
    );
    none_is_safe(&menu(CONFIG).verdicts(), "left no mark");
    let verdicts = menu(&knows).verdicts();
    let block = of(&verdicts, "block");
    assert_eq!(block["state"], "safe", "{}", reasons(block));
    assert_eq!(of(&verdicts, "ceiling")["is_safe"], false, "no rule knows it");
    // A rule that missed calls while marks told of them proves nothing.
    let path = |operation: &str, number: u64| match number % 3 {
        0 => format!("/do.php?do={operation}"),
        _ => format!("/do.php?op={operation}"),
    };
    none_is_safe(&Bank { path, ..menu(&knows) }.verdicts(), "left no mark");
    // Whoever goes on is seen by the rule alone.
    let goes_on = Bank { has_call: |day| day.weekday() == Weekday::Monday, ..menu(&knows) };
    let verdicts = goes_on.verdicts();
    let block = of(&verdicts, "block");
    assert_eq!(block["state"], "in_use", "{}", reasons(block));
    assert!(block["last_call"].as_str().unwrap().starts_with("2024-05-27"), "{block}");
}

#[test]
fn whoever_is_refused_still_calls() {
    // From March on the operation is gone, and its routes say so: 410.
    let path = |operation: &str, _: u64| format!("/{operation}.php");
    let status = |day: Date| if spring(day) { 200 } else { 410 };
    let gone = Bank { path, status, has_mark: marks_of_spring, ..BANK };
    none_is_safe(&gone.verdicts(), "left no mark");
    all_are_safe(&Bank { has_call: spring, ..gone }.verdicts());
}

#[test]
fn marks_without_a_service_and_a_call_are_those_of_the_monolith() {
    let verdicts = Bank { has_call: spring, ..BANK }.verdicts();
    for operation in OPERATIONS {
        let verdict = of(&verdicts, operation);
        assert_eq!(verdict["service"], "monolith");
        assert_eq!(verdict["state"], "fading", "{operation}: {}", reasons(verdict));
        let callers = verdict["callers"].as_array().unwrap();
        assert!(callers.iter().any(|caller| caller["is_hidden"] == true), "{callers:#?}");
    }
}

#[test]
fn whom_no_proxy_logs_nobody_sees_without_marks() {
    let hidden = Bank { has_call: |_| false, ..BANK };
    let ends = Bank { has_mark: |operation, day| operation != "block" || spring(day), ..hidden };
    let verdicts = ends.verdicts();
    assert_eq!(of(&verdicts, "block")["state"], "safe", "{}", reasons(of(&verdicts, "block")));
    assert_eq!(of(&verdicts, "transfer")["state"], "in_use");
    // All marks stop, and the proxy's log goes on: nobody would see them.
    let verdicts = Bank { has_mark: marks_of_spring, ..hidden }.verdicts();
    none_is_safe(&verdicts, "no logs from 29 February 2024");
}

/// A proxy of which nobody said whose lines it has.
const SECOND: &str = r#"
[[source]]
name = "second proxy"
path = "second.log"
holds = "calls"
format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %{X-Request-Id}o'
"#;

#[test]
fn calls_of_a_service_that_nobody_knows_may_be_the_monoliths() {
    let place = Bank { has_call: spring, has_mark: marks_of_spring, ..BANK }.place();
    let safe = place.verdicts(&["--store", "s"]);
    assert_eq!(of(&safe, "block")["state"], "safe");
    // The script goes on, behind a proxy that says nothing of the service.
    let mut calls = String::new();
    for day in date(2023, 1, 1).series(1.day()).take_while(|day| *day < date(2024, 6, 1)) {
        let shown = day.strftime("%d/%b/%Y");
        let line = "\"POST /block.php HTTP/1.1\" 200 12 \"-\" \"curl/7.81\" -";
        writeln!(calls, "10.0.0.7 - - [{shown}:05:00:00 +0000] {line}").unwrap();
    }
    place.file("second.log", calls);
    let rule = "\n[[operation]]\nname = \"block\"\npath = \"/block.php\"\n";
    place.file("dolmen.toml", format!("{CONFIG}{SECOND}{rule}"));
    place.ends(0, &["import", "--store", "s"]);
    let verdicts = place.verdicts(&["--store", "s"]);
    let verdict = of(&verdicts, "block");
    assert_eq!((&verdict["service"], &verdict["is_safe"]), (&"monolith".into(), &false.into()));
    let callers = verdict["callers"].as_array().unwrap();
    let still = callers.iter().find(|caller| caller["address"] == "10.0.0.7");
    assert_eq!(still.unwrap()["cadence"], "every day at 05:00", "{callers:#?}");
    // Nor is there another answer where no service is said to be a monolith.
    let none = CONFIG.replace("monolith = true\n", "");
    place.file("dolmen.toml", format!("{none}{SECOND}{rule}"));
    let verdicts = place.verdicts(&["--store", "s"]);
    let operations = verdicts["operations"].as_array().unwrap();
    let blocks: Vec<_> = operations.iter().filter(|one| one["operation"] == "block").collect();
    assert_eq!(blocks.len(), 1, "{blocks:#?}");
    assert_eq!((&blocks[0]["service"], &blocks[0]["is_safe"]), (&"monolith".into(), &false.into()));
    // Once somebody says whose lines they are, they are not the monolith's.
    let known = SECOND.replace("holds = ", "service = \"cards\"\nholds = ");
    let cards = "\n[[service]]\nname = \"cards\"\n";
    place.file("dolmen.toml", format!("{CONFIG}{known}{cards}{rule}"));
    place.ends(0, &["rules", "apply", "--store", "s"]);
    let verdicts = place.verdicts(&["--store", "s", "--service", "monolith"]);
    let callers = of(&verdicts, "block")["callers"].as_array().unwrap();
    assert!(callers.iter().all(|caller| caller["address"] != "10.0.0.7"), "{callers:#?}");
}
