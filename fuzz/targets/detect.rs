//! The format found from the lines themselves.
#![no_main]

use dolmen_fuzz::read_all;
use dolmen_logs::Format;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    match Format::detect(data) {
        Ok(format) => read_all(&format, data),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
