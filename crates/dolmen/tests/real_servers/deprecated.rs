//! `--deprecate`: answers of an operation's endpoints say that it will go, others do not.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use crate::monolith::Monolith;
use crate::report;
use crate::server::{Kind, Server, scratch};

const OPERATIONS: &str = r#"
[[operation]]
name = "balance"
method = "GET"
path = "/api/compte/{compte}/solde"

[[operation]]
name = "external transfer"
method = "POST"
path = "/virement"
query = { op = "virementExterne" }
"#;

fn answers_say_that_it_will_go(kind: Kind) {
    let dir = scratch();
    let config = dir.path().join("dolmen.toml");
    fs::write(&config, OPERATIONS).unwrap();
    let monolith = Monolith::start();
    let upstream = format!("http://{}", monolith.address());
    let proxy = Server::start(kind, |address, _| {
        let (config, address) = (config.to_str().unwrap(), address.to_string());
        let mut args = vec!["--config", config, "--upstream", &upstream, "--listen", &address];
        args.extend(["--deprecate", "balance", "--deprecate", "external transfer"]);
        args.extend(["--since", "2026-01-01", "--sunset", "2027-03-31T12:00:00Z"]);
        args.extend(["--link", "https://bank.example/moves"]);
        report::configuration(kind, &args)
    });
    let ask = |line: &str| -> Vec<String> {
        let mut stream = TcpStream::connect(proxy.address()).unwrap();
        let head = "Host: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        stream.write_all(format!("{line} HTTP/1.1\r\n{head}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let head = answer.split("\r\n\r\n").next().unwrap();
        let is_said = |line: &&str| {
            let name = line.split(':').next().unwrap().to_ascii_lowercase();
            ["deprecation", "sunset", "link"].contains(&name.as_str())
        };
        let mut said: Vec<String> = head
            .lines()
            .filter(is_said)
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                format!("{}: {value}", name.to_ascii_lowercase())
            })
            .collect();
        said.sort();
        said
    };
    let said = [
        "deprecation: @1767225600",
        "link: <https://bank.example/moves>; rel=\"deprecation\"; type=\"text/html\"",
        "sunset: Wed, 31 Mar 2027 12:00:00 GMT",
    ];
    assert_eq!(ask("GET /api/compte/17/solde"), said, "{kind:?}");
    assert_eq!(ask("POST /virement?a=b&op=virementExterne"), said, "{kind:?}");
    for other in ["POST /api/compte/17/solde", "GET /api/compte/17", "POST /virement?op=autre"] {
        assert_eq!(ask(other), [""; 0], "{kind:?}: {other}");
    }
    drop(proxy.stop());
}

#[test]
fn answers_say_that_it_will_go_behind_apache() {
    answers_say_that_it_will_go(Kind::Apache);
}

#[test]
fn answers_say_that_it_will_go_behind_nginx() {
    answers_say_that_it_will_go(Kind::Nginx);
}

#[test]
fn answers_say_that_it_will_go_behind_haproxy() {
    answers_say_that_it_will_go(Kind::Haproxy);
}

#[test]
fn answers_say_that_it_will_go_behind_caddy() {
    answers_say_that_it_will_go(Kind::Caddy);
}
