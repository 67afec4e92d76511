//! `dolmen rules suggest`, and the questions of `dolmen report` that are no report.

use serde_json::{Value, json};

use crate::util::Folder;

/// An operation that moves on the second of March; a script that nobody knows calls it at night.
const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
format = '%h %l %u %t "%r" %>s %b "%{User-Agent}i" %D'

[[service]]
name = "monolith"
monolith = true
path = "/old/*"

[[service]]
name = "transfers"
path = "/new/*"

[[actor]]
name = "portal"
user_agent = "Portail/*"

[[operation]]
name = "transfer"
service = "monolith"
path = "/old/transfer"
retired = "2026-03-02"
moved_to = "transfers"

[[operation]]
name = "transfer"
service = "transfers"
path = "/new/transfer"

[[operation]]
name = "balance"
service = "monolith"
path = "/old/balance"

[[operation]]
name = "block"
service = "monolith"
path = "/old/block"
"#;

fn line(day: u32, hour: u32, minute: u32, who: (&str, &str), request: &str) -> String {
    let (address, agent) = who;
    format!(
        "{address} - - [{day:02}/Mar/2026:{hour:02}:{minute:02}:00 +0000] \"{request} HTTP/1.1\" \
         200 10 \"{agent}\" 2500\n"
    )
}

fn folder() -> Folder {
    let portal = ("10.0.0.1", "Portail/4.2");
    let script = ("10.1.9.17", "curl/7.81.0");
    let mut log = String::new();
    for day in 1..=3 {
        for minute in 0..40 {
            let path = if day == 1 { "POST /old/transfer?op=t" } else { "POST /new/transfer" };
            log += &line(day, 9, minute, portal, path);
            log += &line(day, 10, minute, portal, "GET /old/balance");
        }
        log += &line(day, 2, 0, script, "POST /old/block?list=1");
    }
    log += &line(1, 11, 0, portal, "GET /old/transfer?op=t&count=month");
    let folder = Folder::new();
    folder.file("dolmen.toml", CONFIG);
    folder.file("access.log", log);
    folder.dolmen(&["import", "--store", "s"]).done();
    folder
}

fn asked(folder: &Folder, args: &[&str]) -> Value {
    folder.dolmen(&[args, &["--store", "s", "--json"]].concat()).json()
}

#[test]
fn an_unknown_script_becomes_a_rule_that_names_it() {
    let folder = folder();
    let found = asked(&folder, &["rules", "suggest"]);
    assert_eq!((&found["calls"], &found["left_out"]), (&json!(3), &json!(0)));
    let candidate = &found["candidates"][0];
    assert_eq!(found["candidates"].as_array().unwrap().len(), 1);
    assert_eq!(candidate["kind"], "script");
    assert_eq!(candidate["addresses"], json!(["10.1.9.17"]));
    assert_eq!(candidate["operations"], json!(["block"]));
    assert_eq!(candidate["rule"], json!({ "user_agent": "curl/*", "ip": ["10.1.9.17"] }));
    // What is printed can be pasted; then nobody is unknown.
    let printed = folder.dolmen(&["rules", "suggest", "--store", "s"]).done();
    assert!(printed.contains("# 10.1.9.17, curl/7.81.0, block"), "{printed}");
    // As the console does, it says so in French, too; the keys stay.
    let french = folder.dolmen(&["rules", "suggest", "--store", "s", "--lang", "fr"]).done();
    assert!(french.contains("# 3 appels d’inconnus, 1 candidat\n"), "{french}");
    assert!(french.contains("\n# l’agent d’une bibliothèque, depuis une adresse interne\n"));
    assert!(french.contains("\nname = \"script pour block\"\n"), "{french}");
    let json = asked(&folder, &["rules", "suggest", "--lang", "fr"]);
    assert_eq!(json["candidates"][0]["id"], candidate["id"]);
    assert_eq!(json["candidates"][0]["proposed_name"], "script pour block");
    folder.file("dolmen.toml", format!("{CONFIG}\n{printed}"));
    folder.dolmen(&["rules", "apply", "--store", "s"]).done();
    assert_eq!(asked(&folder, &["rules", "suggest"])["candidates"], json!([]));
    let report = asked(&folder, &["report"]);
    let actors = report["actors"].as_array().unwrap();
    assert!(actors.iter().any(|row| row["actor"] == "block script" && row["calls"] == 3));
    // From files, without a store.
    folder.file("dolmen.toml", CONFIG);
    let found = folder.dolmen(&["rules", "suggest", "access.log", "--json"]).json();
    assert_eq!(found["candidates"][0]["proposed_name"], "block script");
}

