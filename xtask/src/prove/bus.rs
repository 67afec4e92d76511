//! `cargo xtask prove bus`: the bus's promises in numbers, on a RabbitMQ of its own.
//!
//! The proofs are tests, which are short every day; here they are long. What they print becomes
//! one table. One that stands still ends itself, and what was proved before it is shown.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::shell::{cargo, check};

/// What each proof says of itself begins so.
const ROW: &str = "proof: ";

/// Runs all proofs, or those whose names hold the one argument.
pub(crate) fn prove(args: &[String]) -> Result<()> {
    let filter = match args {
        [] => None,
        [name] if !name.starts_with('-') => Some(name),
        _ => bail!("known: [NAME], the name of a proof or a part of it"),
    };
    let started = Instant::now();
    let mut command = cargo();
    // The whole workspace, so that what was built for its tests is not built again.
    command.args(["test", "--quiet", "--workspace", "--test", "proof", "--"]);
    // One after the other: each wants the broker for itself.
    command.args(filter).args(["--nocapture", "--test-threads", "1"]);
    command.env("DOLMEN_PROOF", "long");
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo")?;
    let out = child.stdout.take().context("cargo has no standard output")?;
    let mut rows = Vec::new();
    for line in BufReader::new(out).lines() {
        let line = line?;
        // The name of a test may stand before it.
        if let Some(at) = line.find(ROW) {
            println!("{:>6.0} s  {}", started.elapsed().as_secs_f64(), &line[at + ROW.len()..]);
            rows.push(Row::read(&line[at + ROW.len()..]));
        }
    }
    let status = child.wait()?;
    if !rows.is_empty() {
        println!("\n{}", table(&rows));
    }
    ensure!(status.success(), "a proof failed");
    ensure!(!rows.is_empty(), "no proof ran: is RabbitMQ installed, and the name right?");
    if filter.is_none() {
        println!("the rule of ten, in its own half hours, under a clock that is held:");
        check(cargo().args(["test", "--quiet", "--workspace", "--test", "story"]))?;
    }
    Ok(())
}

/// One line of the table.
struct Row {
    what: String,
    numbers: [String; 4],
    lateness: String,
}

impl Row {
    /// `WHAT: N sent, N handled, N duplicates, N lost, late by …`
    fn read(text: &str) -> Self {
        let (what, rest) = text.rsplit_once(": ").unwrap_or((text, ""));
        let mut parts = rest.splitn(5, ", ");
        let numbers = [(); 4].map(|()| {
            let words = parts.next().unwrap_or_default();
            words.split(' ').next().unwrap_or_default().to_owned()
        });
        let lateness = parts.next().unwrap_or_default().trim_start_matches("late by ").to_owned();
        Self { what: what.to_owned(), numbers, lateness }
    }
}

fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.what.chars().count()).max().unwrap_or(0);
    let line = |what: &str, numbers: [&str; 4], lateness: &str| {
        let [sent, handled, duplicates, lost] = numbers;
        let line = format!(
            "{what:width$}  {sent:>7}  {handled:>7}  {duplicates:>10}  {lost:>4}  {lateness}"
        );
        line.trim_end().to_owned()
    };
    let head = line("", ["sent", "handled", "duplicates", "lost"], "late by");
    let lines = rows.iter().map(|row| {
        let numbers = row.numbers.each_ref().map(String::as_str);
        line(&row.what, numbers, &row.lateness)
    });
    [head].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proofs_say_becomes_a_table() {
        let rows = [
            "waits of 1 to 60 s, 0 early: 10 sent, 11 handled, 1 duplicates, 0 lost, late by 3 ms \
             at p50, 9 at p99, 12 at most",
            "a: 5 sent, 5 handled, 0 duplicates, 0 lost",
        ]
        .map(Row::read);
        let lines = [
            "                                sent  handled  duplicates  lost  late by",
            "waits of 1 to 60 s, 0 early       10       11           1     0  3 ms at p50, 9 at p99, 12 at most",
            "a                                  5        5           0     0",
        ];
        assert_eq!(table(&rows), lines.join("\n"));
    }
}
