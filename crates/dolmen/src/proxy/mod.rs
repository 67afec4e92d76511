//! The configuration that has a reverse proxy make the request id, log it and pass it on.
//!
//! The texts are under `templates`, one a server and shape, to be read and edited as what they
//! are: configurations with comments for people who see such a file for the first time. Here is
//! only what is put into them.

mod deprecated;
mod retired;
mod routes;
mod template;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use deprecated::{Announced, Deprecated};
pub(crate) use retired::Retired;
pub(crate) use routes::of as routes_of;
use template::Value::{Lines, Part, Text};
use template::fill;
pub(crate) use values::{Listen, LogFile, ServerName, Upstream};

/// The servers that a configuration can be printed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// Apache HTTP Server 2.4.10 or later
    Apache,
    /// nginx 1.11 or later
    Nginx,
    /// HAProxy 2.4 or later
    Haproxy,
    /// Caddy 2.6 or later
    Caddy,
}

/// How much is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A configuration that a server can be started with.
    Whole(Site),
    /// What a server that runs already lacks.
    Snippet,
}

/// A reverse proxy that is nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// The monolith.
    pub(crate) upstream: Upstream,
    pub(crate) listen: Listen,
    pub(crate) server_name: ServerName,
}

/// What an id must look like to be kept; anchors are the template's. Nothing in it needs an escape
/// in a log, a header, JSON or a shell; the ids of nginx, mod_unique_id, Heroku, Envoy and HAProxy,
/// UUIDs, ULIDs and base64 fit.
const ID: &str = "[A-Za-z0-9_.:@+/=-]";

/// Shorter ones (`1`, `test`) come again and join what does not belong together.
const SHORTEST: usize = 8;

/// What is longer than two SHA-256 in hex is no id.
const LONGEST: usize = 128;

impl Kind {
    /// How the printed configuration writes a line: `combined`, the request id, the duration.
    fn format(self) -> &'static str {
        match self {
            Self::Apache => {
                r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o" %D"#
            }
            Self::Nginx => {
                r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$dolmen_request_id" $request_time"#
            }
            Self::Haproxy => {
                "%ci:%cp [%trl] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc \
                 %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r %[var(txn.dolmen_id)]"
            }
            // An object of its own making.
            Self::Caddy => "json",
        }
    }

    fn whole(self) -> &'static str {
        match self {
            Self::Apache => include_str!("templates/apache.conf"),
            Self::Nginx => include_str!("templates/nginx.conf"),
            Self::Haproxy => include_str!("templates/haproxy.conf"),
            Self::Caddy => include_str!("templates/caddy.conf"),
        }
    }

    fn snippet(self) -> &'static str {
        match self {
            Self::Apache => include_str!("templates/apache.snippet.conf"),
            Self::Nginx => include_str!("templates/nginx.snippet.conf"),
            Self::Haproxy => include_str!("templates/haproxy.snippet.conf"),
            Self::Caddy => include_str!("templates/caddy.snippet.conf"),
        }
    }

    /// Where the log goes unless somebody says otherwise.
    pub(crate) fn default_log(self, shape: &Shape) -> LogFile {
        LogFile::known(match (shape, self) {
            (Shape::Whole(_), _) => "dolmen-access.log",
            (Shape::Snippet, Self::Apache) => "/var/log/apache2/dolmen-access.log",
            (Shape::Snippet, Self::Nginx) => "/var/log/nginx/dolmen-access.log",
            // Where Debian's package has rsyslog put it.
            (Shape::Snippet, Self::Haproxy) => "/var/log/haproxy.log",
            (Shape::Snippet, Self::Caddy) => "/var/log/caddy/dolmen-access.log",
        })
    }
}

/// The configuration, with a line end at its end.
pub(crate) fn configuration(
    kind: Kind,
    shape: &Shape,
    log: &LogFile,
    retired: &[Retired],
    deprecated: Option<&Deprecated>,
) -> String {
    let retired_lines = retired::lines(kind, retired) + &deprecated::lines(kind, deprecated);
    let retired_map = retired::nginx_map(retired) + &deprecated::nginx_maps(deprecated);
    let rewrite_module = match retired {
        [] => "",
        _ => "LoadModule rewrite_module \"${DOLMEN_MODULES}/mod_rewrite.so\"",
    };
    let pattern = format!("{ID}{{{SHORTEST},{LONGEST}}}");
    let (shortest, longest) = (SHORTEST.to_string(), LONGEST.to_string());
    let (log, log_as_toml) = (log.to_string(), log.as_toml());
    let common = |name: &str| {
        Some(match name {
            "format" => Text(kind.format()),
            "log" => Text(&log),
            "log as toml" => Text(&log_as_toml),
            "pattern" => Text(&pattern),
            "shortest" => Text(&shortest),
            "longest" => Text(&longest),
            "reading" => Part(include_str!("templates/reading.conf")),
            "apache ids" => Part(include_str!("templates/apache.ids.conf")),
            "nginx http" => Part(include_str!("templates/nginx.http.conf")),
            "nginx server" => Part(include_str!("templates/nginx.server.conf")),
            "haproxy ids" => Part(include_str!("templates/haproxy.ids.conf")),
            "caddy ids" => Part(include_str!("templates/caddy.ids.conf")),
            "caddy reading" => Part(include_str!("templates/caddy.reading.conf")),
            "haproxy reading" => Part(include_str!("templates/haproxy.reading.conf")),
            "retired" => Lines(&retired_lines),
            "retired map" => Lines(&retired_map),
            "rewrite module" => Lines(rewrite_module),
            "nginx location" => Part(include_str!("templates/nginx.location.conf")),
            _ => return None,
        })
    };
    match shape {
        Shape::Snippet => fill(kind.snippet(), &common),
        Shape::Whole(Site { upstream, listen, server_name }) => {
            let (bind, server) = (listen.as_bind(), upstream.as_server());
            let (port, address) = (listen.port().to_string(), listen.as_caddy_bind());
            let (upstream, server_name) = (upstream.to_string(), server_name.to_string());
            let (virtual_host, listen) = (listen.as_virtual_host(), listen.to_string());
            fill(kind.whole(), &|name: &str| match name {
                "bind" => Some(Text(&bind)),
                "port" => Some(Text(&port)),
                "caddy bind" => Some(Lines(&address)),
                "server" => Some(Text(&server)),
                "upstream" => Some(Text(&upstream)),
                "listen" => Some(Text(&listen)),
                "virtual host" => Some(Text(&virtual_host)),
                "server name" => Some(Text(&server_name)),
                _ => common(name),
            })
        }
    }
}
