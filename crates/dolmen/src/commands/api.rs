use std::io::Write;

use crate::exit::Exit;
use crate::terminal;

/// Print the description of the console's API (OpenAPI 3.1), without a server
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ApiArgs {}

const EXAMPLES: &str = "Examples:
  dolmen api > openapi.json
  dolmen serve & curl http://127.0.0.1:7117/api/openapi.json";

pub(crate) fn run(_: ApiArgs) -> anyhow::Result<Exit> {
    let mut out = terminal::stdout();
    serde_json::to_writer_pretty(&mut out, &dolmen_console::api_description())?;
    writeln!(out)?;
    out.flush()?;
    Ok(Exit::Done)
}
