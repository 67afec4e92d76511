//! Application log lines: JSON, and a regular expression.
#![no_main]

use std::sync::LazyLock;

use dolmen_fuzz::read_all;
use dolmen_logs::{Fields, Format};

static FORMATS: LazyLock<Vec<Format>> = LazyLock::new(|| {
    let texts = ["json", r"^(?<time>\S+) \[(?<request_id>[^\]]*)\] entering (?<operation>.+)$"];
    texts.iter().filter_map(|text| Format::marks(text, &Fields::new()).ok()).collect()
});

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    FORMATS.iter().for_each(|format| read_all(format, data));
});
