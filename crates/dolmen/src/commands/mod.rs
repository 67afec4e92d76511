//! The commands, one file each: what may be typed, and what is then done.

mod api;
pub(crate) mod bus;
mod calls;
mod completions;
mod config;
mod demo;
mod import;
mod journal;
mod man;
mod proxy;
mod report;
mod rules;
mod serve;
mod store;
mod verdict;
mod watch;

use std::path::PathBuf;

use clap::Subcommand;
use dolmen_model::Language;

use crate::exit::Exit;
use crate::terminal::Terminal;

/// What every command has at hand.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) terminal: Terminal,
    /// `--config`, as typed.
    pub(crate) config: Option<PathBuf>,
}

/// `--lang`, as typed.
fn language(tag: &str) -> Result<Language, String> {
    Language::of_tag(tag).ok_or_else(|| "write `en` or `fr`".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::DemoArgs),
    Report(report::ReportArgs),
    Serve(serve::ServeArgs),
    Import(import::ImportArgs),
    Calls(calls::CallsArgs),
    Verdict(verdict::VerdictArgs),
    #[command(subcommand)]
    Watch(watch::WatchCommand),
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    #[command(subcommand)]
    Store(store::command::StoreCommand),
    Proxy(proxy::ProxyArgs),
    #[command(subcommand)]
    Bus(bus::BusCommand),
    #[command(subcommand)]
    Config(config::ConfigCommand),
    Api(api::ApiArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Command {
    pub(crate) fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self {
            Self::Demo(args) => demo::run(args, context),
            Self::Report(args) => report::run(args, context),
            Self::Serve(args) => serve::run(args, context),
            Self::Import(args) => import::run(args, context),
            Self::Calls(args) => calls::run(args, context),
            Self::Verdict(args) => verdict::run(args, context),
            Self::Watch(command) => watch::run(command, context),
            Self::Rules(command) => rules::run(command, context),
            Self::Store(command) => store::command::run(command, context),
            Self::Proxy(args) => proxy::run(args, context),
            Self::Bus(command) => bus::run(command, context),
            Self::Config(command) => config::run(command, context),
            Self::Api(args) => api::run(args),
            Self::Completions(args) => completions::run(args),
            Self::Man(args) => man::run(&args),
        }
    }
}
