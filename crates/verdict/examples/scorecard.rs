//! Prints how well made-up callers and operations are judged, and fails where they are judged worse
//! than they may be: `cargo xtask prove judge`.

#[path = "../tests/simulator/mod.rs"]
mod simulator;

use std::io::{self, Write};
use std::process::ExitCode;

use dolmen_verdict::ALPHA;
use simulator::score;
use simulator::traps::Trap;

/// So many of each class of cadence must be found, and so many of those found must be right.
const FOUND: f64 = 0.95;
/// A chance of error that somebody may ask for instead.
const STRICT: f64 = 0.01;

fn main() -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
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
        let mut card = Card { out: &mut out, faults: &mut faults, seed, operations, is_loud };
        card.print(
            ALPHA,
            &[("usual", score::USUAL, 1), ("forgotten", score::FORGOTTEN, 4)],
            &Trap::ALL,
        )?;
        card.print(STRICT, &[("usual", score::USUAL, 1)], &Trap::LUCK)?;
    }
    for fault in &faults {
        writeln!(out, "{fault}")?;
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How seldom safe is said too early.
struct Card<'c> {
    out: &'c mut dyn Write,
    faults: &'c mut Vec<String>,
    seed: u64,
    operations: u64,
    is_loud: bool,
}

impl Card<'_> {
    /// Where so much chance of an error is allowed: operations that end like this, each an n-th of the
    /// number that was asked for, and these traps.
    fn print(
        &mut self,
        alpha: f64,
        all: &[(&str, score::Fates, u64)],
        traps: &[Trap],
    ) -> io::Result<()> {
        let Self { seed, operations, .. } = *self;
        for (name, fates, part) in all {
            let score = score::operations(*fates, seed, operations / part, alpha);
            writeln!(self.out, "alpha {alpha}, {name}: {score}")?;
            self.tell(&score)?;
            self.hold(name, score.too_early, score.operations, alpha);
        }
        for trap in traps {
            let score = trap.played(seed, operations / 10, alpha);
            let (name, wrong, all) = (trap.name(), trap.wrong(&score), score.operations);
            writeln!(
                self.out,
                "alpha {alpha}, {name}: {wrong} of {all} called safe before a call came"
            )?;
            self.tell(&score)?;
            self.hold(name, wrong, all, alpha);
        }
        Ok(())
    }

    fn tell(&mut self, score: &score::Operations) -> io::Result<()> {
        for early in score.early.iter().filter(|_| self.is_loud) {
            writeln!(self.out, "  {early}")?;
        }
        Ok(())
    }

    fn hold(&mut self, name: &str, wrong: u32, all: u32, alpha: f64) {
        if f64::from(wrong) > alpha * f64::from(all) {
            let what = format!("{wrong} of {all} were called safe too early");
            self.faults.push(format!("seed {}: {name}: {what}: {alpha} may be", self.seed));
        }
    }
}
