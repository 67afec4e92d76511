//! The binary: arguments become settings, settings become one command.
//!
//! What was typed (`args`, the `Args` of each command) and what is ready to be used (`settings`,
//! the request a command builds) are two types. Each command is one file under `commands`; it
//! reads, asks a library, and hands the answer to `render`. Exit codes are in `exit`.

mod args;
mod commands;
mod exit;
mod handover;
mod proxy;
mod render;
mod settings;
mod stories;
mod terminal;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::args::Args;
use crate::commands::Context;
use crate::exit::Exit;
use crate::terminal::Terminal;

fn main() -> ExitCode {
    let Args { common, command } = match Args::try_parse() {
        Ok(args) => args,
        Err(message) => return answer(&message),
    };
    let context = Context { terminal: Terminal::find(common.color), config: common.config };
    let exit = command.run(&context).unwrap_or_else(|error| {
        let exit = exit::code_of(&error);
        if !exit::is_broken_pipe(&error) {
            complain(&error);
        }
        exit
    });
    exit.into()
}

/// What the parser of arguments says: help that was asked for, or what is wrong, in the manner of
/// our own errors.
fn answer(message: &clap::Error) -> ExitCode {
    if matches!(message.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // As below: a reader that went away wants no more.
        let _ = message.print();
        return Exit::Done.into();
    }
    let text = message.render().to_string();
    let text = match text.strip_prefix("error: ") {
        Some(error) => format!("dolmen: {error}"),
        // Help that nobody asked for: nothing was typed.
        None => text,
    };
    let _ = writeln!(std::io::stderr().lock(), "{}", text.trim_end());
    Exit::Wrong.into()
}

/// Prints an error: what failed, and why, and why that.
fn complain(error: &anyhow::Error) {
    // Nobody is left to tell if even this fails.
    let _ = writeln!(std::io::stderr().lock(), "dolmen: {error:#}");
}
