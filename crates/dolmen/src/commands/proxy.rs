use std::io::Write;

use crate::exit::Exit;
use crate::proxy::{self, Kind, Listen, LogFile, ServerName, Shape, Site, Upstream};
use crate::terminal;

/// Print the configuration that has a reverse proxy make, log and pass on the request id
///
/// What joins a line of the access log to a line of the application's log is one id for each
/// request. The configuration makes it where a request has none, keeps it where it has one, logs
/// it, passes it to the monolith as X-Request-Id, and returns it to the client. Its comments say
/// what each line is for.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ProxyArgs {
    /// The reverse proxy
    #[arg(value_enum)]
    kind: Kind,
    /// Only what a server that runs already lacks, with the places where it goes
    #[arg(long)]
    snippet: bool,
    /// The monolith
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    #[arg(conflicts_with = "snippet")]
    upstream: Upstream,
    /// Where to listen: an address and a port, or a port of all addresses
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8000")]
    #[arg(conflicts_with = "snippet")]
    listen: Listen,
    /// The name that clients call the server by
    #[arg(long, value_name = "NAME", default_value = "localhost", conflicts_with = "snippet")]
    server_name: ServerName,
    /// The access log to write [default: dolmen-access.log, in /var/log/apache2 or /var/log/nginx
    /// with --snippet]
    #[arg(long, value_name = "FILE")]
    log: Option<LogFile>,
}

const EXAMPLES: &str = "Examples:
  dolmen proxy apache --snippet > /etc/apache2/dolmen.conf
  dolmen proxy nginx --upstream http://127.0.0.1:8080 --listen 8000 > dolmen-nginx.conf";

pub(crate) fn run(args: ProxyArgs) -> anyhow::Result<Exit> {
    let ProxyArgs { kind, snippet, upstream, listen, server_name, log } = args;
    let shape = match snippet {
        true => Shape::Snippet,
        false => Shape::Whole(Site { upstream, listen, server_name }),
    };
    let log = log.unwrap_or_else(|| kind.default_log(&shape));
    let mut out = terminal::stdout();
    out.write_all(proxy::configuration(kind, &shape, &log).as_bytes())?;
    out.flush()?;
    Ok(Exit::Done)
}
