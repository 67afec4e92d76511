//! What was typed. What it means together with the configuration is settled in `settings` and in
//! the commands.

use std::path::PathBuf;

use clap::Parser;

use crate::commands::Command;
use crate::exit;
use crate::terminal::ColorChoice;

/// Who still calls the monolith, and from which day may it be switched off?
///
/// dolmen reads access logs and application logs, joins them by request id, and says who calls
/// what: actors, operations, services, endpoints, and the callers that nobody knows.
#[derive(Debug, Parser)]
#[command(name = "dolmen", version, after_help = FIRST, after_long_help = first_and_codes())]
#[command(subcommand_required = true, arg_required_else_help = true, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Common options")]
pub(crate) struct Common {
    /// The configuration
    ///
    /// Without it: $DOLMEN_CONFIG, then ./dolmen.toml, then /etc/dolmen/dolmen.toml, then the
    /// defaults.
    #[arg(long, global = true, value_name = "FILE", display_order = 900)]
    pub(crate) config: Option<PathBuf>,
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", display_order = 901)]
    #[arg(value_enum, default_value_t = ColorChoice::Auto, hide_possible_values = true)]
    #[arg(help = "When to use colours: auto, always or never")]
    pub(crate) color: ColorChoice,
}

const FIRST: &str = "Start with a log that lies on your disk:
  dolmen report /var/log/apache2/access.log";

fn first_and_codes() -> String {
    format!("{FIRST}\n\n{}", exit::HELP)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn no_two_arguments_are_in_each_others_way() {
        Args::command().debug_assert();
    }
}
