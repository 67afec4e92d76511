//! What the server advises: who the unknown may be, what to move first, what a move changed, the map.

use serde_json::{Value, json};

use crate::server::{Place, Server, with};

/// Two monoliths. Transfers left the first one that is declared on the second of March.
const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
format = '%h %l %u %t "%r" %>s %b "%{User-Agent}i" %D'

[[service]]
name = "old"
monolith = true
path = "/old/*"

[[service]]
name = "older"
monolith = true
path = "/older/*"

[[service]]
name = "transfers"
path = "/new/*"

[[actor]]
name = "portal"
user_agent = "Portail/*"

[[operation]]
name = "transfer"
path = ["/old/transfer", "/new/transfer"]
retired = "2026-03-02"
moved_to = "transfers"

[[operation]]
name = "balance"
path = "/old/balance"

[[operation]]
name = "archive"
path = "/older/archive"

[verdict]
zone = "UTC"
"#;

fn place() -> Place {
    let mut log = String::new();
    let mut line = |day: u32, hour: u32, minute: u32, who: (&str, &str), request: &str| {
        let (address, agent) = who;
        log += &format!(
            "{address} - - [{day:02}/Mar/2026:{hour:02}:{minute:02}:00 +0000] \"{request} HTTP/1.1\" \
             200 10 \"{agent}\" 2500\n"
        );
    };
    let (portal, script) = (("10.0.0.1", "Portail/4.2"), ("10.1.9.17", "curl/7.81.0"));
    for day in 1..=6 {
        for minute in 0..20 {
            let path = if day == 1 { "POST /old/transfer" } else { "POST /new/transfer" };
            line(day, 9, minute, portal, path);
            line(day, 10, minute, portal, "GET /old/balance");
        }
        line(day, 2, 0, script, "GET /older/archive");
    }
    line(1, 11, 0, portal, "GET /old/transfer?count=month");
    let place = Place::new();
    place.file("dolmen.toml", CONFIG);
    place.file("access.log", log);
    place.dolmen(&["import", "--store", "store"]);
    place
}

/// Refused with problem details that say this.
#[track_caller]
fn refused(server: &Server, path: &str, status: u16, says: &str) {
    let answer = server.ask("GET", path, &[], b"");
    assert_eq!(answer.status, status, "{path}: {}", answer.text());
    assert!(answer.head.contains("application/problem+json"), "{path}: {}", answer.head);
    let problem = answer.json();
    assert_eq!(problem["status"], status, "{path}");
    assert!(problem["detail"].as_str().unwrap().contains(says), "{path}: {problem}");
}

#[test]
fn unknown_callers_come_as_candidates() {
    let place = place();
    let server = place.serve();
    let found = server.get("/api/v1/candidates");
    assert_eq!((&found["calls"], &found["left_out"]), (&json!(6), &json!(0)));
    let script = &found["candidates"][0];
    assert_eq!(script["proposed_name"], "archive script");
    assert_eq!(script["rhythm"], "every day at 02:00");
    assert_eq!(script["why"], "a library's user agent, from an inner address");
    let printed: Value =
        serde_json::from_str(&place.dolmen(&["rules", "suggest", "--store", "store", "--json"]))
            .unwrap();
    assert_eq!(found, printed, "the command prints what the server answers");
    let day = [("from", "2026-03-02T00:00:00Z"), ("to", "2026-03-03T00:00:00Z")];
    assert_eq!(server.get(&with("/api/v1/candidates", &day))["calls"], 1);
    refused(&server, "/api/v1/candidates?from=yesterday", 400, "`from` is no instant");
    let path = with("/api/v1/candidates", &[("where", "service:old")]);
    refused(&server, &path, 400, "no `where`");
}

