//! How fast one core reads lines of the compiled text formats: `cargo bench -p dolmen-logs`.
//!
//! Each round reads 2,000 different lines, so that the branch predictor learns the format and not
//! the line.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use dolmen_logs::{Fields, Format};

fn main() {
    divan::main();
}

const LINES: usize = 2_000;

const WITH_ID: &str =
    r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o" %D"#;
const OWN_TIME: &str = r#"%h %l %u %{%Y-%m-%dT%H:%M:%S}t.%{usec_frac}t%{%z}t "%r" %>s %b"#;
const NGINX: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_id $request_time $upstream_addr"#;
const NGINX_JSON: &str = r#"{"t":$msec,"ip":"$remote_addr","r":"$request","s":$status,"b":$body_bytes_sent,"ua":"$http_user_agent","id":"$request_id","d":$request_time,"u":"$upstream_addr"}"#;

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0",
    "PortailWeb/4.2",
    "curl/7.81.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
];

/// What differs from line to line.
struct Request {
    address: String,
    second: u64,
    target: String,
    status: u64,
    bytes: u64,
    agent: &'static str,
    id: String,
    micros: u64,
}

fn requests() -> impl Iterator<Item = Request> {
    let mut state = 7u64;
    let mut random = move |below: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    (0..LINES as u64).map(move |number| Request {
        address: format!("10.{}.{}.{}", random(256), random(256), random(256)),
        second: number / 40,
        target: format!("/api/card/{}/block/{}", random(1_000_000), random(10_000)),
        status: [200, 200, 200, 302, 404, 500][random(6) as usize],
        bytes: random(200_000),
        agent: AGENTS[random(4) as usize],
        id: format!("{:016x}{:016x}", random(u64::MAX >> 33), random(u64::MAX >> 33)),
        micros: random(3_000_000),
    })
}

fn bench(bencher: Bencher<'_, '_>, format: &str, line: impl Fn(Request) -> String) {
    let format = match Format::calls(format, &Fields::new()) {
        Ok(format) => format,
        Err(error) => unreachable!("{error}"),
    };
    let lines: Vec<String> = requests().map(line).collect();
    let mut reader = format.reader();
    for line in &lines {
        assert!(reader.read(line.as_bytes()).is_ok(), "{line}");
    }
    bencher
        .counter(BytesCount::new(lines.iter().map(String::len).sum::<usize>()))
        .counter(ItemsCount::new(LINES))
        .bench_local(|| {
            for line in &lines {
                let _ = black_box(reader.read(black_box(line.as_bytes())));
            }
        });
}

fn clf(second: u64) -> String {
    format!("02/Mar/2026:09:{:02}:{:02} +0100", second / 60, second % 60)
}

fn combined(r: &Request) -> String {
    let (time, agent) = (clf(r.second), r.agent);
    format!(
        r#"{} - - [{time}] "POST {} HTTP/1.1" {} {} "https://portail.example/cartes" "{agent}""#,
        r.address, r.target, r.status, r.bytes
    )
}

#[divan::bench]
fn apache_combined(bencher: Bencher<'_, '_>) {
    bench(bencher, "combined", |r| combined(&r));
}

#[divan::bench]
fn apache_with_request_id(bencher: Bencher<'_, '_>) {
    bench(bencher, WITH_ID, |r| format!(r#"{} "{}" {}"#, combined(&r), r.id, r.micros));
}

#[divan::bench]
fn apache_escaped(bencher: Bencher<'_, '_>) {
    bench(bencher, WITH_ID, |r| {
        let line = combined(&r).replace("like Gecko", r#"like \"Gecko\""#);
        format!(r#"{line} "{}" {}"#, r.id, r.micros)
    });
}

#[divan::bench]
fn apache_own_time(bencher: Bencher<'_, '_>) {
    bench(bencher, OWN_TIME, |r| {
        format!(
            r#"{} - - 2026-03-02T09:{:02}:{:02}.{:06}+0100 "GET {} HTTP/1.1" {} {}"#,
            r.address,
            r.second / 60,
            r.second % 60,
            r.micros % 1_000_000,
            r.target,
            r.status,
            r.bytes
        )
    });
}

#[divan::bench]
fn nginx(bencher: Bencher<'_, '_>) {
    bench(bencher, NGINX, |r| {
        let seconds = r.micros as f64 / 1e6;
        format!("{} {} {seconds:.3} 10.0.0.7:8080", combined(&r), r.id)
    });
}

#[divan::bench]
fn nginx_json(bencher: Bencher<'_, '_>) {
    bench(bencher, NGINX_JSON, |r| {
        format!(
            r#"{{"t":{}.{:03},"ip":"{}","r":"GET {} HTTP/2.0","s":{},"b":{},"ua":"{}","id":"{}","d":{:.3},"u":"10.0.0.7:8080"}}"#,
            1_772_439_300 + r.second,
            r.micros % 1000,
            r.address,
            r.target,
            r.status,
            r.bytes,
            r.agent,
            r.id,
            r.micros as f64 / 1e6
        )
    });
}
