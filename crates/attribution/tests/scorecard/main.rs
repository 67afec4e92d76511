//! How well templates are learned, on traffic of invented APIs whose routes are known.
//!
//! The routes and how they are asked for come from `apis` and `traffic`, which know nothing of how
//! templates are learned. `cargo test --release -p dolmen-attribution --test scorecard -- --nocapture`
//! prints the card; with `DOLMEN_SCORECARD=full` over more seeds.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "in a test a panic is the report; the card is printed"
)]

mod apis;
mod order;
mod traffic;

use std::collections::{BTreeMap, BTreeSet};

use dolmen_attribution::{Attributor, Learner, RuleSet, Rules, Seen};
use dolmen_model::{Call, NameId, Names, SetId};

use apis::Api;
use traffic::{Asked, play};

/// Of the routes of each API, so many must be found, and so many of those found must be right.
const LEAST: f64 = 0.97;

/// What was found of one API.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    /// Routes that were asked for.
    routes: usize,
    /// Of these, routes all of whose calls have the right template.
    recalled: usize,
    /// Templates that calls were given.
    found: usize,
    /// Of these, templates that are a route.
    right: usize,
    calls: usize,
    calls_right: usize,
}

impl Score {
    fn add(&mut self, other: Self) {
        self.routes += other.routes;
        self.recalled += other.recalled;
        self.found += other.found;
        self.right += other.right;
        self.calls += other.calls;
        self.calls_right += other.calls_right;
    }

    fn precision(self) -> f64 {
        self.right as f64 / self.found as f64
    }

    fn recall(self) -> f64 {
        self.recalled as f64 / self.routes as f64
    }
}

/// A template with its parameters' names left out.
fn bare(template: &str) -> String {
    let segments = template.split('/').map(|segment| match segment {
        parameter if parameter.starts_with('{') => "{}",
        literal => literal,
    });
    segments.collect::<Vec<_>>().join("/")
}

fn score(api: &Api, calls: &[Asked], shown: &mut Vec<String>) -> Score {
    let mut learner = Learner::default();
    for call in calls {
        learner.see(Seen {
            method: call.method.as_bytes(),
            path: call.path.as_bytes(),
            status: Some(call.status),
            entered: SetId(call.operation),
            calls: 1,
        });
    }
    assert_eq!(learner.left_out(), 0);
    let names = Names::new();
    let rules = Rules::compile(&RuleSet::default(), &names).unwrap().with_learned(&learner.learn());
    let mut attributor = Attributor::new(&rules, &names);
    let mut given: BTreeMap<usize, BTreeMap<String, usize>> = BTreeMap::new();
    for asked in calls {
        let Some(route) = asked.route else { continue };
        let call = Call {
            method: asked.method.as_bytes(),
            target: asked.path.as_bytes(),
            ..Call::default()
        };
        let endpoint = names.endpoints.name(attributor.attribute(&call, NameId::UNKNOWN).endpoint);
        let endpoint = endpoint.unwrap();
        let (_, template) = endpoint.split_once(' ').unwrap();
        *given.entry(route).or_default().entry(bare(template)).or_default() += 1;
    }
    let truth: BTreeMap<usize, String> =
        given.keys().map(|&route| (route, bare(&api.routes[route].template))).collect();
    let routes: BTreeSet<&String> = truth.values().collect();
    let found: BTreeSet<&String> = given.values().flat_map(BTreeMap::keys).collect();
    let mut score = Score { routes: routes.len(), found: found.len(), ..Score::default() };
    score.right = found.iter().filter(|template| routes.contains(*template)).count();
    let mut missed = BTreeSet::new();
    for (route, templates) in &given {
        let calls: usize = templates.values().sum();
        let right = templates.get(&truth[route]).copied().unwrap_or(0);
        score.calls += calls;
        score.calls_right += right;
        if right < calls {
            missed.insert(&truth[route]);
            let few: Vec<_> = templates.keys().filter(|t| **t != truth[route]).take(4).collect();
            shown.push(format!("{}: {} as {few:?} ({right} of {calls})", api.name, truth[route]));
        }
    }
    score.recalled = routes.len() - missed.len();
    score
}

#[test]
fn templates_are_learned() {
    let full = std::env::var_os("DOLMEN_SCORECARD").is_some_and(|value| value == "full");
    let seeds = if full { 1..=20 } else { 1..=3 };
    let mut all = Score::default();
    let (mut shown, mut poor) = (Vec::new(), Vec::new());
    println!("templates        routes  found  precision  recall  calls named right");
    for api in apis::all() {
        let mut of_api = Score::default();
        for seed in seeds.clone() {
            of_api.add(score(&api, &play(&api, seed), &mut shown));
        }
        print_row(api.name, of_api);
        // A good total hides no bad API.
        if of_api.precision().min(of_api.recall()) < LEAST {
            poor.push(api.name);
        }
        all.add(of_api);
    }
    print_row("all", all);
    for line in shown.iter().take(if full { 0 } else { 60 }) {
        println!("  {line}");
    }
    assert!(poor.is_empty(), "{poor:?} are found worse than {LEAST}");
}

fn print_row(name: &str, score: Score) {
    println!(
        "{name:<16} {:>6} {:>6}      {:.3}   {:.3}             {:.4}",
        score.routes,
        score.found,
        score.precision(),
        score.recall(),
        score.calls_right as f64 / score.calls as f64,
    );
}
