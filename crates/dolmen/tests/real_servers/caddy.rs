//! Caddy in front of the monolith. It differs from Apache and nginx in how it logs, and in that what is
//! no HTTP is answered before anything of a configuration, so it is in no log.

use std::net::SocketAddr;

use crate::client::exchange;
use crate::monolith::Monolith;
use crate::one_proxy::{LOG, figures_are_what_was_sent, start, what_is_there_gets_ids};
use crate::server::Kind;
use crate::traffic::Request;

fn requests() -> Vec<Request> {
    let mut all: Vec<Request> = (1..20).map(Request::balance).collect();
    all.extend((1..5).map(Request::card_block));
    all.push(Request::external_transfer());
    all.push(Request::nowhere());
    all.push(Request::balance(50).with_id("kept-from-outside"));
    all
}

#[test]
fn behind_caddy_every_figure_is_what_was_sent() {
    figures_are_what_was_sent(Kind::Caddy, &requests(), |lines, done| {
        for id in done.iter().filter_map(|done| done.id.as_deref()) {
            assert!(lines.iter().any(|line| line.contains(id)), "{id} is not in {lines:#?}");
        }
    });
}

#[test]
fn what_is_no_id_is_replaced_by_caddy() {
    let monolith = Monolith::start();
    let proxy = start(Kind::Caddy, &monolith.url());
    let ask = |headers: &str| {
        let request = format!("GET /api/compte/1/solde HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        let answer = exchange(proxy.address(), request.as_bytes()).unwrap();
        assert_eq!(answer.ids.len(), 1, "{answer:?}");
        answer.ids[0].clone()
    };
    let told = [
        ask("X-Request-Id: short\r\n"),
        ask("X-Request-Id: with a blank\r\n"),
        ask("X-Request-Id: sent-twice-1\r\nX-Request-Id: sent-twice-2\r\n"),
        ask("X_Request_Id: by-the-other-name\r\n"),
    ];
    assert!(told.iter().all(|id| id.len() == 36 && !id.contains("twice")), "{told:?}");
    // The monolith heard of no other.
    let arrived: Vec<String> = monolith.received().into_iter().flat_map(|r| r.ids).collect();
    assert_eq!(arrived, told);
}

#[test]
fn a_site_that_is_there_gets_ids() {
    let site = |address: SocketAddr, upstream: SocketAddr, snippet: &str| {
        let (ip, port) = (address.ip(), address.port());
        format!(
            "{{\n\tadmin off\n\tauto_https off\n}}\nhttp://:{port} {{\n\tbind {ip}\n{snippet}\n\
             respond /geheim 403\nreverse_proxy {upstream} {{\n\theader_down -X-Request-Id\n}}\n}}\n"
        )
    };
    let (line, id) = what_is_there_gets_ids(Kind::Caddy, &["--log", LOG], site);
    assert!(line.contains(&id), "{line}");
}
