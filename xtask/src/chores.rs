//! Chores that have names of their own: benches and proofs.

use std::process::ExitCode;

use anyhow::{Result, bail};

/// One of them.
pub(crate) struct Chore {
    /// What one types.
    pub(crate) name: &'static str,
    /// Its arguments, as the list shows them.
    pub(crate) arguments: &'static str,
    /// What it does, in one line.
    pub(crate) about: &'static str,
    /// Does it.
    pub(crate) run: fn(&[String]) -> Result<()>,
}

/// Runs the chore that the first argument names; without one, lists them.
pub(crate) fn run(verb: &str, chores: &[Chore], args: &[String]) -> Result<ExitCode> {
    let Some((name, args)) = args.split_first() else {
        match chores.is_empty() {
            true => println!("there is nothing to {verb} yet"),
            false => println!("{}", list(verb, chores)),
        }
        return Ok(ExitCode::SUCCESS);
    };
    match chores.iter().find(|chore| chore.name == name) {
        Some(chore) => (chore.run)(args).map(|()| ExitCode::SUCCESS),
        None => bail!("there is no {verb} called {name:?}; there are:\n{}", list(verb, chores)),
    }
}

fn list(verb: &str, chores: &[Chore]) -> String {
    let calls = chores.iter().map(|chore| format!("{} {}", chore.name, chore.arguments));
    let calls: Vec<String> = calls.map(|call| call.trim_end().to_owned()).collect();
    let width = calls.iter().map(String::len).max().unwrap_or(0);
    let lines = calls.iter().zip(chores);
    let lines =
        lines.map(|(call, chore)| format!("  cargo xtask {verb} {call:width$}  {}", chore.about));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: [Chore; 2] = [
        Chore { name: "calls", arguments: "[--peers]", about: "lines", run: |_| Ok(()) },
        Chore { name: "bus", arguments: "", about: "messages", run: |_| bail!("no broker") },
    ];

    fn ran(args: &[&str]) -> Result<ExitCode, String> {
        let args: Vec<String> = args.iter().copied().map(str::to_owned).collect();
        run("bench", &TWO, &args).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_list_is_aligned() {
        let lines = [
            "  cargo xtask bench calls [--peers]  lines",
            "  cargo xtask bench bus              messages",
        ];
        assert_eq!(list("bench", &TWO), lines.join("\n"));
    }

    #[test]
    fn a_name_runs_its_chore_and_an_unknown_one_shows_the_list() {
        assert_eq!(ran(&["calls"]), Ok(ExitCode::SUCCESS));
        assert_eq!(ran(&["bus"]), Err("no broker".to_owned()));
        assert!(ran(&["cals"]).is_err_and(|error| error.contains("calls [--peers]")));
    }
}
