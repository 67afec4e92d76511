use std::io::Write;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Context;
use super::report::window::Instant;
use crate::exit::{Exit, UsageError};
use crate::proxy::{
    self, Announced, Deprecated, Kind, Listen, LogFile, Retired, ServerName, Shape, Site, Upstream,
};
use crate::settings::{Asked, Settings};
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
    /// The access log to write [default: dolmen-access.log, with --snippet where Debian's package of the
    /// server has its logs]
    #[arg(long, value_name = "FILE")]
    log: Option<LogFile>,
    /// An operation that is gone: its routes answer 410, and who still asks is logged with an id
    /// (repeatable)
    ///
    /// Its routes are those of the `[[operation]]` rules of this name in the configuration. They are
    /// answered by the proxy, whether anything is behind it or not.
    #[arg(long, value_name = "OPERATION")]
    retired: Vec<String>,
    /// An operation that will go: answers of its endpoints say so in `Deprecation` (RFC 9745)
    /// (repeatable)
    #[arg(long, value_name = "OPERATION")]
    deprecate: Vec<String>,
    /// Since when something else should be used, or from when on [default: today]
    #[arg(long, value_name = "DATE", value_parser = Instant::from_str, requires = "deprecate")]
    since: Option<Instant>,
    /// When it is expected to be gone: `Sunset` (RFC 8594) says so too
    #[arg(long, value_name = "DATE", value_parser = Instant::from_str, requires = "deprecate")]
    sunset: Option<Instant>,
    /// Where a person reads more
    #[arg(long, value_name = "URL", requires = "deprecate")]
    link: Option<String>,
}

const EXAMPLES: &str = "Examples:
  dolmen proxy apache --snippet > /etc/apache2/dolmen.conf
  dolmen proxy nginx --upstream http://127.0.0.1:8080 --listen 8000 > dolmen-nginx.conf
  dolmen proxy haproxy --snippet --retired 'card block'
  dolmen proxy nginx --snippet --deprecate balance --sunset 2027-03-31";

pub(crate) fn run(args: ProxyArgs, context: &Context) -> anyhow::Result<Exit> {
    let announced = announced(&args)?;
    let ProxyArgs { kind, snippet, upstream, listen, server_name, log, retired, .. } = args;
    let shape = match snippet {
        true => Shape::Snippet,
        false => Shape::Whole(Site { upstream, listen, server_name }),
    };
    let log = log.unwrap_or_else(|| kind.default_log(&shape));
    let retired = routes(retired, context)?;
    let deprecated = match routes(args.deprecate, context)? {
        none if none.is_empty() => None,
        some => Some(Deprecated {
            operations: some.into_iter().map(|one| (one.operation, one.routes)).collect(),
            headers: announced,
        }),
    };
    let mut out = terminal::stdout();
    out.write_all(
        proxy::configuration(kind, &shape, &log, &retired, deprecated.as_ref()).as_bytes(),
    )?;
    out.flush()?;
    Ok(Exit::Done)
}

/// What answers say of operations that will go.
fn announced(args: &ProxyArgs) -> anyhow::Result<Announced> {
    let at = |instant: Instant| Timestamp::from_microsecond(instant.time().micros());
    let today = || {
        let day = Timestamp::now().to_zoned(TimeZone::UTC).start_of_day()?;
        Ok(day.timestamp())
    };
    let since = args.since.map(at).unwrap_or_else(today)?;
    let sunset = args.sunset.map(at).transpose()?;
    // RFC 9745 section 4.
    if sunset.is_some_and(|sunset| sunset < since) {
        let message =
            "--sunset comes before the deprecation: name a later day, or an earlier --since";
        return Err(UsageError(message.to_owned()).into());
    }
    let is_odd = |c: char| !c.is_ascii_graphic() || "\"<>\\^`{|}$%#".contains(c);
    if let Some(odd) = args.link.as_ref().and_then(|link| link.chars().find(|c| is_odd(*c))) {
        let message =
            format!("--link: `{odd}` cannot stand in a header and a configuration as it is");
        return Err(UsageError(message).into());
    }
    Ok(Announced { since, sunset, link: args.link.clone() })
}

/// The routes of operations, as the configuration has them.
fn routes(operations: Vec<String>, context: &Context) -> anyhow::Result<Vec<Retired>> {
    if operations.is_empty() {
        // What is printed depends on no configuration, which may be broken at the time.
        return Ok(Vec::new());
    }
    let settings = Settings::load(&Asked::new(context.config.clone(), None))?;
    let each = operations.into_iter().map(|operation| {
        Ok(Retired { routes: proxy::routes_of(&settings, &operation)?, operation })
    });
    each.collect()
}
