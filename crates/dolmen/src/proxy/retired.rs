//! Routes that are no longer there: 410, logged with their id, with nobody behind the proxy.

use super::Kind;
use super::routes::Route;

/// An operation whose routes are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Retired {
    pub(crate) operation: String,
    pub(crate) routes: Vec<Route>,
}

/// What goes where the ids are; for nginx there is `nginx_map` besides.
pub(super) fn lines(kind: Kind, retired: &[Retired]) -> String {
    let mut out = String::new();
    for (number, Retired { operation, routes }) in retired.iter().enumerate() {
        out.push_str(&format!(
            "# `{operation}` is retired: its routes are gone (410). Who still asks for it is in the\n\
             # log, with an id.\n"
        ));
        for (part, route) in routes.iter().enumerate() {
            match kind {
                Kind::Caddy => {
                    let name = format!("dolmen_retired_{number}_{part}");
                    out.push_str(&format!("{}respond @{name} 410\n", caddy_matcher(&name, route)));
                }
                Kind::Apache => apache(route, &mut out),
                // One look at the map answers for all.
                Kind::Nginx => {}
                Kind::Haproxy => haproxy(route, &mut out),
            }
        }
        out.push('\n');
    }
    if kind == Kind::Nginx && !retired.is_empty() {
        out.push_str("if ($dolmen_retired) {\n    return 410;\n}\n");
    }
    out
}

fn apache(route: &Route, out: &mut String) {
    out.push_str("RewriteEngine On\n");
    if !route.methods.is_empty() {
        out.push_str(&format!(
            "RewriteCond \"%{{REQUEST_METHOD}}\" \"^{}$\"\n",
            route.method_pattern()
        ));
    }
    for (name, value) in &route.query {
        out.push_str(&format!("RewriteCond \"%{{QUERY_STRING}}\" \"(^|&){name}={value}(&|$)\"\n"));
    }
    out.push_str(&format!("RewriteRule \"^{}$\" \"-\" [G,L]\n", route.path_pattern()));
}

/// The entries of a map over method, path and query; the path as nginx decoded it.
pub(super) fn nginx_map(retired: &[Retired]) -> String {
    if retired.is_empty() {
        return String::new();
    }
    let mut out = "# What is retired, by method, path and query.\n\
                   map \"$request_method $uri?$args\" $dolmen_retired {\n    default 0;\n"
        .to_owned();
    for Retired { operation, routes } in retired {
        out.push_str(&format!("    # {operation}\n"));
        for route in routes {
            out.push_str(&format!("    \"~^{}\" 1;\n", nginx_key(route)));
        }
    }
    out.push_str("}\n");
    out
}

/// A route as a pattern over method, path and query.
pub(super) fn nginx_key(route: &Route) -> String {
    let query: Vec<String> =
        route.query.iter().map(|(name, value)| format!("(?=(.*&)?{name}={value}(&|$))")).collect();
    format!("{} {}[?]{}", route.method_pattern(), route.path_pattern(), query.concat())
}

fn haproxy(route: &Route, out: &mut String) {
    let conditions = haproxy_conditions(route);
    out.push_str(&format!("http-request deny deny_status 410 if {conditions}\n"));
}

/// A route as a named matcher.
pub(super) fn caddy_matcher(name: &str, route: &Route) -> String {
    let mut out = format!("@{name} {{\n");
    if !route.methods.is_empty() {
        out.push_str(&format!("\tmethod {}\n", route.methods.join(" ")));
    }
    out.push_str(&format!("\tpath_regexp \"^{}$\"\n", route.path_pattern()));
    let query: Vec<String> = route
        .query
        .iter()
        .map(|(name, value)| format!("{{http.request.uri.query.{name}}}.matches(r\"^({value})$\")"))
        .collect();
    if !query.is_empty() {
        out.push_str(&format!("\texpression `{}`\n", query.join(" && ")));
    }
    out + "}\n"
}

/// A route as conditions, all of which must hold.
pub(super) fn haproxy_conditions(route: &Route) -> String {
    let mut conditions = Vec::new();
    if !route.methods.is_empty() {
        conditions.push(format!("{{ method -m reg '^{}$' }}", route.method_pattern()));
    }
    conditions.push(format!("{{ path,url_dec -m reg '^{}$' }}", route.path_pattern()));
    for (name, value) in &route.query {
        conditions.push(format!("{{ url_param({name}) -m reg '^{value}$' }}"));
    }
    conditions.join(" ")
}
