//! Chores of the project: `cargo xtask demo|test|ui|release|tidy|bench|prove`.
//!
//! Nothing here is part of the product; everything here is what a person would otherwise have to
//! remember. It must build fast on a fresh machine, so it parses its few arguments by hand.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "chores speak to a person")]

mod bench;
mod chores;
mod demo;
mod prove;
mod release;
mod shell;
mod test;
mod tidy;
mod ui;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask demo [ARGS]         build everything and play the stories; ARGS go to `dolmen demo`
cargo xtask test                install what is missing, run every check and test, count them
cargo xtask ui [--pictures]     build the console's page, where its sources are newer; take its pictures for the docs
cargo xtask release             build the program by profile: the fastest one
cargo xtask tidy                what style demands of the tree
cargo xtask bench [NAME [ARGS]] measure; without a name, what can be measured
cargo xtask prove [NAME [ARGS]] proofs too slow for every day; without a name, which there are";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<ExitCode> {
    let Some((chore, args)) = args.split_first() else {
        println!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    };
    match chore.as_str() {
        "demo" => demo::run(args),
        "test" => alone(args).and_then(|()| test::run()),
        "ui" => ui::run(args),
        "release" => alone(args).and_then(|()| release::run()),
        "tidy" => alone(args).and_then(|()| tidy::run()),
        "bench" => chores::run("bench", bench::CHORES, args),
        "prove" => chores::run("prove", prove::CHORES, args),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("no chore is called {chore:?}\n{HELP}"),
    }
}

fn alone(args: &[String]) -> Result<()> {
    match args.first() {
        Some(arg) => bail!("takes no arguments, and got {arg:?}"),
        None => Ok(()),
    }
}
