//! `--retired`: the old routes are gone, nobody is behind the proxy any more, and who still asks is
//! known.

use std::fs;
use std::path::Path;

use crate::client::exchange;
use crate::one_proxy::LOG;
use crate::own::own_address;
use crate::report;
use crate::server::{Kind, Server, scratch};
use crate::traffic::Request;

const OPERATIONS: &str = r#"
[[service]]
name = "monolith"
monolith = true

[[operation]]
name = "card block"
service = "monolith"
method = "POST"
path = "/api/carteService/{client}/opposition/{carte}"
retired = "2026-01-01"

[[operation]]
name = "external transfer"
service = "monolith"
method = "POST"
path = "/virement"
query = { op = "virementExterne" }
retired = "2026-01-01"

[[operation]]
name = "balance"
service = "monolith"
path = "/api/compte/{compte}/solde"
"#;

fn start(kind: Kind, config: &Path) -> Server {
    // Nobody is there.
    let upstream = format!("http://{}", own_address());
    Server::start(kind, |address, _| {
        let (config, address) = (config.to_str().unwrap(), address.to_string());
        let args = [
            "--config",
            config,
            "--upstream",
            &upstream,
            "--listen",
            &address,
            "--retired",
            "card block",
            "--retired",
            "external transfer",
        ];
        report::configuration(kind, &args)
    })
}

fn what_is_retired_is_gone_and_known(kind: Kind) {
    let dir = scratch();
    let config = dir.path().join("dolmen.toml");
    fs::write(&config, OPERATIONS).unwrap();
    let proxy = start(kind, &config);
    let gone = |request: Request| {
        let request = Request { status: 410, ..request };
        request.send(proxy.address()).id.unwrap()
    };
    let mut ids = vec![
        gone(Request::card_block(7)),
        gone(Request::card_block(8).with_id("kept-though-gone")),
        gone(Request::external_transfer()),
    ];
    assert_eq!(ids[1], "kept-though-gone");
    // What only looks like it is not gone: there is nobody to answer it.
    let ask = |line: &str| {
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        let answer = exchange(proxy.address(), request.as_bytes()).unwrap();
        assert!([502, 503].contains(&answer.status), "{kind:?} {line}: {answer:?}");
        answer.ids[0].clone()
    };
    ids.extend([
        ask("GET /api/carteService/88/opposition/7"),
        ask("POST /api/carteService/88/opposition"),
        ask("POST /virement?op=virementInterne"),
        ask("POST /virement?xop=virementExterne"),
        ask("GET /api/compte/1/solde"),
    ]);
    let stopped = proxy.stop();
    let lines = stopped.lines(LOG);
    assert_eq!(lines.len(), ids.len(), "{kind:?}: {lines:#?}");
    for id in &ids {
        assert!(lines.iter().any(|line| line.contains(id)), "{kind:?}: no {id} in {lines:#?}");
    }
    // Who still asks is counted, with no monolith and no mark.
    let source = format!(
        "[[source]]\nname = \"proxy\"\npath = '{}'\nservice = \"monolith\"\n{OPERATIONS}",
        stopped.path(LOG).display()
    );
    fs::write(&config, source).unwrap();
    let report = report::of_sources(&config);
    let calls = |operation: &str| {
        let rows = report["operations"].as_array().unwrap();
        rows.iter().find(|row| row["operation"] == operation).map(|row| row["calls"].clone())
    };
    assert_eq!(calls("card block"), Some(2.into()), "{kind:?}: {report:#}");
    assert_eq!(calls("external transfer"), Some(1.into()));
    assert_eq!(calls("balance"), Some(1.into()));
    assert_eq!((&report["no_id"], &report["calls"]), (&0.into(), &ids.len().into()));
}

#[test]
fn what_is_retired_is_gone_and_known_behind_apache() {
    what_is_retired_is_gone_and_known(Kind::Apache);
}

#[test]
fn what_is_retired_is_gone_and_known_behind_nginx() {
    what_is_retired_is_gone_and_known(Kind::Nginx);
}

#[test]
fn what_is_retired_is_gone_and_known_behind_haproxy() {
    what_is_retired_is_gone_and_known(Kind::Haproxy);
}

#[test]
fn what_is_retired_is_gone_and_known_behind_caddy() {
    what_is_retired_is_gone_and_known(Kind::Caddy);
}
