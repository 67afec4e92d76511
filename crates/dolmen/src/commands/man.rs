use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::CommandFactory;

use crate::args::Args;
use crate::exit::Exit;

/// Write the man pages into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ManArgs {
    /// The folder; made if it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

const EXAMPLES: &str = "Examples:
  dolmen man ~/.local/share/man/man1
  man dolmen-report";

pub(crate) fn run(args: &ManArgs) -> anyhow::Result<Exit> {
    let cannot = || format!("cannot write man pages into {}", args.dir.display());
    fs::create_dir_all(&args.dir).with_context(cannot)?;
    clap_mangen::generate_to(Args::command(), &args.dir).with_context(cannot)?;
    Ok(Exit::Done)
}
