//! What was learned does not depend on the order of calls, nor on how they are cut.

use dolmen_attribution::{LearnedTemplate, Learner, Seen};
use dolmen_model::SetId;
use proptest::prelude::*;

use crate::apis;
use crate::traffic::{Asked, play};

fn see(learner: &mut Learner, call: &Asked) {
    learner.see(Seen {
        method: call.method.as_bytes(),
        path: call.path.as_bytes(),
        status: Some(call.status),
        entered: SetId(call.operation),
        calls: 1,
    });
}

fn learned<'c>(calls: impl Iterator<Item = &'c Asked>) -> Vec<LearnedTemplate> {
    let mut learner = Learner::default();
    calls.for_each(|call| see(&mut learner, call));
    learner.learn()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn neither_order_nor_cuts_leave_a_trace(
        api in 0..10_usize,
        seed in 1..1000_u64,
        step in prop::sample::select(vec![7_usize, 101, 1009]),
        cut in 1..9_usize,
    ) {
        let mut api = apis::all().swap_remove(api);
        api.calls = api.calls.min(3_000);
        let calls = play(&api, seed);
        let whole = learned(calls.iter());
        // Every `step`-th, again and again, is all of them in another order: `step` is a prime.
        let mixed = (0..calls.len()).map(|n| &calls[(n * step) % calls.len()]);
        if !calls.len().is_multiple_of(step) {
            prop_assert_eq!(&learned(mixed), &whole);
        }
        let mut parts: Vec<Learner> = (0..cut).map(|_| Learner::default()).collect();
        for (number, call) in calls.iter().enumerate() {
            see(&mut parts[number * number % cut], call);
        }
        let mut all = Learner::default();
        parts.into_iter().rev().for_each(|part| all.merge(part));
        prop_assert_eq!(&all.learn(), &whole);
    }
}

#[test]
fn a_flood_is_one_parameter_and_bounded() {
    let mut learner = Learner::default();
    let mut see = |path: &str| {
        let (method, entered) = (b"GET".as_slice(), SetId::EMPTY);
        learner.see(Seen { method, path: path.as_bytes(), status: Some(200), entered, calls: 1 });
    };
    for n in 0..50_000_u32 {
        see(&format!("/page/{}x{}y", n % 251, n));
        if n % 10 == 0 {
            see("/page/new");
        }
    }
    let found = learner.learn();
    let paths: Vec<&str> = found.iter().map(|template| template.path.as_str()).collect();
    assert_eq!(paths, ["/page/{value}", "/page/new"]);
    let values = found[0].parameters[0].values;
    assert!((45_000..55_000).contains(&values), "{values}");
}

#[test]
fn what_finds_no_room_is_counted() {
    let mut learner = Learner::default();
    // Two thousand ways, each of two hundred: more than the tree holds.
    for n in 0..400_000_u64 {
        let path = format!("/{}a/b{}c/d", n % 900, n / 900);
        let (method, entered) = (b"GET".as_slice(), SetId::EMPTY);
        learner.see(Seen { method, path: path.as_bytes(), status: None, entered, calls: 1 });
    }
    assert!(learner.left_out() > 0);
    assert!(!learner.learn().is_empty());
}

#[test]
fn a_value_may_have_nothing_below_it_where_many_have() {
    // Half of the users never order, so nothing tells a user who never does from a name.
    let mut learner = Learner::default();
    let mut see = |path: &str| {
        let (method, entered) = (b"GET".as_slice(), SetId::EMPTY);
        learner.see(Seen { method, path: path.as_bytes(), status: Some(200), entered, calls: 1 });
    };
    for user in 0..64_u8 {
        let name: String = [user / 8, user % 8].map(|n| char::from(b'a' + n)).iter().collect();
        for call in 0..36 {
            let orders = user % 2 == 0 && call % 2 == 0;
            see(&format!("/users/{name}na{}", if orders { "/orders" } else { "" }));
        }
    }
    let found = learner.learn();
    let paths: Vec<&str> = found.iter().map(|template| template.path.as_str()).collect();
    assert_eq!(paths, ["/users/{value}", "/users/{value}/orders"]);
}

#[test]
fn what_marks_say_to_be_one_is_one_however_frequent() {
    let mut learner = Learner::default();
    let mut see = |path: &str, operation: u32, calls: u64| {
        let (method, entered) = (b"POST".as_slice(), SetId(operation));
        learner.see(Seen { method, path: path.as_bytes(), status: Some(200), entered, calls });
    };
    for (site, calls) in [("lyon", 300), ("nantes", 40), ("brest", 30), ("lille", 20)] {
        see(&format!("/relais/{site}/depot"), 1, calls);
    }
    see("/virement", 2, 50);
    let found = learner.learn();
    let paths: Vec<&str> = found.iter().map(|template| template.path.as_str()).collect();
    assert_eq!(paths, ["/relais/{value}/depot", "/virement"]);
}

#[test]
fn what_is_not_there_teaches_nothing() {
    let mut learner = Learner::default();
    for n in 0..1_000 {
        let path = format!("/tried-{n}-x");
        let (method, entered) = (b"GET".as_slice(), SetId::EMPTY);
        learner.see(Seen { method, path: path.as_bytes(), status: Some(404), entered, calls: 1 });
    }
    assert_eq!(learner.learn(), []);
}
