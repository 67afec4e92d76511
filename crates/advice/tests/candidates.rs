//! Callers become candidates, and the rule that is proposed names them and nobody else.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::collections::BTreeMap;

use dolmen_advice::Candidate;
use dolmen_advice::candidates::{self, Kind, Visitor};
use dolmen_attribution::{Attributor, RuleSet, Rules};
use dolmen_model::{Call, Language, NameId, Names, Time};
use jiff::tz::TimeZone;

fn group(visitors: Vec<Visitor>) -> Vec<Candidate> {
    candidates::group(visitors, TimeZone::UTC, Language::English)
}

fn minute(number: i64) -> Time {
    Time::from_seconds(1_767_225_600 + number * 60).unwrap()
}

fn visitor(address: &str, user_agent: &str, endpoints: &[&str], operations: &[&str]) -> Visitor {
    let counts = |names: &[&str]| -> BTreeMap<String, u64> {
        names.iter().map(|name| ((*name).to_owned(), 7)).collect()
    };
    Visitor {
        address: address.to_owned(),
        user_agent: user_agent.to_owned(),
        calls: 7 * endpoints.len().max(1) as u64,
        operations: counts(operations),
        endpoints: counts(endpoints),
        minutes: (0..7).map(|day| minute(day * 1_440 + 120)).collect(),
        first: Some(minute(120)),
        last: Some(minute(6 * 1_440 + 120)),
        ..Visitor::default()
    }
}

/// Whom the proposed rule names among these callers, given as address and user agent.
fn named_by(candidate: &Candidate, callers: &[(&str, &str)]) -> Vec<bool> {
    let names = Names::new();
    let set: RuleSet = toml::from_str(&candidate.toml).unwrap();
    let rules = Rules::compile(&set, &names).unwrap();
    let mut attributor = Attributor::new(&rules, &names);
    let is_named = |(address, user_agent): &(&str, &str)| {
        let call = Call {
            method: b"GET",
            target: b"/",
            address: address.as_bytes(),
            user_agent: user_agent.as_bytes(),
            ..Call::default()
        };
        let actor = attributor.attribute(&call, NameId::UNKNOWN).actor;
        names.actors.name(actor).as_deref() == Some(&candidate.proposed_name)
    };
    callers.iter().map(is_named).collect()
}

#[test]
fn hosts_that_run_one_script_are_one_candidate() {
    let post = ["POST /api/card/{int}/block"];
    let found = group(vec![
        visitor("10.1.9.17", "curl/7.81.0", &post, &["card block"]),
        visitor("10.1.9.18", "curl/7.88.1", &post, &["card block"]),
        visitor("10.1.9.42", "curl/7.81.0", &["POST /transfers"], &["transfer"]),
    ]);
    assert_eq!(found.len(), 2);
    let block = &found[0];
    assert_eq!((block.kind, block.proposed_name.as_str()), (Kind::Script, "card block script"));
    assert_eq!(block.addresses, ["10.1.9.17", "10.1.9.18"]);
    assert_eq!(block.calls, 14);
    assert_eq!(block.rhythm.as_deref(), Some("every day at 02:00"));
    let callers = [
        ("10.1.9.17", "curl/9"),
        ("10.1.9.18", "curl/7.88.1"),
        ("10.1.9.42", "curl/7.81.0"),
        ("10.1.9.17", "Wget/1.21"),
    ];
    assert_eq!(named_by(block, &callers), [true, true, false, false]);
}

#[test]
fn each_sort_of_caller_is_told_apart() {
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    let mut health = visitor("10.0.0.5", "Go-http-client/1.1", &["GET /health"], &[]);
    health.minutes = (0..40).map(|n| minute(n * 5)).collect();
    let mut lost = visitor("203.0.113.9", "python-requests/2.31", &[], &[]);
    lost.endpoints = (0..9).map(|n| (format!("GET /{n}x"), 1)).collect();
    (lost.calls, lost.not_found) = (9, 8);
    let mut odd = visitor("198.51.100.7", "-", &["GET /.env"], &[]);
    odd.odd = 7;
    for (visitor, kind) in [
        (visitor("10.0.0.1", "curl/8.5", &["GET /a"], &[]), Kind::Script),
        (visitor("203.0.113.1", "okhttp/4.12", &["GET /a"], &[]), Kind::Library),
        (visitor("10.0.0.2", "", &["GET /a"], &[]), Kind::Script),
        (visitor("10.0.0.3", "LedgerSync/3.1 (build 9)", &["GET /a"], &[]), Kind::Application),
        (visitor("10.0.0.4", browser, &["GET /a"], &[]), Kind::Browser),
        (visitor("66.249.66.1", crawler, &["GET /a"], &[]), Kind::Crawler),
        (
            visitor("66.249.66.2", "SomeNewBot/0.1 (+https://bot.example)", &["GET /a"], &[]),
            Kind::Crawler,
        ),
        (visitor("10.0.0.6", "kube-probe/1.30", &["GET /health"], &[]), Kind::Probe),
        (health, Kind::Probe),
        (visitor("203.0.113.7", "sqlmap/1.8", &["GET /a"], &[]), Kind::Scanner),
        (lost, Kind::Scanner),
        (odd, Kind::Scanner),
    ] {
        let caller = (visitor.address.clone(), visitor.user_agent.clone());
        let found = group(vec![visitor]);
        assert_eq!(found[0].kind, kind, "{caller:?}: {}", found[0].why);
        let callers = [(caller.0.as_str(), caller.1.as_str()), ("192.0.2.1", "somebody else")];
        assert_eq!(named_by(&found[0], &callers), [true, false], "{}", found[0].toml);
    }
}

