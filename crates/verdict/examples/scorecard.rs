//! Prints how well made-up callers and operations are judged, and fails where they are judged worse
//! than they may be: `cargo xtask prove judge`.

#[path = "../tests/simulator/mod.rs"]
mod simulator;

use std::io::Write;
use std::process::ExitCode;

use dolmen_verdict::ALPHA;
use simulator::score;
use simulator::traps::Trap;

/// So many of each class of cadence must be found, and so many of those found must be right.
const FOUND: f64 = 0.95;

fn main() -> std::io::Result<ExitCode> {
    let mut out = std::io::stdout().lock();
    let arguments: Vec<u64> =
        std::env::args().skip(1).filter_map(|text| text.parse().ok()).collect();
    let operations = arguments.first().copied().unwrap_or(1_000);
    let seeds: Vec<u64> = if arguments.len() > 1 { arguments[1..].to_vec() } else { vec![1, 2, 3] };
    let is_loud = std::env::args().any(|text| text == "--early");
    let mut faults = Vec::new();
    for seed in seeds {
        writeln!(out, "seed {seed}")?;
        let cadences = score::cadences(seed, 2_200);
        write!(out, "{cadences}")?;
        for class in cadences.classes() {
            let (precision, recall) = (cadences.precision(class), cadences.recall(class));
            if precision < FOUND || recall < FOUND {
                let what = format!("precision {precision:.3}, recall {recall:.3}");
                faults.push(format!("seed {seed}: {class:?} has {what}: {FOUND} is the least"));
            }
        }
        let fates =
            [("", score::USUAL, 1), ("retired, with forgotten callers: ", score::FORGOTTEN, 4)];
        for (name, fates, part) in fates {
            let score = score::operations(fates, seed, operations / part);
            writeln!(out, "{name}{score}")?;
            if score.early_share() > ALPHA {
                let (early, all) = (score.too_early, score.operations);
                let what = format!("{early} of {all} operations were called safe too early");
                faults.push(format!("seed {seed}: {name}{what}: {ALPHA} of them may be"));
            }
            if is_loud {
                for early in score.early {
                    writeln!(out, "  {early}")?;
                }
            }
        }
        for trap in Trap::ALL {
            let score = trap.played(seed, operations / 10);
            let (name, wrong, all) = (trap.name(), trap.wrong(&score), score.operations);
            writeln!(out, "{name}: {wrong} of {all} called safe before a call came")?;
            if f64::from(wrong) > ALPHA * f64::from(all) {
                faults
                    .push(format!("seed {seed}: {name}: {wrong} of {all}: {ALPHA} of them may be"));
            }
        }
    }
    for fault in &faults {
        writeln!(out, "{fault}")?;
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
