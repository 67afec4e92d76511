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