#[test]
fn sentences_are_in_the_language_that_is_asked_for() {
    let place = place();
    let server = place.serve();
    let french = [("Accept-Language", "fr-FR,fr;q=0.9,en;q=0.5")];
    let why = |path: &str, headers: &[(&str, &str)]| {
        server.ask("GET", path, headers, b"").json()["candidates"][0]["why"].clone()
    };
    let in_french = json!("l’agent d’une bibliothèque, depuis une adresse interne");
    assert_eq!(why("/api/v1/candidates", &french), in_french);
    assert_eq!(why("/api/v1/candidates?lang=fr", &[]), in_french);
    assert_ne!(why("/api/v1/candidates?lang=en", &french), in_french);
    refused(&server, "/api/v1/candidates?lang=de", 400, "`lang` is `en` or `fr`");

    let name = &server.get("/api/v1/candidates?lang=fr")["candidates"][0]["proposed_name"];
    assert_eq!(*name, "script pour archive");
    let first = server.get("/api/v1/first?lang=fr");
    assert!(first["operations"][0]["reasons"].to_string().contains("des appels de old"), "{first}");
    let of = [("operation", "archive"), ("service", "older")];
    let verdict = server.get(&with("/api/v1/verdicts", &[of[0], of[1], ("lang", "fr")]));
    let verdict = &verdict["operations"][0];
    assert_eq!(verdict["callers"][0]["cadence"], "chaque jour à 02:00");
    assert!(
        verdict["reasons"].to_string().contains("le dernier appel date du 6 mars 2026 à 02:00"),
        "{verdict}"
    );
    // Codes and values are the same in each, but for rhythms, which are words.
    let english = server.get(&with("/api/v1/verdicts", &of));
    let values = |verdict: &Value| -> Vec<Value> {
        let details = verdict["reason_details"].as_array().unwrap().iter();
        let valued = details.map(|one| {
            let mut values = one["values"].clone();
            values.as_object_mut().and_then(|values| values.remove("cadence"));
            json!([one["code"], values])
        });
        valued.collect()
    };
    let in_french = values(verdict);
    assert!(in_french.len() > 3, "{verdict}");
    assert_eq!(in_french, values(&english["operations"][0]));

    let board = server.ask("GET", "/api/v1/verdicts/board.html", &french, b"");
    assert!(board.text().contains("<html lang=\"fr\">"), "{}", board.text());
    assert!(board.text().contains("Ce qui peut être éteint"), "{}", board.text());
    assert!(board.text().contains("chaque jour à 02:00"), "{}", board.text());
    let table = server.ask("GET", "/api/v1/verdicts/board.csv?lang=fr", &[], b"");
    assert!(table.text().starts_with("operation,service,state"), "keys are in English");
    assert!(table.text().contains("le dernier appel date du"), "{}", table.text());
    // The command writes the same page.
    place.verdict(&[
        "verdict",
        "--store",
        "store",
        "--json",
        "--html",
        "board.html",
        "--lang",
        "fr",
    ]);
    assert_eq!(std::fs::read_to_string(place.path("board.html")).unwrap(), board.text());
}

#[test]
fn what_to_move_first_is_what_the_command_prints() {
    let place = place();
    let server = place.serve();
    let first = server.get("/api/v1/first");
    let printed: Value = serde_json::from_str(&place.dolmen(&[
        "report",
        "--move-first",
        "--store",
        "store",
        "--json",
    ]))
    .unwrap();
    assert_eq!(first["operations"], printed);
    let names: Vec<&Value> =
        first["operations"].as_array().unwrap().iter().map(|row| &row["operation"]).collect();
    // What has left, and what no monolith has, need not move.
    assert_eq!(names, ["balance", "archive"]);
    refused(&server, "/api/v1/first?lang=xx", 400, "`lang`");
}

#[test]
fn what_a_move_changed_is_what_the_command_prints() {
    let place = place();
    let server = place.serve();
    let moved = server.get("/api/v1/moved/transfer");
    // Its rule names no service: it left the first monolith that is declared.
    assert_eq!(
        (&moved["from_service"], &moved["to_service"]),
        (&json!("old"), &json!("transfers"))
    );
    assert_eq!(moved["actors"][0]["before"]["calls"], 21);
    assert_eq!(moved["actors"][0]["vanished"][0]["parameters"], json!(["count"]));
    let printed = place.dolmen(&["report", "--moved", "transfer", "--store", "store", "--json"]);
    assert_eq!(moved, serde_json::from_str::<Value>(&printed).unwrap());
    refused(&server, "/api/v1/moved/balance", 404, "declare `retired` and `moved_to`");
    refused(
        &server,
        "/api/v1/moved/transfer?service=older",
        404,
        "no rule says that `transfer` moved",
    );
}

