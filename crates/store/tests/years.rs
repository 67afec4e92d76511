//! The bench of a store of years, short: what it asks is answered, and right.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../benches/years/ask.rs"]
mod ask;
#[path = "../benches/years/build.rs"]
mod build;
#[path = "../benches/years/dice.rs"]
mod dice;

use dolmen_store::{LocalStore, Options};

#[test]
fn a_store_of_forty_days_answers_every_question() {
    let folder = tempfile::tempdir().unwrap();
    let scale = build::Scale { calls: 30_000, days: 40 };
    let built = build::build(&LocalStore::open(folder.path(), Options::default()).unwrap(), scale);
    assert_eq!(built.unwrap().calls, scale.calls);
    let store = LocalStore::open_read(folder.path(), Options::default()).unwrap();
    assert_eq!(store.verify(|_, _| {}).unwrap().problems, Vec::<String>::new());
    let figures = ask::ask(&store, scale, 3).unwrap();
    assert!(figures.len() > 15);
    for figure in &figures {
        assert_eq!(figure.times.len(), 3, "{}", figure.question);
        // Lines are a sample: before an instant by chance there may be none.
        let may_be_none = figure.question.contains("before any instant");
        assert!(figure.calls > 0 || may_be_none, "{} has no answer", figure.question);
        if figure.question.ends_with("all of time") && figure.question.contains("panel") {
            assert_eq!(figure.calls, 3 * scale.calls, "{}", figure.question);
        }
    }
}
