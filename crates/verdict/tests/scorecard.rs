//! A short form of `cargo xtask prove judge`.

mod simulator;

use dolmen_verdict::ALPHA;
use simulator::score;
use simulator::traps::Trap;

#[test]
fn classes_of_cadence_are_found_and_not_made_up() {
    let score = score::cadences(7, 440);
    let (mut precise, mut found) = (0.0, 0.0);
    for class in score.classes() {
        precise += score.precision(class);
        found += score.recall(class);
        // Of forty callers a class, two may be missed or mistaken.
        assert!(score.precision(class) >= 0.88, "{class:?}\n{score}");
        assert!(score.recall(class) >= 0.88, "{class:?}\n{score}");
    }
    let classes = score.classes().len() as f64;
    assert!(precise / classes >= 0.95 && found / classes >= 0.95, "{score}");
}

#[test]
fn hardly_an_operation_is_called_safe_before_its_last_call() {
    let score = score::operations(score::USUAL, 7, 60, ALPHA);
    println!("{score}");
    assert_eq!(score.operations, 60);
    assert!(score.early_share() <= ALPHA, "{score}{:#?}", score.early);
    assert!(score.found * 10 >= score.ended * 3, "{score}");
    // Callers of one day alone.
    assert!(score.never * 4 <= score.ended, "{score}");
}

#[test]
fn hardly_a_trap_is_called_safe_before_its_last_call() {
    for trap in Trap::ALL {
        // Luck plays a part where nothing else does.
        let number = if matches!(trap, Trap::GoesOn | Trap::Declared) { 60 } else { 20 };
        let score = trap.played(7, number, ALPHA);
        let (name, wrong) = (trap.name(), trap.wrong(&score));
        println!("{name}: {wrong} of {number}");
        let share = f64::from(wrong) / number as f64;
        assert!(share <= ALPHA, "{name}: {score}{:#?}", score.early);
    }
}
