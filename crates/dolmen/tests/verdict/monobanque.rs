//! The bank's years, as they would have been judged on the days of the story.

use serde_json::Value;

use crate::place::{Place, of, reasons};

fn caller<'v>(verdict: &'v Value, agent: &str) -> &'v Value {
    let mut callers = verdict["callers"].as_array().unwrap().iter();
    callers.find(|one| one["user_agent"] == agent).unwrap_or(&Value::Null)
}

#[test]
fn a_quiet_week_is_no_proof_against_a_monthly_script() {
    let place = Place::new();
    place.ends(0, &["demo", "--story", "monobanque", "--no-console", "--dir", "bank"]);
    let at = |at: &str, operation: &str| {
        let asked =
            ["--config", "bank/months.toml", "--store", "bank/store", "--at", at, operation];
        let verdicts = place.verdicts(&asked);
        of(&verdicts, operation).clone()
    };

    // The day on which the last known actor had left, and a quiet week later.
    for day in ["2023-05-10", "2023-05-17"] {
        let moved = at(day, "external transfer");
        assert_eq!(moved["is_safe"], false, "{day}: {}", reasons(&moved));
        let script = caller(&moved, "Python-urllib/3.9");
        assert_eq!(script["address"], "10.1.9.63");
        assert!(script["p_alive"].as_f64().unwrap() > 0.2, "{script}");
    }

    // It came on the first of June, for the third time: residual, and its rhythm is known.
    let residual = at("2023-06-02", "external transfer");
    assert_eq!(residual["state"], "residual", "{}", reasons(&residual));
    let script = caller(&residual, "Python-urllib/3.9");
    assert_eq!(script["cadence"], "1st day of the month at 06:15", "{script}");
    assert_eq!(script["certainty"], "suspected");
    assert!(script["next_expected"].as_str().unwrap().starts_with("2023-07-01T04:15"));
    let safe_on = residual["safe_on"].as_str().unwrap().to_owned();
    assert!(safe_on.as_str() > "2023-12-31", "a year's end is watched first: {safe_on}");

    // From the day that was said then it is proof, because nobody came.
    let proven = at(&safe_on, "external transfer");
    assert_eq!(proven["state"], "retired", "{}", reasons(&proven));
    let before = at("2023-12-31", "external transfer");
    assert_eq!(before["state"], "residual");

    // Internal transfers are still called while external ones move.
    assert_eq!(at("2023-05-17", "internal transfer")["state"], "in_use");

    // At the end all are proven, but for the computer in the cupboard.
    let asked = ["--config", "bank/months.toml", "--store", "bank/store"];
    let end = place.verdicts(&asked);
    for operation in
        ["internal transfer", "external transfer", "balance and movements", "card ceiling"]
    {
        let verdict = of(&end, operation);
        assert_eq!(verdict["state"], "retired", "{operation}: {}", reasons(verdict));
    }
    let block = of(&end, "card block");
    assert_eq!(block["state"], "residual", "{}", reasons(block));
    assert!(reasons(block).contains("10.20.31.19"), "{}", reasons(block));
    assert_eq!(end["is_safe"], false);
}
