//! Endpoints whose answers say that they will go: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594).

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Kind;
use super::retired::{caddy_matcher, nginx_key};
use super::routes::Route;

/// Operations whose endpoints announce their end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deprecated {
    pub(crate) operations: Vec<(String, Vec<Route>)>,
    pub(crate) headers: Announced,
}

/// What their answers say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Announced {
    /// Since when, or from when on, one should use something else.
    pub(crate) since: Timestamp,
    /// When they are expected to be gone.
    pub(crate) sunset: Option<Timestamp>,
    /// Where a person reads more. No character that a header or a configuration would stumble over.
    pub(crate) link: Option<String>,
}

impl Announced {
    /// Each header and its value.
    fn headers(&self) -> Vec<(&'static str, String)> {
        // A date of structured fields (RFC 9651 section 3.3.7): seconds since 1970.
        let mut headers = vec![("Deprecation", format!("@{}", self.since.as_second()))];
        if let Some(sunset) = self.sunset {
            headers.push(("Sunset", http_date(sunset)));
        }
        if let Some(link) = &self.link {
            headers.push((
                "Link",
                format!("<{link}>; rel=\\\"deprecation\\\"; type=\\\"text/html\\\""),
            ));
        }
        headers
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
fn http_date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// What goes where the ids are; for nginx there is `nginx_maps` besides.
pub(super) fn lines(kind: Kind, deprecated: Option<&Deprecated>) -> String {
    let Some(Deprecated { operations, headers }) = deprecated else { return String::new() };
    let names: Vec<String> = operations.iter().map(|(name, _)| format!("`{name}`")).collect();
    let mut out = format!(
        "# {} will go: answers say so, to programs, in Deprecation (RFC 9745){}.\n",
        names.join(", "),
        if headers.sunset.is_some() { " and Sunset (RFC 8594)" } else { "" },
    );
    let routes = operations.iter().flat_map(|(_, routes)| routes);
    match kind {
        Kind::Caddy => {
            for (number, route) in routes.enumerate() {
                let name = format!("dolmen_deprecated_{number}");
                out.push_str(&caddy_matcher(&name, route));
                _ = writeln!(out, "header @{name} {{");
                for (header, value) in headers.headers() {
                    let sign = if header == "Link" { "+" } else { "" };
                    _ = writeln!(out, "\t{sign}{header} \"{value}\"");
                }
                // After the monolith's own.
                out.push_str("\tdefer\n}\n");
            }
        }
        Kind::Apache => routes.for_each(|route| apache(route, headers, &mut out)),
        Kind::Nginx => {
            for (name, _) in headers.headers() {
                // A header whose value is empty is not sent.
                _ = writeln!(out, "add_header {name} {} always;", variable(name));
            }
        }
        Kind::Haproxy => {
            routes.for_each(|route| haproxy(route, &mut out));
            for (name, value) in headers.headers() {
                let verb = if name == "Link" { "add-header" } else { "set-header" };
                _ = writeln!(
                    out,
                    "http-after-response {verb} {name} \"{value}\" if {{ var(txn.dolmen_deprecated) \
                     -m bool }}"
                );
            }
        }
    }
    out
}

fn apache(route: &Route, announced: &Announced, out: &mut String) {
    let mut conditions = vec![
        format!("%{{REQUEST_METHOD}} =~ m#^{}$#", route.method_pattern()),
        format!("%{{REQUEST_URI}} =~ m#^{}$#", route.path_pattern()),
    ];
    for (name, value) in &route.query {
        conditions.push(format!("%{{QUERY_STRING}} =~ m#(^|&){name}={value}(&|$)#"));
    }
    let conditions = conditions.join(" && ");
    for (name, value) in announced.headers() {
        let verb = if name == "Link" { "add" } else { "set" };
        _ = writeln!(out, "Header always {verb} {name} \"{value}\" \"expr={conditions}\"");
    }
}

fn haproxy(route: &Route, out: &mut String) {
    let conditions = super::retired::haproxy_conditions(route);
    _ = writeln!(out, "http-request set-var(txn.dolmen_deprecated) bool(true) if {conditions}");
}

fn variable(header: &str) -> String {
    format!("$dolmen_{}", header.to_ascii_lowercase())
}

/// One map a header, over method, path and query.
pub(super) fn nginx_maps(deprecated: Option<&Deprecated>) -> String {
    let Some(Deprecated { operations, headers }) = deprecated else { return String::new() };
    let mut out = String::new();
    for (name, value) in headers.headers() {
        _ = writeln!(out, "# {name} of what will go, by method, path and query.");
        _ = writeln!(out, "map \"$request_method $uri?$args\" {} {{", variable(name));
        out.push_str("    default \"\";\n");
        for route in operations.iter().flat_map(|(_, routes)| routes) {
            _ = writeln!(out, "    \"~^{}\" \"{value}\";", nginx_key(route));
        }
        out.push_str("}\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_the_standards_have_them() {
        let at = "1994-11-06T08:49:37Z".parse::<Timestamp>().unwrap();
        assert_eq!(http_date(at), "Sun, 06 Nov 1994 08:49:37 GMT");
        let announced = Announced { since: at, sunset: None, link: None };
        assert_eq!(announced.headers(), [("Deprecation", "@784111777".to_owned())]);
    }
}
