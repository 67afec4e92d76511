//! The API without a socket: requests go to the router as a server would hand them in.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::fs;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use dolmen_attribution::{RuleSet, Rules};
use dolmen_collect::{
    FormatChoice, Holds, ImportRequest, Input, LastLine, Origin, Progress, Source, import,
};
use dolmen_console::{Console, DeclaredOperation, Event, Facts, app};
use dolmen_logs::{Fields, Format};
use dolmen_model::{Masking, Time};
use dolmen_store::{LocalStore, NamedBy, Options, Store};
use dolmen_watch::{Kind, Plan, Retired};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

const LOG: &str = r#"10.0.0.1 - - [01/Mar/2026:10:00:00 +0000] "POST /transfer HTTP/1.1" 200 10 "-" "Portal/1"
10.0.0.1 - - [01/Mar/2026:10:00:01 +0000] "GET /account/17 HTTP/1.1" 200 10 "-" "Portal/1"
10.0.0.9 - - [02/Mar/2026:11:00:00 +0000] "POST /transfer HTTP/1.1" 500 10 "-" "curl/8"
10.0.0.9 - - [02/Mar/2026:12:00:00 +0000] "GET /account/19 HTTP/1.1" 200 10 "-" "curl/8"
"#;

/// A console over a store of four calls; transfers are retired.
struct Bank {
    store: Arc<LocalStore>,
    plan: Plan,
    console: Console,
    _folder: TempDir,
}

impl Bank {
    fn new() -> Self {
        Self::of(LOG, Masking::default())
    }

    fn of(lines: &str, masking: Masking) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("access.log");
        fs::write(&log, lines).unwrap();
        let store = LocalStore::open(folder.path().join("store"), Options::default()).unwrap();
        read(&store, Input { origin: Origin::File(log), source: 0 });
        let store = Arc::new(store);
        let transfer = DeclaredOperation {
            operation: "transfer".to_owned(),
            service: Some("monolith".to_owned()),
            ..DeclaredOperation::default()
        };
        let since = Time::from_micros(0);
        let (operation, service) = ("transfer".to_owned(), "monolith".to_owned());
        let retired = vec![Retired { operation, service, since }];
        let plan = Plan { armed: Kind::ALL.to_vec(), retired, ..Plan::default() };
        let facts = Facts {
            services: vec!["monolith".to_owned()],
            monoliths: vec!["monolith".to_owned()],
            operations: vec![transfer],
            plan: plan.clone(),
            masking: Arc::new(masking),
            ..Facts::default()
        };
        let console = Console::new(Arc::clone(&store) as _, facts);
        Self { store, plan, console, _folder: folder }
    }

    fn app(&self) -> Router {
        app(self.console.clone())
    }
}

fn read(store: &LocalStore, input: Input) {
    let rules: RuleSet = RuleSet {
        actors: vec![
            serde_json::from_value(json!({ "name": "portal", "user_agent": "Portal/*" })).unwrap(),
        ],
        operations: vec![
            serde_json::from_value(json!({ "name": "transfer", "path": "/transfer" })).unwrap(),
        ],
        ..RuleSet::default()
    };
    let source = Source {
        name: "proxy".to_owned(),
        holds: Holds::Calls,
        format: FormatChoice::Given(Format::calls("combined", &Fields::new()).unwrap().into()),
        service: store.names().services.intern(b"monolith"),
        behind: None,
    };
    let request = ImportRequest {
        sources: &[source],
        named_by: &[NamedBy::Configuration],
        inputs: vec![input],
        rules: &Rules::compile(&rules, store.names()).unwrap(),
        last_line: LastLine::Left,
        workers: NonZero::<usize>::MIN,
        now: Time::from_micros(1_800_000_000_000_000),
    };
    assert_eq!(import(store, request, &Progress::default()).unwrap().calls, 4);
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

async fn send(app: Router, request: Request<Body>) -> Answer {
    let answer = app.oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body }
}

