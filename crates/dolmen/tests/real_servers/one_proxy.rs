//! One proxy in front of the monolith.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use jiff::{Timestamp, ToSpan};
use serde_json::Value;

use crate::client::exchange;
use crate::monolith::{CARD_BLOCK, Monolith};
use crate::report::{self, Figures, Rules};
use crate::server::{Kind, Server, Stopped};
use crate::traffic::{BRANCH, Done, PORTAL, Request, send_all, send_everything};

pub(crate) const LOG: &str = "dolmen-access.log";

pub(crate) const ACTORS: &str = r#"
[[actor]]
name = "web portal"
user_agent = "PortailWeb/*"

[[actor]]
name = "branch tool"
user_agent = 'Agence "Écluse"*'
"#;

pub(crate) const RULES: Rules = Rules {
    front: Some("monolith"),
    service: Some("monolith"),
    actors: &[(PORTAL, "web portal"), (BRANCH, "branch tool")],
};

#[test]
fn behind_apache_every_figure_is_what_was_sent() {
    every_figure_is_what_was_sent(Kind::Apache);
}

#[test]
fn behind_nginx_every_figure_is_what_was_sent() {
    every_figure_is_what_was_sent(Kind::Nginx);
}

fn every_figure_is_what_was_sent(kind: Kind) {
    let monolith = Monolith::start();
    let proxy = start(kind, &monolith.url());
    let from = Timestamp::now();
    let mut done = send_everything(proxy.address(), &monolith);
    // An id that is not unique: two calls all the same, and reported.
    let repeated = Request::nowhere().with_id("the-same-twice");
    done.extend([repeated.send(proxy.address()), repeated.send(proxy.address())]);
    done.push(over_two_lines(kind).send(proxy.address()));
    past_the_proxy(&monolith);
    let to = Timestamp::now();
    let stopped = proxy.stop();
    every_line_has_the_id_that_the_client_was_told(&stopped, &done);

    // With nothing but the two files.
    let told = report::of_files(&stopped.path(LOG), &monolith.marks());
    assert_eq!(Figures::of(&told), expected(&done, &Rules::NONE), "{told:#}");
    its_times_are_between(&told, from, to);

    // With a configuration, in which the source is what `dolmen proxy` printed.
    let config = monolith.dir().join("dolmen.toml");
    fs::write(&config, configuration(kind, &stopped.path(LOG), &monolith.marks())).unwrap();
    let told = report::of_sources(&config);
    assert_eq!(Figures::of(&told), expected(&done, &RULES), "{told:#}");
}

/// A header that goes on in the next line (obsolete since RFC 7230): Apache makes one line of it,
/// which is no id; nginx refuses it.
fn over_two_lines(kind: Kind) -> Request {
    let request =
        Request::balance(301).with_fields(&[b"X-Request-Id: over-two-lines", b" and-more"]);
    match kind {
        Kind::Apache => request,
        Kind::Nginx => Request { status: 400, operations: Vec::new(), ..request },
        // Another test's business.
        Kind::Haproxy | Kind::Caddy => Request::balance(301),
    }
}