#[test]
fn a_script_of_a_php_monolith_is_no_scanner() {
    let script = ("10.0.0.5", "curl/7.81.0");
    let stranger = ("198.51.100.7", "python-requests/2.31");
    let mut log = String::new();
    for day in 1..=20 {
        log += &line(day, 2, 0, script, "POST /do.php");
        log += &line(day, 4, 0, script, "POST /card.php");
        log += &line(day, 5, 0, stranger, "GET /wp-login.php").replace(" 200 ", " 404 ");
        log += &line(day, 5, 1, stranger, "GET /.env").replace(" 200 ", " 301 ");
    }
    let folder = Folder::new();
    let transfer = "[[operation]]\nname = \"transfer\"\npath = \"/do.php\"\n";
    folder.file("dolmen.toml", format!("{CONFIG}\n{transfer}"));
    folder.file("access.log", log);
    let found = folder.dolmen(&["rules", "suggest", "access.log", "--json"]).json();
    let kinds: Vec<(&Value, &Value)> = found["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["addresses"][0], &one["kind"]))
        .collect();
    assert!(kinds.contains(&(&json!("10.0.0.5"), &json!("script"))), "{kinds:?}");
    assert!(kinds.contains(&(&json!("198.51.100.7"), &json!("scanner"))), "{kinds:?}");
}

#[test]
fn a_line_of_the_year_9999_costs_no_minute() {
    let script = ("10.0.0.5", "curl/7.81.0");
    let log: String = (1..=28).map(|day| line(day, 2, 0, script, "POST /old/block")).collect();
    let late = line(1, 2, 0, script, "POST /old/block").replace("Mar/2026", "Mar/9999");
    let folder = Folder::new();
    folder.file("dolmen.toml", CONFIG);
    folder.file("access.log", format!("{log}{late}"));
    let found = folder.dolmen(&["rules", "suggest", "access.log", "--json"]).json();
    assert!(found.to_string().contains("every day at 02:00"), "{found}");
}

#[test]
fn what_to_move_first_comes_with_reasons() {
    let folder = folder();
    let rows = asked(&folder, &["report", "--move-first"]);
    let names: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["operation"].as_str().unwrap()).collect();
    assert_eq!(names, ["balance", "block"], "transfer has left already");
    assert_eq!(rows[0]["actors"], json!(["portal"]));
    assert_eq!(rows[0]["unknown_share"], 0.0);
    assert_eq!((&rows[1]["unknown_share"], &rows[1]["unknown_callers"]), (&json!(1.0), &json!(1)));
    let text = folder.dolmen(&["report", "--move-first", "--store", "s"]).done();
    assert!(text.contains("one actor to talk to: portal"), "{text}");
    assert!(text.contains("1 unknown caller: name them first"), "{text}");
}

#[test]
fn before_and_after_a_move_show_what_was_lost() {
    let folder = folder();
    let moved = asked(&folder, &["report", "--moved", "transfer"]);
    assert_eq!(
        (&moved["from_service"], &moved["to_service"]),
        (&json!("monolith"), &json!("transfers"))
    );
    let portal = &moved["actors"][0];
    assert_eq!(portal["actor"], "portal");
    assert_eq!(portal["before"]["calls"], 41);
    assert_eq!(portal["before"]["statuses"], json!({ "2xx": 41 }));
    assert_eq!(portal["left_behind"]["calls"], 0);
    assert!(portal["after"]["calls"].as_u64().unwrap() >= 40);
    assert_eq!(portal["vanished"][0]["parameters"], json!(["count"]));
    assert_eq!(portal["vanished"].as_array().unwrap().len(), 1);
    let text = folder.dolmen(&["report", "--moved", "transfer", "--store", "s"]).done();
    assert!(text.contains("portal: GET with count"), "{text}");
    let err = folder.dolmen(&["report", "--moved", "tranfser", "--store", "s"]).refused(2);
    assert!(err.contains("did you mean `transfer`?"), "{err}");
    let err = folder.dolmen(&["report", "--moved", "balance", "--store", "s"]).refused(2);
    assert!(err.contains("`moved_to`"), "{err}");
}

