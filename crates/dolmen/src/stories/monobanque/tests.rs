use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

use super::ask::Interface;
use super::cast::{OPPOSITION_HOST, Operation, Service, VIREMENT_HOST};
use super::*;

/// Written once for all tests here; the folder lives as long as they do.
fn story() -> &'static (tempfile::TempDir, Story) {
    static STORY: OnceLock<(tempfile::TempDir, Story)> = OnceLock::new();
    STORY.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let story = write(dir.path(), SEED).unwrap();
        (dir, story)
    })
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
}

fn with<'a>(lines: &'a [String], part: &str) -> Vec<&'a String> {
    lines.iter().filter(|line| line.contains(part)).collect()
}

#[test]
fn the_files_hold_what_the_tally_says() {
    let story = &story().1;
    for chapter in [&story.observe, &story.named, &story.months] {
        let proxy = lines(&chapter.proxy);
        assert_eq!(proxy.len() as u64, chapter.tally.calls(|_| true));
        let marks: usize = chapter
            .marks
            .iter()
            .map(|(_, path)| with(&lines(path), r#""operation":""#).len())
            .sum();
        assert_eq!(marks as u64, chapter.tally.marks());
        for actor in [Actor::WebPortal, Actor::LargeAccounts, Actor::BranchTool] {
            let agent = actor.user_agent(Scripts::Named);
            assert_eq!(
                with(&proxy, agent).len() as u64,
                chapter.tally.calls(|deed| deed.actor == actor),
                "{agent}"
            );
        }
    }
}

#[test]
fn twenty_one_of_a_hundred_calls_come_from_two_unknown_machines() {
    let proxy = lines(&story().1.observe.proxy);
    assert_eq!(proxy.len(), 50_000);
    let strangers = |line: &&String| {
        !["PortailWeb/", "ServiceGrandsComptes/", "OutilAgence/"].iter().any(|a| line.contains(a))
    };
    let strangers: Vec<_> = proxy.iter().filter(strangers).collect();
    assert_eq!(strangers.len() * 100, 21 * proxy.len());
    let hosts: BTreeSet<_> = strangers.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(hosts, BTreeSet::from([&*OPPOSITION_HOST.to_string(), &*VIREMENT_HOST.to_string()]));
}

#[test]
fn the_named_days_differ_by_the_scripts_user_agents_alone() {
    let story = &story().1;
    let observed = lines(&story.observe.proxy);
    let named: Vec<_> = lines(&story.named.proxy)
        .iter()
        .map(|line| line.replace("bash-opposition/1.0", "curl/7.81.0"))
        .map(|line| line.replace("bash-virement/1.0", "Wget/1.21.2"))
        .collect();
    assert_eq!(observed, named);
    assert!(with(&observed, "bash-").is_empty());
    assert_eq!(
        fs::read(&story.observe.marks[0].1).unwrap(),
        fs::read(&story.named.marks[0].1).unwrap()
    );
}

#[test]
fn the_monoliths_own_log_has_no_ids_and_misses_what_the_proxy_answered() {
    let observe = &story().1.observe;
    let (proxy, own) = (lines(&observe.proxy), lines(observe.own.as_deref().unwrap()));
    let unavailable = with(&proxy, "\" 503 ").len();
    assert_eq!(unavailable, 60);
    assert_eq!(own.len(), proxy.len() - unavailable);
    assert!(own.iter().all(|line| line.ends_with('"')));
}

#[test]
fn every_operation_is_reached_and_four_styles_lead_there() {
    let tally = &story().1.observe.tally;
    let routes = Operation::ALL.map(|operation| tally.routes(operation).len());
    assert_eq!(routes, [2, 2, 1, 2, 1]);
    let styles: BTreeSet<Interface> =
        tally.deeds().filter_map(|(deed, _)| deed.ask.interface()).collect();
    assert_eq!(styles.len(), 4);
}

#[test]
fn the_window_is_fourteen_days_and_holds_its_calls() {
    let observe = &story().1.observe;
    let days = fortnight(&rhythm::bank_zone().unwrap(), 0).unwrap();
    for line in lines(&observe.proxy) {
        let (_, rest) = line.split_once('[').unwrap();
        let (time, _) = rest.split_once(']').unwrap();
        let time = jiff::Timestamp::strptime("%d/%b/%Y:%H:%M:%S %z", time).unwrap();
        let time = Time::from_micros(time.as_microsecond());
        assert!(days.hold(time).unwrap(), "{line}");
    }
}

#[test]
fn one_external_transfer_comes_back_weeks_after_the_move() {
    let story = &story().1;
    let (_, log) = story.months.marks.iter().find(|(s, _)| *s == Service::Monolith).unwrap();
    let retired = moves::retired_on(Service::ExternalTransfers).unwrap().unwrap().to_string();
    let late: Vec<_> = lines(log)
        .into_iter()
        .filter(|line| line.contains(r#""operation":"external transfer""#))
        .filter(|line| line[r#"{"time":""#.len()..] >= *retired)
        .collect();
    assert_eq!(late.len(), 1, "{late:?}");
    assert!(late[0].starts_with(r#"{"time":"2023-06-01T06:15:"#));
    let count = |service| {
        story.months.tally.calls(|d| d.actor == Actor::MonthlyCount && d.service == service)
    };
    assert_eq!((count(Service::Monolith), count(Service::ExternalTransfers)), (3, 33));
}

#[test]
fn in_the_end_the_proxy_answers_for_the_monolith() {
    let story = &story().1;
    let gone = lines(&story.months.proxy).into_iter().filter(|line| line.contains("\" 410 "));
    let gone: Vec<_> = gone.collect();
    assert_eq!(gone.len(), 1);
    assert!(gone[0].contains("/opposition/") && gone[0].contains("17/Feb/2026:10:42:"));
    let last = lines(&story.months.proxy).pop().unwrap();
    assert!(last.contains("/Mar/2026:"), "{last}");
    let left = |d: &tally::Deed| d.service == Service::Monolith;
    let tally = &story.months.tally;
    assert!(Service::ALL.iter().all(|&s| tally.calls(|d| d.service == s) > 0));
    assert_eq!(tally.calls(|d| left(d) && d.end == End::Gone), 1);
}

fn observed(seed: u64) -> (tempfile::TempDir, Chapter) {
    let dir = tempfile::tempdir().unwrap();
    let zone = rhythm::bank_zone().unwrap();
    let writer = Writer::create(dir.path().to_owned(), &zone, OwnLog::Kept).unwrap();
    let moves = Moves::new(&zone).unwrap();
    let chapter = window(writer, seed, &zone, &moves, Scripts::Anonymous).unwrap();
    (dir, chapter)
}

#[test]
fn the_same_seed_is_the_same_bytes() {
    let story = &story().1.observe;
    let (_dir, again) = observed(SEED);
    assert!(fs::read(&again.proxy).unwrap() == fs::read(&story.proxy).unwrap());
    assert!(fs::read(&again.marks[0].1).unwrap() == fs::read(&story.marks[0].1).unwrap());
}

#[test]
fn another_seed_is_another_bank_with_the_same_figures() {
    let story = &story().1.observe;
    let (_dir, other) = observed(SEED + 1);
    assert_eq!(other.tally, story.tally);
    assert!(fs::read(&other.proxy).unwrap() != fs::read(&story.proxy).unwrap());
}

#[test]
fn figures_that_are_off_say_so() {
    use super::figures::{Figure, Reports, figures};
    use dolmen_cubes::{ActorRow, Report};

    let story = &story().1;
    let nothing = Report::default;
    let strangers = ActorRow { actor: None, calls: 10_499 };
    let known = ActorRow { actor: Some("web portal".to_owned()), calls: 39_501 };
    let reports = Reports {
        first: nothing(),
        joined: nothing(),
        by_operation: Operation::ALL.map(|operation| (operation, nothing())).into(),
        three_actors: Report { calls: 50_000, actors: vec![known, strangers], ..nothing() },
        five_actors: Report { calls: 50_000, ..nothing() },
    };
    let figures = figures(story, &reports, &nothing());
    let of = |name: &str| figures.iter().find(|figure| figure.figure == name).unwrap();
    let unknown = of("unknown with three actors");
    assert_eq!(
        *unknown,
        Figure {
            figure: "unknown with three actors".to_owned(),
            expected: "10500 of 50000 (21.0 %)".to_owned(),
            found: "10499 of 50000 (20.9 %)".to_owned(),
            ok: false,
        }
    );
    assert!(of("unknown with five actors").ok);
    // What is right in an empty report: nothing was unparsed, without an id, or without a call.
    assert_eq!(figures.iter().filter(|figure| figure.ok).count(), 4);
}
