//! The language of `--where`: what parses prints to something that parses to the same.
#![no_main]

use dolmen_model::query::Query;

libfuzzer_sys::fuzz_target!(|text: &str| {
    match Query::parse(text) {
        Ok(query) => assert_eq!(Query::parse(&query.to_string()).as_ref(), Ok(&query)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
