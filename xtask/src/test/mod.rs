//! `cargo xtask test`: every check and every test, and one line that counts them.

mod count;
mod packages;

use std::io::{self, BufReader};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::{shell, tidy, ui};
use count::Count;

/// Installs what is missing, then runs all, also after a failure: whoever breaks two things should
/// hear of both. The last line is `N passed, N failed`, and `, N skipped` if any were; each check
/// counts as one.
pub(crate) fn run() -> Result<ExitCode> {
    packages::install_missing()?;
    let mut count = Count::default();
    tally(&mut count, "formatting", || {
        shell::check(shell::cargo().args(["fmt", "--all", "--check"]))
    });
    page(&mut count);
    tally(&mut count, "lints", lints);
    tests(&mut count)?;
    tally(&mut count, "documentation", documentation);
    tally(&mut count, "tidy", tidy::check);
    for (tool, args) in OPTIONAL {
        if shell::find(tool).is_some() {
            let run = || shell::check(Command::new(tool).args(args).current_dir(shell::root()));
            tally(&mut count, tool, run);
        } else {
            println!("{tool} skipped: it is not installed");
            count.skipped += 1;
        }
    }
    println!("{count}");
    Ok(if count.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tools that are not on a fresh machine; advisories would need the network.
const OPTIONAL: [(&str, &[&str]); 2] =
    [("cargo-deny", &["check", "bans", "licenses", "sources"]), ("typos", &[])];

fn tally(count: &mut Count, name: &str, check: impl FnOnce() -> Result<()>) {
    eprintln!("== {name}");
    match check() {
        Ok(()) => count.passed += 1,
        Err(error) => {
            println!("{name} failed: {error:#}");
            count.failed += 1;
        }
    }
}

/// The console's page. It comes before the program, which embeds it.
fn page(count: &mut Count) {
    tally(count, "page", ui::build);
    tally(count, "types of the page", ui::check_types);
    for (name, run) in [
        ("tests of the page", ui::test as fn() -> Result<ui::Counted>),
        ("the page in a browser", ui::test_in_browser),
        ("the program's page in a browser", ui::test_program_in_browser),
    ] {
        eprintln!("== {name}");
        match run() {
            Ok(counted) => {
                count.passed += counted.passed;
                count.failed += counted.failed;
                count.skipped += counted.skipped;
            }
            Err(error) => {
                println!("{name} failed: {error:#}");
                count.failed += 1;
            }
        }
    }
}

fn lints() -> Result<()> {
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    shell::check(shell::cargo().args(clippy))
}

fn documentation() -> Result<()> {
    let mut cargo = shell::cargo();
    cargo.args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings");
    shell::check(&mut cargo)
}

fn tests(count: &mut Count) -> Result<()> {
    eprintln!("== tests");
    let mut cargo = shell::cargo();
    cargo.args(["test", "--workspace", "--no-fail-fast", "--", "--show-output"]);
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("failed to run cargo test")?;
    let output = child.stdout.take().context("cargo test has no output")?;
    let counted = count::copy(BufReader::new(output), io::stdout().lock())?;
    let status = child.wait()?;
    count.passed += counted.passed;
    count.failed += counted.failed;
    count.skipped += counted.skipped;
    if !status.success() && counted.failed == 0 {
        println!("cargo test failed before it could count: {status}");
        count.failed += 1;
    }
    Ok(())
}
