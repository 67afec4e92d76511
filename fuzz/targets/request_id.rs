//! Values of request id headers.
#![no_main]

use dolmen_logs::{RequestId, RequestIdKind};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    for header in ["x-request-id", "traceparent", "x-amzn-trace-id"] {
        if let RequestId::Is(id) = RequestIdKind::of_header(header).map_or(RequestId::NotLogged, |kind| kind.extract(data)) {
            assert!(!id.is_empty() && id.len() <= data.len());
        }
    }
});
