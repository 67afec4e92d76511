//! How fast one core reads lines of the structured formats: `cargo bench -p dolmen-logs`.

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use dolmen_logs::{Fields, Format};

fn main() {
    divan::main();
}

const MARK: &str = r#"{"time":"2026-03-02T09:15:00.250Z","level":"info","request_id":"6f1c0a5b7d3e4f21a0b9c8d7e6f50413","operation":"card block","service":"monolith"}"#;
const NGINX: &str = r#"{"time_iso8601":"2026-03-02T08:15:00+00:00","remote_addr":"10.0.0.9","remote_user":"","request_method":"POST","request_uri":"/api/card/1/block/2","server_protocol":"HTTP/1.1","status":"200","body_bytes_sent":"512","request_time":"0.012","http_referer":"","http_user_agent":"PortailWeb/4.2","request_id":"6f1c0a5b7d3e4f21a0b9c8d7e6f50413"}"#;
const CADDY: &str = r#"{"level":"info","ts":1772439300.1234567,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"10.0.0.9","remote_port":"41342","client_ip":"10.0.0.9","proto":"HTTP/2.0","method":"GET","host":"bank.example","uri":"/api/card/1/block/2","headers":{"User-Agent":["PortailWeb/4.2"],"Accept":["*/*"],"X-Request-Id":["6f1c0a5b7d3e4f21"]},"tls":{"resumed":false,"version":772,"cipher_suite":4865,"proto":"h2","server_name":"bank.example"}},"bytes_read":0,"user_id":"","duration":0.000929675,"size":10900,"status":200,"resp_headers":{"Server":["Caddy"],"Content-Type":["text/html; charset=utf-8"]}}"#;

const HAPROXY: &str = r#"Mar  2 08:15:00 lb haproxy[14389]: 10.0.0.9:33317 [02/Mar/2026:08:15:00.655] https-in~ cards/s1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "POST /api/card/1/block/2 HTTP/1.1""#;
const ENVOY: &str = r#"[2026-03-02T08:15:00.310Z] "POST /api/card/1/block/2 HTTP/2" 204 - 154 12 226 100 "10.0.0.9" "PortailWeb/4.2" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "bank.example" "10.0.2.1:80""#;
const COMBINED: &str = r#"10.0.0.9 - - [02/Mar/2026:08:15:00 +0000] "POST /api/card/1/block/2 HTTP/1.1" 200 512 "-" "PortailWeb/4.2" "6f1c0a5b7d3e4f21a0b9c8d7e6f50413" 1250"#;
const GARBAGE: &str = "at org.bank.cards.Block.enter(Block.java:42) ~[cards.jar:4.2]";

fn read(bencher: Bencher<'_, '_>, format: &Format, line: &str) {
    let mut reader = format.reader();
    assert!(reader.read(line.as_bytes()).is_ok(), "{line}");
    bencher
        .counter(BytesCount::of_str(line))
        .bench_local(|| black_box(reader.read(black_box(line.as_bytes()))).is_ok());
}

fn calls(name: &str) -> Format {
    match Format::calls(name, &Fields::new()) {
        Ok(format) => format,
        Err(error) => unreachable!("{error}"),
    }
}

fn detected(line: &str) -> Format {
    match Format::detect(line.as_bytes()) {
        Ok(format) => format,
        Err(error) => unreachable!("{error}"),
    }
}

fn marks() -> Format {
    match Format::marks("json", &Fields::new()) {
        Ok(format) => format,
        Err(error) => unreachable!("{error}"),
    }
}

#[divan::bench]
fn json_mark(bencher: Bencher<'_, '_>) {
    read(bencher, &marks(), MARK);
}

#[divan::bench]
fn json_call(bencher: Bencher<'_, '_>) {
    read(bencher, &calls("json"), NGINX);
}

#[divan::bench]
fn caddy(bencher: Bencher<'_, '_>) {
    read(bencher, &calls("caddy"), CADDY);
}

#[divan::bench]
fn haproxy(bencher: Bencher<'_, '_>) {
    read(bencher, &calls("haproxy"), HAPROXY);
}

#[divan::bench]
fn envoy(bencher: Bencher<'_, '_>) {
    read(bencher, &calls("envoy"), ENVOY);
}

/// What finding the format by itself adds.
#[divan::bench]
fn auto(bencher: Bencher<'_, '_>) {
    read(bencher, &detected(COMBINED), COMBINED);
}

/// A line that no format reads, after all were tried.
#[divan::bench]
fn auto_garbage(bencher: Bencher<'_, '_>) {
    let format = detected(COMBINED);
    let mut reader = format.reader();
    bencher
        .counter(BytesCount::of_str(GARBAGE))
        .bench_local(|| black_box(reader.read(black_box(GARBAGE.as_bytes()))).is_err());
}

/// Finding the format of 500 lines.
#[divan::bench]
fn detect(bencher: Bencher<'_, '_>) {
    let sample = format!("{COMBINED}\n").repeat(500);
    bencher.bench_local(|| black_box(Format::detect(black_box(sample.as_bytes()))).is_ok());
}
