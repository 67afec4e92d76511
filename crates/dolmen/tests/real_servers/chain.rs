//! nginx in front of Apache in front of the monolith: both log each request.

use std::collections::BTreeSet;
use std::fs;

use crate::monolith::Monolith;
use crate::one_proxy::{ACTORS, LOG, RULES, expected, id_of, marks_source, past_the_proxy, start};
use crate::report::{self, Figures, Rules};
use crate::server::Kind;
use crate::traffic::{CURL, PORTAL, Request, send_everything};

#[test]
fn what_two_servers_log_is_one_call() {
    let monolith = Monolith::start();
    let apache = start(Kind::Apache, &monolith.url());
    let nginx = start(Kind::Nginx, &format!("http://{}", apache.address()));
    let through_both = send_everything(nginx.address(), &monolith);
    past_the_proxy(&monolith);
    // Past nginx: Apache makes an id, or keeps the client's, and nginx knows of neither.
    let past_nginx = [
        Request::balance(1).by(CURL),
        Request::card_block(2).by(PORTAL).with_id("past-nginx-1"),
        Request::nowhere(),
    ]
    .map(|request| request.send(apache.address()));
    let (nginx, apache) = (nginx.stop(), apache.stop());

    let in_front = nginx.lines(LOG);
    let ids: BTreeSet<&str> = in_front.iter().map(|line| id_of(line)).collect();
    let behind = apache.lines(LOG);
    let (hops, direct): (Vec<&String>, Vec<&String>) =
        behind.iter().partition(|line| ids.contains(id_of(line)));
    assert_eq!(direct.len(), past_nginx.len(), "{direct:?}");
    let passed = through_both.iter().filter(|done| !done.request.is_refused_by_the_proxy());
    assert_eq!(hops.len(), passed.count());

    let config = monolith.dir().join("dolmen.toml");
    let source = |name: &str, log: &std::path::Path, rest: &str| {
        format!("[[source]]\nname = \"{name}\"\npath = '{}'\n{rest}\n", log.display())
    };
    let sections = [
        source("proxy", &nginx.path(LOG), ""),
        source("apache", &apache.path(LOG), "behind = \"proxy\"\nservice = \"monolith\""),
        marks_source(&monolith.marks()),
        "[[service]]\nname = \"monolith\"\nmonolith = true\n".to_owned(),
        ACTORS.to_owned(),
    ];
    fs::write(&config, sections.join("\n")).unwrap();
    let told = report::of_sources(&config);
    let all: Vec<_> = through_both.into_iter().chain(past_nginx).collect();
    // What nginx refuses reaches no service; for the rest the server behind it speaks.
    let mut figures = expected(&all, &Rules { front: None, ..RULES });
    figures.add("bypassed", 3);
    assert_eq!(Figures::of(&told), figures, "{told:#}");
    let lines = |file: usize| told["files"][file]["lines"].as_u64();
    assert_eq!(lines(0), Some(in_front.len() as u64));
    assert_eq!(lines(1), Some(behind.len() as u64));
}
