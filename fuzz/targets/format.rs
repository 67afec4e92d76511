//! A format's own text, then lines in it: Apache, nginx, regular expressions, nicknames.
#![no_main]

use dolmen_fuzz::{first_line, read_all};
use dolmen_logs::{Fields, Format};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (text, lines) = first_line(data);
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    match Format::calls(text, &Fields::new()) {
        Ok(format) => read_all(&format, lines),
        Err(error) => {
            assert!(error.at.start <= error.at.end && error.at.end <= error.text.len() + 1);
            assert!(!error.to_string().is_empty());
        }
    }
});
