//! `cargo xtask bench`: what is measured, by name. A bench of its own gets a module beside this
//! one; a crate's micro-benchmarks need one line here.

mod bus;
mod calls;
mod serve;

pub(crate) use calls::generate;

use anyhow::Result;

use crate::chores::Chore;
use crate::shell;

/// The list that `cargo xtask bench` prints.
pub(crate) const CHORES: &[Chore] = &[
    Chore {
        name: "bus",
        arguments: "[--messages N] [--rounds N] [--peers]",
        about: "messages a second of a worker, beside the raw client on the same broker",
        run: bus::bench,
    },
    Chore {
        name: "calls",
        arguments: "[--lines N,N] [--rounds N] [--peers] [--program FILE]",
        about: "`dolmen report` and `dolmen import` on generated lines, beside what else one would use",
        run: |args| calls::bench(shell::root(), args),
    },
    Chore {
        name: "serve",
        arguments: "[--lines N] [--program FILE]",
        about: "lines a second that `dolmen serve` takes and stores, by kind of source, and its memory",
        run: serve::bench,
    },
    Chore {
        name: "store",
        arguments: "[--calls N] [--days N] [--rounds N]",
        about: "what the console asks of a store: 100 million calls in three years",
        run: |args| crate_benches("dolmen-store", args),
    },
    Chore {
        name: "formats",
        arguments: "[FILTER]",
        about: "log formats: bytes a second on one core",
        run: |args| crate_benches("dolmen-logs", args),
    },
    Chore {
        name: "attribution",
        arguments: "[FILTER]",
        about: "rules and path templates: calls a second on one core",
        run: |args| crate_benches("dolmen-attribution", args),
    },
];

fn crate_benches(package: &str, args: &[String]) -> Result<()> {
    shell::check(shell::cargo().args(["bench", "--package", package, "--benches", "--"]).args(args))
}