#[test]
fn who_wants_no_id_from_outside_leaves_out_one_line() {
    for (kind, line) in [(Kind::Apache, "SetEnvIf "), (Kind::Nginx, r#""~^["#)] {
        let monolith = Monolith::start();
        let proxy = Server::start(kind, |address, _| {
            let all = printed(kind, &monolith.url(), address);
            let kept: Vec<&str> =
                all.lines().filter(|l| !l.trim_start().starts_with(line)).collect();
            assert_eq!(kept.len() + 1, all.lines().count());
            kept.join("\n")
        });
        let mut request = Request::balance(1).with_id("from-outside");
        request.kept = None;
        let told = request.send(proxy.address()).id;
        assert_ne!(told.as_deref(), Some("from-outside"), "{kind:?}");
        assert_eq!(monolith.received()[0].ids, told.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_connection_without_a_request_is_no_call_to_apache() {
    let monolith = Monolith::start();
    let proxy = Server::start(Kind::Apache, |address, _| {
        // Also what it waits for the monolith: a second is little on a busy machine.
        "Timeout 4\n".to_owned() + &printed(Kind::Apache, &monolith.url(), address)
    });
    let half_a_line = exchange(proxy.address(), b"GET /api/compte/1");
    assert_eq!(half_a_line, None, "Apache should hang up");
    let told = Request::balance(1).send(proxy.address()).id;
    let lines = proxy.stop().lines(LOG);
    let logged: Vec<&str> = lines.iter().map(|line| id_of(line)).collect();
    assert_eq!(logged, told.iter().collect::<Vec<_>>());
}

/// The proxy as `dolmen proxy` configures it.
pub(crate) fn start(kind: Kind, upstream: &str) -> Server {
    Server::start(kind, |address, _| printed(kind, upstream, address))
}

fn printed(kind: Kind, upstream: &str, address: SocketAddr) -> String {
    report::configuration(kind, &["--upstream", upstream, "--listen", &address.to_string()])
}

/// The same requests with every figure that a configuration gives, where the log is for `is_told` to
/// look at: whether it has the ids that clients were told.
pub(crate) fn figures_are_what_was_sent(
    kind: Kind,
    requests: &[Request],
    is_told: impl FnOnce(&[String], &[Done]),
) {
    let monolith = Monolith::start();
    let proxy = start(kind, &monolith.url());
    let mut done = send_all(requests, proxy.address(), &monolith);
    let repeated = Request::nowhere().with_id("the-same-twice");
    done.extend([repeated.send(proxy.address()), repeated.send(proxy.address())]);
    past_the_proxy(&monolith);
    let stopped = proxy.stop();
    let lines = stopped.lines(LOG);
    assert_eq!(lines.len(), done.len(), "{lines:#?}");
    is_told(&lines, &done);
    let config = monolith.dir().join("dolmen.toml");
    fs::write(&config, configuration(kind, &stopped.path(LOG), &monolith.marks())).unwrap();
    let told = report::of_sources(&config);
    assert_eq!(Figures::of(&told), expected(&done, &RULES), "{told:#}");
}

/// A server that is there already gets ids by the snippet, also for what it answers by itself: 403 for
/// `/geheim`. `configured` makes its configuration of its address, the monolith's, and the snippet.
/// The line of the request that it answered, and the id that the client was told.
pub(crate) fn what_is_there_gets_ids(
    kind: Kind,
    more: &[&str],
    configured: impl Fn(SocketAddr, SocketAddr, &str) -> String,
) -> (String, String) {
    let monolith = Monolith::start();
    let snippet = report::configuration(kind, &[&["--snippet"], more].concat());
    let server =
        Server::start(kind, |address, _| configured(address, monolith.address(), &snippet));
    let kept = Request::balance(1).with_id("kept-by-the-snippet").send(server.address());
    assert_eq!(kept.id.as_deref(), Some("kept-by-the-snippet"));
    let denied = exchange(server.address(), b"GET /geheim HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_eq!((denied.status, denied.ids.len()), (403, 1));
    assert_eq!(monolith.received()[0].ids, ["kept-by-the-snippet"]);
    // A server with several threads may log the second request first.
    let lines = server.stop().lines(LOG);
    let line = lines.into_iter().find(|line| line.contains("/geheim")).unwrap();
    (line, denied.ids[0].clone())
}

/// Two requests that go to the monolith directly.
pub(crate) fn past_the_proxy(monolith: &Monolith) {
    for n in [1, 2] {
        let hidden = Request::card_block(n).with_id(format!("past-the-proxy-{n}"));
        assert_eq!(exchange(monolith.address(), &hidden.bytes).unwrap().status, hidden.status);
    }
}

pub(crate) fn expected(done: &[Done], rules: &Rules) -> Figures {
    let mut figures = Figures::expected(done, rules);
    figures.add("marks", 2);
    figures.add("mark_only", 2);
    let key = (Some(CARD_BLOCK.to_owned()), rules.service.map(str::to_owned));
    figures.mark_only_operations.insert(key, 2);
    figures
}

/// The `[[source]]` that the printed configuration shows in its comments, and the rest.
pub(crate) fn configuration(kind: Kind, log: &Path, marks: &Path) -> String {
    let printed = report::configuration(kind, &["--log", log.to_str().unwrap()]);
    let shown = printed.lines().skip_while(|line| line.trim() != "#   [[source]]");
    let shown: Vec<&str> = shown.map_while(|line| line.strip_prefix("#   ")).collect();
    assert!((4..=5).contains(&shown.len()), "the comments should show a source: {printed}");
    format!(
        "{source}\nservice = \"monolith\"\n{marks}\n[[service]]\nname = \"monolith\"\nmonolith = true\n{ACTORS}",
        source = shown.join("\n"),
        marks = marks_source(marks),
    )
}

pub(crate) fn marks_source(marks: &Path) -> String {
    format!(
        "[[source]]\nname = \"monolith-app\"\npath = '{}'\nholds = \"marks\"\nformat = \"json\"\nservice = \"monolith\"\n",
        marks.display()
    )
}

/// The id of a line: the text before the last word.
pub(crate) fn id_of(line: &str) -> &str {
    let (rest, _duration) = line.rsplit_once(' ').unwrap();
    rest.strip_suffix('"').and_then(|rest| rest.rsplit_once('"')).unwrap().1
}

fn every_line_has_the_id_that_the_client_was_told(stopped: &Stopped, done: &[Done]) {
    let lines = stopped.lines(LOG);
    let mut logged: Vec<&str> = lines.iter().map(|line| id_of(line)).collect();
    assert!(logged.iter().all(|id| id.len() >= 8), "{logged:?}");
    for id in done.iter().filter_map(|done| done.id.as_deref()) {
        let at = logged.iter().position(|logged| *logged == id);
        logged.swap_remove(at.unwrap_or_else(|| panic!("{id} is not in the log")));
    }
    let silent = done.iter().filter(|done| done.id.is_none()).count();
    assert_eq!(logged.len(), silent, "{logged:?}");
}

fn its_times_are_between(told: &Value, from: Timestamp, to: Timestamp) {
    let time = |key: &str| -> Timestamp { told[key].as_str().unwrap().parse().unwrap() };
    // A log has whole seconds.
    let floor = from - 1.second();
    assert!(floor <= time("from") && time("from") <= time("to") && time("to") <= to, "{told:#}");
}
