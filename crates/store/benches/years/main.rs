//! How fast a store of years answers what the dashboards ask.
//!
//! `cargo xtask bench store [--calls N] [--days N] [--rounds N]`

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints its figures")]

mod ask;
mod build;
mod dice;

use std::time::Instant;

use dolmen_store::{LocalStore, Options, Store};

use ask::{Figures, ask};
use build::{Scale, build};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (mut calls, mut days, mut rounds) = (100_000_000, 1_095, 200);
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    while let Some(arg) = args.next() {
        let number = args.next().ok_or("each option wants a number")?.parse()?;
        match arg.as_str() {
            "--calls" => calls = number,
            "--days" => days = number as i64,
            "--rounds" => rounds = number,
            _ => return Err(format!("unknown option {arg}: --calls, --days, --rounds").into()),
        }
    }
    let folder = tempfile::tempdir()?;
    let scale = Scale { calls, days };
    let started = Instant::now();
    let built = build(&LocalStore::open(folder.path(), Options::default())?, scale)?;
    println!("{built}\nbuilt in {:.0?}", started.elapsed());
    let store = LocalStore::open_read(folder.path(), Options::default())?;
    let status = store.status()?;
    println!(
        "catalog {:.0} MB; {}",
        status.catalog_bytes as f64 / 1e6,
        status
            .segments
            .iter()
            .map(|s| format!("{} segments of {}: {} rows", s.segments, s.kind, s.rows))
            .collect::<Vec<_>>()
            .join("; ")
    );
    println!("{:<58} {:>6} {:>9} {:>9} {:>9}", "question", "asked", "median", "p99", "longest");
    for Figures { question, mut times, .. } in ask(&store, scale, rounds)? {
        times.sort_unstable();
        let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
        let shown =
            [0.5, 0.99, 1.0].map(|share| format!("{:>6.1} ms", at(share).as_secs_f64() * 1e3));
        println!("{question:<58} {:>6} {}", times.len(), shown.join(" "));
    }
    Ok(())
}