#[test]
fn growth_is_told_of_weeks_that_the_log_has_whole() {
    // Twice as many calls a day in the last four weeks as in the four before.
    let log = |first: i64| -> String {
        let days =
            (first..57).flat_map(|day| (0..if day < 29 { 5 } else { 10 }).map(move |n| (day, n)));
        days.map(|(day, minute)| {
            let at =
                jiff::civil::date(2026, 3, 1).checked_add(jiff::Span::new().days(day)).unwrap();
            let at = at.strftime("%d/%b/%Y");
            format!(
                "10.0.0.1 - - [{at}:09:{minute:02}:00 +0000] \"GET /old/balance HTTP/1.1\" 200 10 \
                 \"Portail/4.2\" 2500\n"
            )
        })
        .collect()
    };
    let first = |log: String| {
        let folder = Folder::new();
        folder.file("dolmen.toml", CONFIG);
        folder.file("access.log", log);
        folder.dolmen(&["import", "--store", "s"]).done();
        asked(&folder, &["report", "--move-first"])[0].clone()
    };
    let growth = |row: &Value| row["growth"].as_f64().unwrap();
    let whole = first(log(0));
    assert!((growth(&whole) - 2.0).abs() < 0.1, "{whole}");
    assert!((whole["calls_per_day"].as_f64().unwrap() - 10.0).abs() < 0.5, "{whole}");
    // One line with a clock that is wrong moves no weeks.
    let wrong = log(0) + &log(56).replace("/2026:", "/2099:");
    let wrong = first(wrong);
    assert_eq!((&wrong["growth"], &wrong["calls_per_day"]), (&json!(2.0), &json!(10.0)), "{wrong}");
    // Two weeks of the eight are not in the log: nothing is told of growth.
    let cut = first(log(14));
    assert_eq!(cut["growth"], Value::Null, "{cut}");
    // A log of one week counts the days that it has.
    let short = first(log(50));
    assert!((short["calls_per_day"].as_f64().unwrap() - 10.0).abs() < 2.0, "{short}");
}

const MAP: &str = r#"
actor = ["portal"]

[[service]]
name = "monolith"
operations = ["transfer", "balance", "block"]

[[service]]
name = "transfers"
operations = ["transfer"]
"#;

#[test]
fn a_map_is_held_against_what_was_seen() {
    let folder = folder();
    folder.file("map.toml", MAP);
    let text = folder.dolmen(&["report", "--against", "map.toml", "--store", "s"]).done();
    assert!(text.starts_with("The map is right\n"), "{text}");
    folder.file("map.toml", MAP.replace("\"block\"", "\"ceiling\""));
    let run = folder.dolmen(&["report", "--against", "map.toml", "--store", "s", "--json"]);
    let output = run.output();
    assert_eq!(output.status.code(), Some(3));
    let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
    let thing = |operation: &str, calls: u64| json!([{ "kind": "operation", "actor": null, "operation": operation, "service": "monolith", "calls": calls }]);
    assert_eq!(compared["unseen"], thing("ceiling", 0));
    assert_eq!(compared["unmapped"], thing("block", 3));
    // What was seen is a map to begin with.
    let seen = folder.dolmen(&["report", "--as-map", "--store", "s"]).done();
    assert!(seen.contains("actor = \"portal\"\noperation = \"balance\""), "{seen}");
    folder.file("map.toml", &seen);
    let text = folder.dolmen(&["report", "--against", "map.toml", "--store", "s"]).done();
    assert!(text.starts_with("The map is right\n"), "{text}");
    folder.file("map.toml", "actors = []");
    let err = folder.dolmen(&["report", "--against", "map.toml", "--store", "s"]).refused(2);
    assert!(err.contains("map.toml") && err.contains("actors"), "{err}");
}
