//! Paths to templates: once is enough.
#![no_main]

use dolmen_attribution::template;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (mut once, mut twice) = (Vec::new(), Vec::new());
    template(data, &mut once);
    template(&once, &mut twice);
    assert_eq!(once, twice);
});
