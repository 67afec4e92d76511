//! `cargo xtask bench`: what is measured, by name. A bench of its own gets a module beside this
//! one; a crate's micro-benchmarks need one line here.

mod calls;

pub(crate) use calls::generate;

use anyhow::Result;

use crate::chores::Chore;
use crate::shell;

/// The list that `cargo xtask bench` prints.
pub(crate) const CHORES: &[Chore] = &[
    Chore {
        name: "calls",
        arguments: "[--lines N,N] [--rounds N] [--peers]",
        about: "`dolmen report` on generated lines, beside what else one would use",
        run: |args| calls::bench(shell::root(), args),
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
