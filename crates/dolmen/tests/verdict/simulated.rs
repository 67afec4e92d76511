//! Callers that are made up, through the whole program: what `dolmen verdict` finds in logs that were
//! imported is what is found in the same calls directly, so nothing is lost or made up in between.

use std::fmt::Write as _;

use dolmen_model::Time;
use dolmen_verdict::{
    ALPHA, Calendar, Coverage, Evidence, Population, Question, Sighting, Verdict, judge,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use serde_json::Value;

use crate::place::{Place, of, reasons};
use crate::simulator::score::{Operation, played};
use crate::simulator::{Dice, zone};

const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "access.log"
service = "monolith"
format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i"'

[[service]]
name = "monolith"
monolith = true

[verdict]
zone = "CET-1CEST,M3.5.0,M10.5.0/3"
"#;

const HOUR: i64 = 3_600_000_000;
const DAYS: i64 = 800;
/// So many calls of one operation are enough.
const MOST: usize = 20_000;

fn first() -> Date {
    date(2022, 3, 7)
}

fn start(day: Date) -> Time {
    let at = day.to_zoned(zone()).unwrap().timestamp();
    Time::from_micros(at.as_microsecond())
}

/// Whole hours without a log: a source that speaks every hour is known to be silent after one.
fn logs(dice: &mut Dice) -> Coverage {
    let end = first().checked_add(jiff::Span::new().days(DAYS)).unwrap();
    let (from, to) = (start(first()), start(end));
    let hours = (to.micros() - from.micros()) / HOUR;
    let gaps: Vec<(Time, Time)> = (0..4)
        .map(|_| {
            let gap = dice.between(100, hours - 400);
            let length = dice.between(2, 70);
            let time = |hour: i64| Time::from_micros(from.micros() + hour * HOUR);
            (time(gap), time(gap + length))
        })
        .collect();
    Coverage::new([(from, to)]).except(gaps)
}

/// Some operations that are not called too often, all in the same logs.
fn operations(seed: u64, number: usize) -> Vec<Operation> {
    let mut dice = Dice::new(seed);
    let logs = logs(&mut dice);
    let all = std::iter::repeat_with(|| played(first(), DAYS, &mut dice, |_| logs.clone()));
    let calls =
        |one: &Operation| one.callers.iter().map(|caller| caller.calls.len()).sum::<usize>();
    all.filter(|one| (1..MOST).contains(&calls(one))).take(number).collect()
}

/// Nobody calls two operations: who leaves one for another is judged by that, too, which nothing
/// here plays.
fn of_operation(agent: &str, number: usize) -> String {
    format!("{agent} of op{number}")
}

/// Every call that a log was there for, and a ping each hour, in the order of time.
fn log(operations: &[Operation], logs: &Coverage) -> String {
    let mut lines: Vec<(Time, String)> = Vec::new();
    let is_there =
        |time: Time| logs.measure(time, Time::from_micros(time.micros() + 1_000_000)) > 0;
    for (number, operation) in operations.iter().enumerate() {
        for (at, caller) in operation.callers.iter().enumerate() {
            for (time, host) in caller.calls.iter().filter(|(time, _)| is_there(*time)) {
                let agent = of_operation(&format!("script {at}"), number);
                let who = format!("10.0.0.{host} GET /op{number} {agent}");
                lines.push((*time, who));
            }
        }
    }
    let (from, to) = (logs.start().unwrap().micros(), logs.end().unwrap().micros());
    let hours = (from..to).step_by(HOUR as usize).map(|hour| Time::from_micros(hour + HOUR / 2));
    lines
        .extend(hours.filter(|at| is_there(*at)).map(|at| (at, "10.9.9.9 GET /ping probe".into())));
    lines.sort_unstable();
    let mut log = String::new();
    for (time, who) in lines {
        let shown = Timestamp::from_microsecond(time.micros()).unwrap();
        let shown = shown.strftime("%d/%b/%Y:%H:%M:%S +0000");
        let mut words = who.splitn(4, ' ');
        let mut next = || words.next().unwrap();
        let (address, method, path, agent) = (next(), next(), next(), next());
        let request = format!("\"{method} {path} HTTP/1.1\" 200 10 \"-\" \"{agent}\"");
        writeln!(log, "{address} - - [{shown}] {request}").unwrap();
    }
    log
}

fn directly(operations: &[Operation], at: Time) -> Vec<Verdict> {
    let mut seen: Vec<Vec<Sighting>> = operations.iter().map(|one| one.sightings(at)).collect();
    for (number, sightings) in seen.iter_mut().enumerate() {
        for Sighting { caller, .. } in sightings {
            caller.user_agent = caller.user_agent.take().map(|agent| of_operation(&agent, number));
        }
    }
    let calendar = Calendar::new(zone());
    let mut everybody: std::collections::BTreeMap<_, Vec<Time>> = std::collections::BTreeMap::new();
    for sighting in seen.iter().flatten() {
        let caller = &sighting.caller;
        let who = (caller.address.clone(), caller.user_agent.clone());
        everybody.entry(who).or_default().extend(&sighting.times);
    }
    for times in everybody.values_mut() {
        times.sort_unstable();
        times.dedup_by_key(|time| time.seconds().div_euclid(60));
    }
    let population = Population::of(everybody.values().map(Vec::as_slice));
    let question = Question { at, calendar, alpha: ALPHA };
    let each = operations.iter().zip(seen).enumerate().map(|(number, (one, sightings))| {
        let evidence = Evidence {
            operation: format!("op{number}"),
            service: Some("monolith".to_owned()),
            sightings,
            coverage: one.logs.clone(),
            retired: one.retired_on.map(start),
            ..Evidence::default()
        };
        judge(&evidence, &population, &question)
    });
    each.collect()
}

/// What both say of an operation.
fn in_short(verdict: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let callers = verdict["callers"].as_array().unwrap().iter();
    let mut callers: Vec<String> = callers
        .map(|one| {
            format!(
                "{:?} {} {}/{}/{} {:?} {:.3}",
                text(&one["user_agent"]),
                one["cadence"],
                one["hits"],
                one["misses"],
                one["missed_in_a_row"],
                // Directly, calls of one minute are one.
                one["last_call"].as_str().unwrap().get(..16),
                one["p_alive"].as_f64().unwrap()
            )
        })
        .collect();
    callers.sort();
    format!("{} {} {callers:#?}", verdict["state"], verdict["safe_on"])
}

fn in_short_directly(verdict: &Verdict) -> String {
    let json = |time: Option<Time>| time.map_or(Value::Null, |time| time.to_string().into());
    let callers = verdict.callers.iter().map(|one| {
        serde_json::json!({
            "user_agent": one.caller.user_agent, "cadence": one.cadence.to_string(),
            "hits": one.hits, "misses": one.misses, "missed_in_a_row": one.missed_in_a_row,
            "last_call": json(Some(one.last_call)), "p_alive": one.p_alive,
        })
    });
    let callers: Vec<Value> = callers.collect();
    let (state, safe_on) = (verdict.state.name(), json(verdict.safe_on));
    in_short(&serde_json::json!({ "state": state, "safe_on": safe_on, "callers": callers }))
}

/// `cargo xtask prove judge` asks for more of them.
fn number() -> usize {
    let asked = std::env::var("DOLMEN_SIMULATED").ok();
    asked.and_then(|number| number.parse().ok()).unwrap_or(24)
}

#[test]
fn what_was_imported_is_judged_as_what_was_played() {
    let operations = operations(5, number());
    let logs = operations[0].logs.clone();
    let place = Place::new();
    let mut config = CONFIG.to_owned();
    for (number, operation) in operations.iter().enumerate() {
        let rule = format!("name = \"op{number}\"\nservice = \"monolith\"\npath = \"/op{number}\"");
        writeln!(config, "\n[[operation]]\n{rule}").unwrap();
        if let Some(day) = operation.retired_on {
            writeln!(config, "retired = \"{day}\"").unwrap();
        }
    }
    place.file("dolmen.toml", config);
    place.file("access.log", log(&operations, &logs));
    place.ends(0, &["import", "--store", "s"]);
    let end = logs.end().unwrap();
    let days = |days: i64| Time::from_micros(end.micros() - days * 24 * HOUR);
    let mut states = std::collections::BTreeSet::new();
    for at in [days(400), days(150), days(1)] {
        let verdicts = place.verdicts(&["--store", "s", "--at", &at.to_string()]);
        for direct in directly(&operations, at) {
            let verdict = of(&verdicts, &direct.operation);
            let why = || format!("{} at {at}: {}", direct.operation, reasons(verdict));
            assert_eq!(in_short(verdict), in_short_directly(&direct), "{}", why());
            states.insert(direct.state.name());
        }
    }
    assert!(states.len() >= 4, "{states:?}");
}
