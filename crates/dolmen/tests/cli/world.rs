//! A small world of logs in which everything happens: chains, retries, repeated ids, marks without
//! a call, calls without an id, lines that are none.

use std::collections::BTreeMap;

pub(crate) const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "proxy*.log"
format = '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o" %D'
service = "monolith"

[[source]]
name = "backend"
path = "backend*.log"
behind = "proxy"
format = '%h %l %u %t "%r" %>s %b "%{X-Request-Id}i"'
service = "accounts"

[[source]]
name = "app"
path = "app*.jsonl"
holds = "marks"
format = "json"
fields = { time = "time", request_id = "id", operation = "op", service = "service" }

[[actor]]
name = "web portal"
user_agent = "Portail/*"

[[operation]]
name = "transfer"
path = "/b"
query = { op = "transfer" }
"#;

/// Its files by name.
pub(crate) struct World {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
}

/// Splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

fn clf(millis: u64) -> String {
    let seconds = millis / 1000;
    format!(
        "01/Mar/2026:{:02}:{:02}:{:02} +0000",
        8 + seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut write = |name: &str, line: String| {
            let file = files.entry(name.to_owned()).or_default();
            file.extend_from_slice(line.as_bytes());
            file.push(b'\n');
        };
        for n in 0..260_u64 {
            let millis = n * 500 + dice.below(900);
            // A second file from the middle on, as a rotation leaves it.
            let half = if n < 130 { "1" } else { "2" };
            let id = match dice.below(20) {
                0 => "-".to_owned(),
                1 => "test".to_owned(),
                2 => format!("short-{}", dice.below(8)),
                _ => format!("{:016x}{:016x}", dice.below(u64::MAX), 0x5000 + n),
            };
            let agent = dice.pick(&["Portail/4.2", "curl/7.81.0", "Wget/1.21"]);
            let target = dice.pick(&["/a/17", "/b?op=transfer", "/b?op=block", "/c/d.css"]);
            let status = dice.pick(&["200", "200", "404", "500"]);
            let host = dice.below(9);
            let through_the_proxy = !dice.one_in(12);
            if through_the_proxy {
                let took = 500 + dice.below(40_000);
                let line = format!(
                    r#"10.0.0.{host} - - [{}] "GET {target} HTTP/1.1" {status} {} "-" "{agent}" "{id}" {took}"#,
                    clf(millis),
                    dice.below(5_000),
                );
                write(&format!("proxy-{half}.log"), line);
            }
            if dice.one_in(2) || !through_the_proxy {
                let line = format!(
                    r#"192.168.0.1 - - [{}] "GET {target} HTTP/1.1" {status} 77 "{id}""#,
                    clf(millis + dice.below(1_500)),
                );
                write(&format!("backend-{half}.log"), line);
            }
            for _ in 0..dice.below(3) {
                let id = if dice.one_in(15) { format!("lost-{n}") } else { id.clone() };
                let seconds = (millis + dice.below(700)) / 1000;
                let time = format!(
                    "2026-03-01T{:02}:{:02}:{:02}.{:03}Z",
                    8 + seconds / 3600,
                    seconds / 60 % 60,
                    seconds % 60,
                    dice.below(1000)
                );
                let operation = dice.pick(&["transfer", "card block", "balance"]);
                let service = dice.pick(&["\"cards\"", "\"cards\"", "null"]);
                let line = format!(
                    r#"{{"time":"{time}","id":"{id}","op":"{operation}","service":{service}}}"#
                );
                write(&format!("app-{half}.jsonl"), line);
            }
            if dice.one_in(40) {
                write(&format!("proxy-{half}.log"), format!("no line of any log, {n}"));
            }
        }
        Self { files }
    }
}
