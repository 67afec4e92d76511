//! `dolmen bus`: messages between services, from a person's side.
//!
//! Every command opens the same `Bus` (`open`); `publish` and `work` are a producer's and a
//! service's side, the others look and act on what is there. What is shown is in `render::bus`.

mod aside;
mod decide;
mod failed;
mod new;
pub(super) mod open;
mod publish;
mod row;
mod setup;
mod status;
mod trace;
mod unrouted;
mod waiting;
mod work;

use std::future::Future;
use std::io::Write;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use serde::Serialize;

pub(crate) use self::failed::{FailedRow, Foreign};
pub(crate) use self::row::MessageRow;
pub(crate) use self::status::Status;
pub(crate) use self::trace::{TraceRow, row as trace_row};
pub(crate) use self::unrouted::UnroutedRow;
pub(crate) use self::waiting::WaitingRow;
pub(crate) use self::work::Worked;
use super::Context;
use crate::exit::Exit;
use crate::terminal;

/// Exchange messages between services, and see what became of them
///
/// A producer publishes a message under a routing key; every service that listens to it gets its
/// own copy. A service that fails gets its message again later, and no other does. The bus is one
/// file, or a RabbitMQ: `[bus]` in the configuration, or --bus, says which.
#[derive(Debug, Subcommand)]
#[command(after_help = FIRST)]
pub(crate) enum BusCommand {
    Setup(setup::SetupArgs),
    Publish(publish::PublishArgs),
    Work(work::WorkArgs),
    Status(status::StatusArgs),
    Waiting(waiting::WaitingArgs),
    Failed(failed::FailedArgs),
    Unrouted(unrouted::UnroutedArgs),
    Retry(decide::RetryArgs),
    Forward(decide::ForwardArgs),
    Discard(decide::DiscardArgs),
    Trace(trace::TraceArgs),
    New(new::NewArgs),
}

const FIRST: &str =
    "A first message, on one machine, with nothing configured (a service, a message, and
the service gets it):
  dolmen bus work --service hello --listen 'greetings.#' --exec cat --until-idle
  dolmen bus publish greetings.morning --data '{\"to\": \"you\"}'
  dolmen bus work --service hello --exec cat --until-idle";

pub(crate) fn run(command: BusCommand, context: &Context) -> anyhow::Result<Exit> {
    match command {
        BusCommand::Setup(args) => block_on(setup::run(args, context)),
        BusCommand::Publish(args) => block_on(publish::run(args, context)),
        BusCommand::Work(args) => block_on(work::run(args, context)),
        BusCommand::Status(args) => block_on(status::run(args, context)),
        BusCommand::Waiting(args) => block_on(waiting::run(args, context)),
        BusCommand::Failed(args) => block_on(failed::run(args, context)),
        BusCommand::Unrouted(args) => block_on(unrouted::run(args, context)),
        BusCommand::Retry(args) => block_on(decide::retry(args, context)),
        BusCommand::Forward(args) => block_on(decide::forward(args, context)),
        BusCommand::Discard(args) => block_on(decide::discard(args, context)),
        BusCommand::Trace(args) => block_on(trace::run(args, context)),
        BusCommand::New(args) => new::run(args),
    }
}

/// How long what is under way may take to end when a command does.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("failed to start the runtime")?;
    let result = runtime.block_on(work);
    // Programs that handle messages end with their tasks, before us: theirs are delivered again.
    // Reading standard input cannot be broken off; nobody waits for it longer.
    runtime.shutdown_timeout(LAST_WORDS);
    result
}

/// Prints an answer for programs.
fn print_json(answer: &impl Serialize) -> anyhow::Result<()> {
    let mut out = terminal::stdout();
    serde_json::to_writer_pretty(&mut out, answer)?;
    writeln!(out)?;
    Ok(out.flush()?)
}

/// Says something beside the answer.
fn note(text: &str) {
    // Nobody is left to tell if even this fails.
    let _ = writeln!(std::io::stderr().lock(), "dolmen: {text}");
}