async fn get(bank: &Bank, path: &str) -> Answer {
    send(bank.app(), Request::get(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn figures_lead_to_lines() {
    let bank = Bank::new();
    let panel = get(&bank, "/api/v1/panel").await.json();
    assert_eq!((&panel["calls"], &panel["unknown_calls"]), (&json!(4), &json!(2)));
    let page = get(&bank, "/api/v1/calls?limit=3").await.json();
    let newest = LOG.lines().last().unwrap();
    assert_eq!(page["calls"][0]["line"], newest);
    let next = page["next"].as_str().unwrap();
    let rest = get(&bank, &format!("/api/v1/calls?limit=3&cursor={next}")).await.json();
    assert_eq!(rest["calls"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&rest["calls"][0]["line"], &rest["next"]),
        (&json!(LOG.lines().next()), &json!(null))
    );
    let csv = get(&bank, "/api/v1/calls?format=csv&where=actor%3Aunknown").await;
    assert_eq!(csv.headers["content-disposition"], "attachment; filename=\"dolmen-calls.csv\"");
    assert_eq!(csv.text().lines().count(), 3, "{}", csv.text());
}

#[tokio::test]
async fn what_is_wrong_is_said_as_a_problem() {
    let bank = Bank::new();
    for (path, status, at) in [
        ("/api/v1/panel?where=sttaus%3A500", 400, json!({ "start": 0, "end": 6 })),
        ("/api/v1/calls?cursor=x", 400, Value::Null),
        ("/api/v1/panel?from=yesterday", 400, Value::Null),
        ("/api/v1/requests/nobody", 404, Value::Null),
        ("/api/v1/nothing", 404, Value::Null),
    ] {
        let answer = get(&bank, path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{path}");
        let problem = answer.json();
        assert_eq!((&problem["status"], &problem["at"]), (&json!(status), &at), "{path}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{path}");
    }
}

#[tokio::test]
async fn an_alert_is_answered_and_whoever_watches_hears_of_it() {
    let bank = Bank::new();
    let now = Time::from_micros(1_800_000_000_000_000);
    dolmen_watch::look(&*bank.store, &bank.plan, now).unwrap();
    let heard = Arc::new(AtomicUsize::new(0));
    let hears = Arc::clone(&heard);
    let console = bank.console.clone();
    let bank = Bank {
        console: console.with_answered(move || _ = hears.fetch_add(1, Ordering::Relaxed)),
        ..bank
    };
    let alerts = get(&bank, "/api/v1/alerts?lang=fr").await.json();
    let [alert] = &alerts["alerts"].as_array().unwrap()[..] else { panic!("{alerts}") };
    assert_eq!(alert["text"], "transfer est retirée sur monolith et encore appelée");
    let (first, last) = ("2026-03-01T10:00:00Z", "2026-03-02T11:00:00Z");
    assert_eq!((&alert["first"], &alert["last"]), (&json!(first), &json!(last)));
    let path = format!("/api/v1/alerts/{}/acknowledge", alert["id"]);
    let said = send(bank.app(), Request::post(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(said.status, StatusCode::OK);
    assert_eq!(get(&bank, "/api/v1/alerts").await.json(), json!({ "alerts": [] }));
    assert_eq!(heard.load(Ordering::Relaxed), 1);
    let back = send(bank.app(), Request::delete(&path).body(Body::empty()).unwrap()).await;
    assert_eq!(back.json()["acknowledged"], Value::Null);
    let kinds = get(&bank, "/api/v1/alerts/kinds").await.json();
    assert_eq!(kinds["kinds"][0], json!({ "kind": "residual_call", "is_armed": true }));
    let none =
        send(bank.app(), Request::delete("/api/v1/alerts/99/mute").body(Body::empty()).unwrap());
    assert_eq!(none.await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn events_come_while_somebody_listens() {
    let bank = Bank::new();
    let request = Request::get("/api/v1/events").body(Body::empty()).unwrap();
    let mut events = bank.app().oneshot(request).await.unwrap().into_body();
    bank.console.tell(Event::Commit { calls: 7, from: None, to: None });
    let mut said = String::new();
    while !said.contains("\n\n") {
        let frame = events.frame().await.unwrap().unwrap();
        said += str::from_utf8(frame.data_ref().unwrap()).unwrap();
    }
    assert!(said.contains("event: commit") && said.contains("\"calls\":7"), "{said}");
}

#[tokio::test]
async fn other_sites_change_and_read_nothing() {
    let bank = Bank::new();
    let foreign = Request::get("/api/v1/meta").header("host", "evil.example");
    let answer = send(bank.app(), foreign.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST);
    let post = Request::post("/api/v1/alerts/1/acknowledge").header("host", "localhost");
    let post = post.header("origin", "http://evil.example").body(Body::empty()).unwrap();
    assert_eq!(send(bank.app(), post).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn programs_find_what_they_look_for() {
    let bank = Bank::new();
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(get(&bank, path).await.status, StatusCode::OK, "{path}");
    }
    let metrics = get(&bank, "/metrics").await;
    assert!(metrics.text().contains("# TYPE dolmen_alerts_open gauge"), "{}", metrics.text());
    let description = get(&bank, "/api/openapi.json").await.json();
    let paths = description["paths"].as_object().unwrap();
    // Every path without a parameter is there to be asked; the stream of events has no end.
    let ends = |path: &&String| !path.contains('{') && !path.ends_with("/events");
    for path in paths.keys().filter(ends) {
        let answer = get(&bank, path).await;
        assert_ne!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.status.is_server_error(), "{path}: {}", answer.text());
    }
}

/// A card, an account, an address and a client's number: in the URL, as a user, in the user agent. The
/// last line is none that the format reads.
const PERSONAL: &str = r#"10.0.0.9 - jean@example.org [02/Mar/2026:11:00:00 +0000] "POST /card/4111111111111111/block HTTP/1.1" 200 10 "-" "curl/8"
10.0.0.9 - - [02/Mar/2026:12:00:00 +0000] "GET /account?iban=FR1420041010050500013M02606&client=17 HTTP/1.1" 200 10 "-" "Robot/1 (ops@example.org)"
10.0.0.9 - - [02/Mar/2026:13:00:00 +0000] "GET /account?mail=jean%40example.org HTTP/1.1" 200 10 "-" "Robot/1 (ops@example.org)"
10.0.0.9 - - [02/Mar/2026:14:00:00 +0000] "GET /account HTTP/1.1" 200 10 "-" "Robot/1 (ops@example.org)"
4111-1111-1111-1111
"#;

const HIDDEN: [&str; 4] = ["4111", "FR14", "example.org", "=17"];

fn personal_bank() -> Bank {
    Bank::of(PERSONAL, Masking::new([r"client=(\d+)"]).unwrap())
}

#[tokio::test]
async fn personal_data_is_hidden_until_somebody_asks() {
    let bank = personal_bank();
    for (path, masks) in [
        ("/api/v1/calls?limit=9", &["card", "iban", "e-mail", "masked"][..]),
        ("/api/v1/calls?format=csv", &["card", "iban", "e-mail", "masked"]),
        ("/api/v1/calls?format=ndjson", &["card", "iban", "e-mail", "masked"]),
        ("/api/v1/unparsed?limit=9", &["card"]),
        ("/api/v1/callers?limit=9", &["e-mail"]),
        ("/api/v1/candidates?lang=en", &["e-mail"]),
    ] {
        let masked = get(&bank, path).await;
        assert_eq!(masked.status, StatusCode::OK, "{path}: {}", masked.text());
        for mask in masks {
            assert!(masked.text().contains(&format!("‹{mask}›")), "{path}: {}", masked.text());
        }
        for hidden in HIDDEN {
            assert!(!masked.text().contains(hidden), "{path}, {hidden}: {}", masked.text());
        }
        let asked = get(&bank, &format!("{path}&masked=false")).await;
        assert!(HIDDEN.iter().any(|hidden| asked.text().contains(hidden)), "{path}");
        assert!(!asked.text().contains('‹'), "{path}: {}", asked.text());
    }
    let wrong = get(&bank, "/api/v1/calls?masked=perhaps").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_masked_call_is_the_same_call() {
    let bank = personal_bank();
    let masked = get(&bank, "/api/v1/calls?limit=9").await.json();
    let asked = get(&bank, "/api/v1/calls?limit=9&masked=false").await.json();
    let (masked, asked) = (&masked["calls"][3], &asked["calls"][3]);
    for field in ["key", "time", "endpoint", "address", "status", "request_id"] {
        assert_eq!(masked[field], asked[field], "{field}");
    }
    let line = r#"10.0.0.9 - ‹e-mail› [02/Mar/2026:11:00:00 +0000] "POST /card/‹card›/block HTTP/1.1" 200 10 "-" "curl/8""#;
    assert_eq!((&masked["line"], &masked["target"]), (&json!(line), &json!("/card/‹card›/block")));
    assert_eq!((&masked["user"], &asked["user"]), (&json!("‹e-mail›"), &json!("jean@example.org")));
    // What is filtered by is what was logged.
    let found = get(&bank, "/api/v1/calls?where=path%3A*4111*").await.json();
    assert_eq!(found["calls"].as_array().unwrap().len(), 1, "{found}");
}

#[tokio::test]
async fn nothing_is_named_by_a_mask() {
    let bank = personal_bank();
    let candidates = get(&bank, "/api/v1/candidates?lang=en").await.json();
    let mut robots = candidates["candidates"].as_array().unwrap().iter();
    let robot = robots.find(|it| it["user_agents"][0] == "Robot/1 (‹e-mail›)");
    assert!(robot.is_some(), "{candidates}");
    let send_to = |path: &'static str, body: Value| {
        let request = Request::post(path).header("content-type", "application/json");
        send(bank.app(), request.body(Body::from(body.to_string())).unwrap())
    };
    let actor = json!({ "name": "robot", "user_agent": "Robot/1 (‹e-mail›)" });
    let word =
        json!({ "about": "gone", "user_agent": "Robot/1 (‹e-mail›)", "who": "Ann", "why": "off" });
    for refused in [send_to("/api/v1/actors", actor).await, send_to("/api/v1/words", word).await] {
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{}", refused.text());
        assert!(refused.text().contains("masked=false"), "{}", refused.text());
    }
}