fn link(map: &Value, actor: Option<&str>, operation: &str, service: &str) -> Value {
    let mut links = map["links"].as_array().unwrap().iter();
    let is = |row: &&Value| {
        (&row["actor"], &row["operation"], &row["service"])
            == (&json!(actor), &json!(operation), &json!(service))
    };
    links.find(is).map(|row| row["calls"].clone()).unwrap_or_default()
}

#[test]
fn the_map_is_who_calls_what_where() {
    let place = place();
    let server = place.serve();
    let map = server.get("/api/v1/map");
    assert_eq!(map["calls"], 247);
    assert_eq!(link(&map, Some("portal"), "balance", "old"), 120);
    assert_eq!(link(&map, Some("portal"), "transfer", "transfers"), 100);
    assert_eq!(link(&map, None, "archive", "older"), 6);
    assert_eq!(map["links"].as_array().unwrap().len(), 4);
    let narrow = server.get(&with("/api/v1/map", &[("where", "actor:unknown")]));
    assert_eq!((&narrow["calls"], narrow["links"].as_array().unwrap().len()), (&json!(6), 1));
    let csv = server.ask("GET", "/api/v1/map?format=csv", &[], b"");
    assert!(csv.head.contains("filename=\"dolmen-map.csv\""), "{}", csv.head);
    assert!(
        csv.text()
            .starts_with("actor,operation,service,calls,marks\r\nportal,balance,old,120,0\r\n"),
        "{}",
        csv.text()
    );
    refused(&server, "/api/v1/map?format=xml", 400, "format");
    refused(&server, &with("/api/v1/map", &[("where", "sttaus:5")]), 400, "`status`");
}

#[test]
fn a_map_is_held_against_what_was_seen() {
    let place = place();
    let server = place.serve();
    let compare = |toml: &str, query: &str| {
        let body = json!({ "toml": toml }).to_string();
        let kind = [("Content-Type", "application/json")];
        server.ask("POST", &format!("/api/v1/map/compare{query}"), &kind, body.as_bytes())
    };
    let seen = server.ask("GET", "/api/v1/map/seen.toml", &[], b"");
    assert!(seen.head.contains("filename=\"map.toml\""), "{}", seen.head);
    assert_eq!(seen.text(), place.dolmen(&["report", "--as-map", "--store", "store"]));
    let agreed = compare(seen.text(), "").json();
    assert_eq!((&agreed["unseen"], &agreed["unmapped"]), (&json!([]), &json!([])));
    let map = "actor = [\"portal\", \"agency\"]\n[[service]]\nname = \"old\"\n";
    let compared = compare(map, "").json();
    let kinds = |list: &str| -> Vec<String> {
        let things = compared[list].as_array().unwrap().iter();
        things
            .map(|thing| format!("{} {}", thing["kind"].as_str().unwrap(), thing["service"]))
            .collect()
    };
    assert_eq!(compared["unseen"][0]["actor"], "agency");
    assert!(kinds("unmapped").contains(&"service \"older\"".to_owned()), "{compared}");
    // The same as the command says.
    place.file("map.toml", map);
    let run = place.run(&["report", "--against", "map.toml", "--store", "store", "--json"], b"");
    assert_eq!(run.status.code(), Some(3));
    assert_eq!(serde_json::from_slice::<Value>(&run.stdout).unwrap(), compared);
    // On one day only that day's calls count.
    let day = compare(map, "?from=2026-03-01T00:00:00Z&to=2026-03-02T00:00:00Z").json();
    assert!(!day["unmapped"].to_string().contains("transfers"), "{day}");

    let wrong = compare("actor = []\nactors = []", "");
    assert_eq!(wrong.status, 400);
    let problem = wrong.json();
    assert_eq!(problem["at"], json!({ "start": 11, "end": 17 }));
    assert!(problem["detail"].as_str().unwrap().contains("line 2"), "{problem}");
    assert_eq!(compare(map, "?where=actor:portal").status, 400);
    let kind = [("Content-Type", "application/json")];
    let none = server.ask("POST", "/api/v1/map/compare", &kind, b"{}");
    assert!(none.status >= 400 && none.head.contains("application/problem+json"), "{}", none.head);
}
