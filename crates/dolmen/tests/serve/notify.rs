//! Alerts that are sent to somebody outside.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::{self, Receiver};

use serde_json::Value;

use crate::own::own_address;
use crate::server::{PATIENCE, Place};

/// Somebody who listens, and answers with these statuses, the last one again and again.
struct Somebody {
    address: SocketAddr,
    got: Receiver<(String, Value)>,
}

impl Somebody {
    fn at(listener: TcpListener, statuses: &'static [u16]) -> Self {
        let address = listener.local_addr().unwrap();
        let (sender, got) = mpsc::channel();
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let stream = stream.unwrap();
                let mut reader = BufReader::new(&stream);
                let (mut head, mut line) = (String::new(), String::new());
                while reader.read_line(&mut line).unwrap() > 2 {
                    head.push_str(&line.to_lowercase());
                    line.clear();
                }
                let length = head.split("content-length: ").nth(1).unwrap();
                let length = length.lines().next().unwrap().trim().parse().unwrap();
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let status = statuses[number.min(statuses.len() - 1)];
                write!(
                    &mut &stream,
                    "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                .unwrap();
                if sender.send((head, serde_json::from_slice(&body).unwrap())).is_err() {
                    return;
                }
            }
        });
        Self { address, got }
    }

    fn next(&self) -> (String, Value) {
        self.got.recv_timeout(PATIENCE).unwrap()
    }
}

fn listen() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).unwrap()
}

fn place(notify: &str) -> Place {
    let place = Place::new();
    place.file(
        "dolmen.toml",
        format!(
            "[[source]]\nname = \"proxy\"\npath = \"access.log\"\nformat = \"combined\"\nservice = \"monolith\"\n\
             [[service]]\nname = \"monolith\"\nmonolith = true\n\
             [[operation]]\nname = \"transfer\"\nservice = \"monolith\"\npath = \"/transfer\"\nretired = \"2020-01-01\"\n{notify}"
        ),
    );
    place.file("access.log", line(1, "/a"));
    place
}

fn line(second: u32, path: &str) -> String {
    format!(
        "10.0.0.1 - - [01/Mar/2026:10:00:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"sh\"\n"
    )
}

#[test]
fn an_alert_is_sent_until_it_is_taken_and_once() {
    let (hook, chat) = (Somebody::at(listen(), &[500, 503, 204]), Somebody::at(listen(), &[200]));
    let team = Somebody::at(listen(), &[200]);
    let place = place(&format!(
        "[console]\nurl = \"https://dolmen.example.org/\"\n\
         [[notify]]\nname = \"hook\"\nurl = \"http://{}/in/secret\"\ntoken = \"hush\"\n\
         [[notify]]\nname = \"chat\"\nkind = \"slack\"\nurl = \"http://{}/\"\nalerts = [\"residual_call\"]\n\
         [[notify]]\nname = \"team\"\nurl = \"http://{}/\"\nlang = \"fr\"\nalerts = [\"residual_call\"]\n",
        hook.address, chat.address, team.address
    ));
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    place.append("access.log", line(2, "/transfer"));
    let tries = [hook.next(), hook.next(), hook.next()];
    let key = |head: &str| {
        head.lines().find(|line| line.starts_with("idempotency-key: ")).unwrap().to_owned()
    };
    for (head, body) in &tries {
        assert!(
            head.starts_with("post /in/secret ") && head.contains("authorization: bearer hush")
        );
        assert_eq!((key(head), body), (key(&tries[0].0), &tries[0].1), "the same, again");
    }
    let alert = &tries[0].1["alert"];
    assert_eq!(
        (&alert["kind"], &alert["operation"]),
        (&"residual_call".into(), &"transfer".into())
    );
    let query = "operation%3A%22transfer%22+and+service%3A%22monolith%22";
    let link = format!("https://dolmen.example.org/calls?q={query}");
    assert_eq!(tries[0].1["link"], link);
    let (_, said) = chat.next();
    let who = format!("the last at 2026-03-01T10:00:02Z by 10.0.0.1 (sh) {link}");
    assert!(said["text"].as_str().unwrap().ends_with(&who), "{said}");
    assert!(said["text"].as_str().unwrap().contains("transfer is retired on monolith"), "{said}");
    let (_, french) = team.next();
    let who = "la dernière le 2026-03-01T10:00:02Z par 10.0.0.1 (sh)";
    let text = french["text"].as_str().unwrap();
    assert!(text.ends_with(who) && french["link"] == link.as_str(), "{french}");
    assert_eq!(french["alert"]["kind"], "residual_call");
    server.says("`hook` was not told of an alert, and will be: it answered 500");
    // What was taken is written down when its answer has come back.
    server.counts("dolmen_notices_pending 0");
    // A restart sends nothing again; the next thing that is sent is the next thing to tell.
    assert_eq!(server.stop(), Some(0));
    let server = place.serve();
    let alerts = server.get("/api/v1/alerts?state=all");
    let id = alerts["alerts"].as_array().unwrap().iter().find(|a| a["kind"] == "residual_call");
    let path = format!("/api/v1/alerts/{}/acknowledge", id.unwrap()["id"]);
    assert_eq!(server.ask("POST", &path, &[], b"").status, 200);
    place.append("access.log", line(3, "/transfer"));
    assert_eq!(hook.next().1["alert"]["count"], 2);
    assert!(chat.next().1["text"].as_str().unwrap().contains("2 times"));
    // Nobody is shown who may be told, and how.
    let shown = place.dolmen(&["config", "show", "--store", "store"]);
    assert!(!shown.contains("secret") && !shown.contains("hush"), "{shown}");
    assert!(!server.get("/api/v1/config").to_string().contains("hush"));
}

