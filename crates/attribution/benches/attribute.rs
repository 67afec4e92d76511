//! Attribution on the hot path: one call at a time, with the rules of a bank's monolith.
//!
//! `max alloc` is the first round, which fills the memos; the median must allocate nothing.

#![expect(clippy::expect_used, reason = "the input is written below")]

use std::hint::black_box;

use divan::{AllocProfiler, Bencher, counter::ItemsCount};
use dolmen_attribution::{Attributor, RuleSet, Rules, template};
use dolmen_model::{Call, Names};

#[global_allocator]
static ALLOC: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// Five actors by user agent, ten operations, four path templates.
const RULES: &str = r#"
    service = [{ name = "monolith", monolith = true }]
    actor = [
        { name = "web portal", user_agent = "PortailWeb/*" },
        { name = "large accounts", user_agent = "WsGrandsComptes/*" },
        { name = "branch tool", user_agent = "OutilAgence *" },
        { name = "bash opposition", user_agent = "bash opposition*" },
        { name = "bash virement", user_agent = "bash virement*" },
    ]
    operation = [
        { name = "external transfer", service = "monolith", query = { op = "virement" } },
        { name = "internal transfer", service = "monolith", query = { op = "interne" } },
        { name = "balance", service = "monolith", query = { op = "solde" } },
        { name = "movements", service = "monolith", query = { op = "mouvements" } },
        { name = "card block", method = "POST", path = "/api/carteService/{client}/opposition/{carte}" },
        { name = "card ceiling", method = "PUT", path = "/api/carteService/{client}/plafond/{carte}" },
        { name = "accounts", method = "GET", path = "/api/clients/{client}/accounts" },
        { name = "statement", path = "/api/clients/{client}/accounts/{account}/statement" },
        { name = "login", method = "POST", path = "/login" },
        { name = "logout", method = "POST", path = "/logout" },
    ]
"#;

const AGENTS: [&str; 8] = [
    "PortailWeb/3.1 (prod; node 4)",
    "WsGrandsComptes/2.0",
    "OutilAgence 7.4 (Windows NT 10.0; Win64; x64)",
    "bash virement",
    "curl/7.81.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
];

/// Requests, `#` a number that is another one each time.
const DECLARED: [&str; 4] = [
    "POST /api/carteService/#/opposition/#",
    "GET /api/clients/#/accounts",
    "GET /api/clients/#/accounts/#/statement?from=2026-01-01&to=2026-02-01",
    "PUT /api/carteService/#/plafond/#",
];
const TYPED: [&str; 3] = [
    "GET /api/v2/customers/#/orders/#/lines",
    "GET /documents/3f2a9c1b-7dec-11d0-a765-00a0c9#/content.pdf",
    "GET /media/2026/10/photo-#.jpg",
];
const FIXED: [&str; 4] = [
    "GET /servlet/MonobanqueServlet?session=4af&op=virement&compte=#",
    "GET /static/css/app.css",
    "POST /login",
    "GET /",
];

struct Line {
    method: String,
    target: String,
    agent: &'static str,
}

/// Lines of these requests in turn, the same on every machine.
fn lines(requests: &[&str], count: usize) -> Vec<Line> {
    let mut state = 1u64;
    let mut number = move || {
        // Knuth's MMIX generator.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let line = |n: usize| {
        let (method, pattern) = requests[n % requests.len()].split_once(' ').unwrap_or_default();
        let mut target = String::new();
        for (piece, text) in pattern.split('#').enumerate() {
            if piece > 0 {
                target.push_str(&(100_000 + number() % 900_000).to_string());
            }
            target.push_str(text);
        }
        let agent = AGENTS[(number() % AGENTS.len() as u64) as usize];
        Line { method: method.to_owned(), target, agent }
    };
    (0..count).map(line).collect()
}

fn attribute(bencher: Bencher<'_, '_>, rules: &str, requests: &[&str]) {
    let names = Names::new();
    let set: RuleSet = toml::from_str(rules).expect("the rules of this file are TOML");
    let rules = Rules::compile(&set, &names).expect("the rules of this file are right");
    let lines = lines(requests, 10_000);
    let monolith = names.services.intern(b"monolith");
    let mut attributor = Attributor::new(&rules, &names);
    bencher.counter(ItemsCount::new(lines.len())).bench_local(|| {
        for line in &lines {
            let call = Call {
                method: line.method.as_bytes(),
                target: line.target.as_bytes(),
                user_agent: line.agent.as_bytes(),
                address: b"10.0.9.7",
                ..Call::default()
            };
            black_box(attributor.attribute(black_box(&call), monolith));
        }
    });
}

#[divan::bench]
fn declared_templates(bencher: Bencher<'_, '_>) {
    attribute(bencher, RULES, &DECLARED);
}

#[divan::bench]
fn typed_segments(bencher: Bencher<'_, '_>) {
    attribute(bencher, RULES, &TYPED);
}

#[divan::bench]
fn fixed_paths(bencher: Bencher<'_, '_>) {
    attribute(bencher, RULES, &FIXED);
}

#[divan::bench]
fn all_together(bencher: Bencher<'_, '_>) {
    attribute(bencher, RULES, &[&DECLARED[..], &TYPED, &FIXED].concat());
}

#[divan::bench]
fn no_rules(bencher: Bencher<'_, '_>) {
    attribute(bencher, "", &[&DECLARED[..], &TYPED, &FIXED].concat());
}

/// 500 actors by user agent and 500 by network: the cost must not follow their number.
#[divan::bench]
fn a_thousand_actors(bencher: Bencher<'_, '_>) {
    let by_agent = (0..500).map(|n| format!("{{ name = \"a{n}\", user_agent = \"agent-{n}/*\" }}"));
    let by_network = (0..500)
        .map(|n| format!("{{ name = \"n{n}\", ip = \"10.{}.{}.0/24\" }}", n / 250, n % 250));
    let actors: Vec<_> = by_agent.chain(by_network).collect();
    let rules = format!("actor = [{}]", actors.join(","));
    attribute(bencher, &rules, &[&DECLARED[..], &TYPED, &FIXED].concat());
}

#[divan::bench]
fn templates_alone(bencher: Bencher<'_, '_>) {
    let lines = lines(&[&DECLARED[..], &TYPED, &FIXED].concat(), 10_000);
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(lines.len())).bench_local(|| {
        for line in &lines {
            out.clear();
            template(black_box(line.target.as_bytes()), &mut out);
            black_box(&out);
        }
    });
}