#[test]
fn a_crawler_has_many_addresses_and_one_rule() {
    let agent = "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)";
    let hosts = (0..60).map(|n| visitor(&format!("157.55.39.{n}"), agent, &["GET /"], &[]));
    let found = group(hosts.collect());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].address_count, found[0].addresses.len()), (60, 20));
    assert_eq!(found[0].rule.user_agent.as_deref(), Some("*bingbot*"));
}

#[test]
fn names_are_told_apart_and_texts_cannot_break_out() {
    let odd = "evil\"\n[[actor]]\nname = \"x*?\\";
    let found = group(vec![
        visitor("10.0.0.1", "curl/8", &["GET /a"], &["sync"]),
        visitor("10.0.0.2", "Wget/1", &["GET /a"], &["sync"]),
        visitor("10.0.0.3", odd, &["GET /a"], &[]),
    ]);
    let names: Vec<&str> = found.iter().map(|one| one.proposed_name.as_str()).collect();
    assert_eq!(names[..2], ["sync script", "sync script (10.0.0.1)"]);
    for candidate in &found {
        let set: RuleSet = toml::from_str(&candidate.toml).unwrap();
        assert_eq!(set.actors.len(), 1, "{}", candidate.toml);
        assert_eq!(set.actors[0].name, candidate.proposed_name);
    }
}

#[test]
fn who_signs_in_is_named_by_that() {
    let mut signed = visitor("10.0.0.1", "curl/8", &["GET /a"], &[]);
    signed.user = "batch".to_owned();
    let found = group(vec![signed]);
    assert_eq!(found[0].rule.user.as_deref(), Some("batch"));
    assert_eq!(found[0].proposed_name, "batch");
}

#[test]
fn reasons_are_told_in_the_language_that_is_asked_for() {
    let script = || visitor("10.1.9.17", "curl/7.81.0", &["POST /block"], &["card block"]);
    let browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let told = |language| {
        let seen = vec![script(), visitor("10.0.0.4", browser, &["GET /a"], &[])];
        let found = candidates::group(seen, TimeZone::UTC, language);
        let all = found.into_iter();
        all.map(|one| (one.id, one.why, one.rhythm.unwrap(), one.proposed_name)).collect::<Vec<_>>()
    };
    let (english, french) = (told(Language::English), told(Language::French));
    assert_eq!(english[0].1, "a library's user agent, from an inner address");
    assert_eq!(french[0].1, "l’agent d’une bibliothèque, depuis une adresse interne");
    assert_eq!(english[1].1, "its user agent is a browser's");
    assert_eq!(french[1].1, "son agent est celui d’un navigateur");
    assert_eq!(
        (english[0].2.as_str(), french[0].2.as_str()),
        ("every day at 02:00", "chaque jour à 02:00")
    );
    let names = |told: &[(String, String, String, String)]| {
        told.iter().map(|one| one.3.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&english), ["card block script", "browsers in 10.0.0.0/24"]);
    assert_eq!(names(&french), ["script pour card block", "navigateurs de 10.0.0.0/24"]);
    // They are the same candidates.
    assert_eq!((&english[0].0, &english[1].0), (&french[0].0, &french[1].0));
}

#[test]
fn a_user_agent_that_is_no_utf_8_gets_a_rule_that_matches_it() {
    // As a log shows the byte E9; rules are matched on the bytes themselves.
    let found = group(vec![visitor("10.0.0.3", "R\u{fffd}leve/2.0", &["GET /a"], &[])]);
    assert_eq!(found[0].rule.user_agent.as_deref(), Some("R*leve/*"));
    let set: RuleSet = toml::from_str(&found[0].toml).unwrap();
    let names = Names::new();
    let rules = Rules::compile(&set, &names).unwrap();
    let mut attributor = Attributor::new(&rules, &names);
    let call = Call {
        method: b"GET",
        target: b"/a",
        address: b"10.0.0.3",
        user_agent: b"R\xe9leve/2.1",
        ..Call::default()
    };
    let actor = attributor.attribute(&call, NameId::UNKNOWN).actor;
    assert_eq!(names.actors.name(actor).as_deref(), Some(found[0].proposed_name.as_str()));
}
