use proptest::prelude::*;

use super::printing::query;
use crate::query::{Known, Query};

fn exactly(holds: bool) -> Known {
    if holds { Known::Always } else { Known::Never }
}

proptest! {
    #[test]
    fn what_holds_is_never_skipped(text in query(), answers: u32, is_known: u32) {
        if let Ok(query) = Query::parse(&text) {
            let answer = |atom: usize| answers >> atom & 1 == 1;
            let known = |atom: usize| match is_known >> atom & 1 {
                1 => exactly(answer(atom)),
                _ => Known::Perhaps,
            };
            let holds = query.holds(answer);
            prop_assert!(!holds || query.may_hold(known), "{}", text);
            let exact = query.may_hold(|atom| exactly(answer(atom)));
            prop_assert_eq!(exact, holds, "{}", text);
        }
    }
}

#[test]
fn one_condition_may_decide() {
    let query = Query::parse("service:a and not status>=500").unwrap();
    let may = |service, status| query.may_hold(|atom| [service, status][atom]);
    assert!(may(Known::Perhaps, Known::Never));
    assert!(!may(Known::Never, Known::Perhaps));
    assert!(!may(Known::Perhaps, Known::Always));
}
