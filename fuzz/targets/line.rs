//! Access log lines in every format that has a nickname: the first byte picks one.
#![no_main]

use std::sync::LazyLock;

use dolmen_fuzz::read_all;
use dolmen_logs::{Fields, Format};

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let texts = [
        "common",
        "combined",
        "vhost_combined",
        "combinedio",
        "haproxy",
        "envoy",
        "alb",
        "traefik",
        "traefik-json",
        "caddy",
        "w3c",
        "json",
        r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o" %D"#,
        r#"%{%Y-%m-%d %H:%M:%S %z}t %a:%{remote}p %A:%p "%m" "%U%q" %{us}T"#,
        r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent $request_time $request_id"#,
    ];
    texts.iter().filter_map(|text| Format::calls(text, &Fields::new()).ok()).collect()
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((&pick, lines)) = data.split_first() {
        read_all(&FORMATS[usize::from(pick) % FORMATS.len()], lines);
    }
});