#[test]
fn what_could_not_be_sent_is_sent_after_a_restart() {
    // Nobody is there yet.
    let address = own_address();
    let place = place(&format!("[[notify]]\nname = \"hook\"\nurl = \"http://{address}/\"\n"));
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    place.append("access.log", line(2, "/transfer"));
    server.says("`hook` was not told");
    assert_eq!(server.stop(), Some(0));
    let hook = Somebody::at(TcpListener::bind(address).unwrap(), &[200]);
    let server = place.serve();
    assert_eq!(hook.next().1["alert"]["kind"], "residual_call");
    drop(server);
}

#[test]
fn a_watch_is_tried_on_history_before_it_is_armed() {
    let place = place("");
    let now = jiff::Timestamp::now().strftime("%d/%b/%Y:%H:%M:%S +0000");
    place.file(
        "access.log",
        format!("10.0.0.1 - - [{now}] \"GET /transfer HTTP/1.1\" 200 5 \"-\" \"sh\"\n"),
    );
    place.dolmen(&["import", "--store", "store"]);
    let told = place.dolmen(&["watch", "try", "--store", "store"]);
    assert!(told.contains("transfer is retired on monolith and still called: once"), "{told}");
    assert!(told.contains("nobody knows who calls transfer"), "{told}");
    let told = place.dolmen(&["watch", "try", "--store", "store", "--lang", "fr"]);
    assert!(
        told.contains("transfer est retirée sur monolith et encore appelée : une fois"),
        "{told}"
    );
    let json = place.dolmen(&["watch", "try", "--days", "2", "--store", "store", "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let server = place.serve();
    let tried = server.get("/api/v1/alerts/try?days=2");
    assert_eq!(json["alerts"].as_array().unwrap().len(), tried["alerts"].as_array().unwrap().len());
}

#[test]
fn who_does_not_answer_keeps_nobody_else_waiting() {
    // It takes connections, and never answers.
    let (dead, chat) = (listen(), Somebody::at(listen(), &[200]));
    let place = place(&format!(
        "[[notify]]\nname = \"dead\"\nurl = \"http://{}/\"\n\
         [[notify]]\nname = \"chat\"\nkind = \"slack\"\nurl = \"http://{}/\"\n",
        dead.local_addr().unwrap(),
        chat.address
    ));
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    place.append("access.log", line(2, "/transfer"));
    let (waiting, _) = dead.accept().unwrap();
    chat.next();
    // He is told while the request to the other is still under way: it was neither answered nor given
    // up, which would end the connection.
    waiting.set_nonblocking(true).unwrap();
    let (mut request, mut reader) = (Vec::new(), &waiting);
    let read = reader.read_to_end(&mut request).unwrap_err();
    assert_eq!(read.kind(), std::io::ErrorKind::WouldBlock, "{read}");
    server.counts("dolmen_notices_pending 1");
    let metrics = server.ask("GET", "/metrics", &[], b"");
    assert!(metrics.text().contains("dolmen_alerts_open{kind=\"residual_call\"} 1\n"));
    assert!(metrics.text().contains("dolmen_alerts_open{kind=\"silent_source\"} 0\n"));
}

#[test]
fn what_was_only_imported_is_not_silent() {
    let place = place("");
    let hour = |hour: i64| {
        let at = jiff::Timestamp::now() - jiff::Span::new().hours(240 + hour);
        let at = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
        format!("10.0.0.1 - - [{at}] \"GET /a HTTP/1.1\" 200 5 \"-\" \"sh\"\n")
    };
    place.file("access.log", (0..60).rev().map(hour).collect::<String>());
    place.dolmen(&["import", "--store", "store"]);
    let server = place.serve();
    let sources = server.until("/api/v1/sources", |sources| sources["sources"][0]["lines"] == 60);
    let source = &sources["sources"][0];
    assert_eq!(source["silent_since"], Value::Null, "the watch does not miss it either");
    let metrics = server.ask("GET", "/metrics", &[], b"");
    assert!(metrics.text().contains("dolmen_source_silent{source=\"proxy\",kind=\"calls\"} 0\n"));
}
