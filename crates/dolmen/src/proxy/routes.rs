//! The routes of an operation, as the rules of a configuration recognise it, in the words of regular
//! expressions that Apache, nginx, HAProxy and Caddy share.

use dolmen_attribution::{Any, OperationRule};

use crate::exit::UsageError;
use crate::settings::Settings;

/// One way to ask for an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// Methods, any of them; empty: all.
    pub(crate) methods: Vec<String>,
    /// Patterns over the whole path, any of them.
    pub(crate) paths: Vec<String>,
    /// Parameters of the query and the pattern of their whole value; all of them.
    pub(crate) query: Vec<(String, String)>,
}

impl Route {
    /// The methods as one pattern.
    pub(crate) fn method_pattern(&self) -> String {
        match self.methods.as_slice() {
            [] => "[A-Z]+".to_owned(),
            methods => format!("({})", methods.join("|")),
        }
    }

    /// The paths as one pattern.
    pub(crate) fn path_pattern(&self) -> String {
        format!("({})", self.paths.join("|"))
    }
}

/// All routes of an operation.
pub(crate) fn of(settings: &Settings, operation: &str) -> Result<Vec<Route>, UsageError> {
    let operations = &settings.rule_set.operations;
    let rules: Vec<&OperationRule> =
        operations.iter().filter(|rule| rule.name == operation).collect();
    if rules.is_empty() {
        let names = operations.iter().map(|rule| rule.name.as_str());
        let advice = match dolmen_model::nearest(operation, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name an [[operation]] of the configuration".to_owned(),
        };
        return Err(UsageError(format!("there is no operation `{operation}`; {advice}")));
    }
    let routes: Vec<Route> = rules
        .into_iter()
        .map(route)
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect();
    match routes.is_empty() {
        true => Err(UsageError(format!(
            "no rule says on which routes `{operation}` is: marks alone tell it. Add an \
             [[operation]] with its method and path"
        ))),
        false => Ok(routes),
    }
}

/// `None` for a rule that only declares.
fn route(rule: &OperationRule) -> Result<Option<Route>, UsageError> {
    let name = &rule.name;
    if !rule.header.is_empty() || rule.soap_action.is_some() {
        return Err(UsageError(format!(
            "a rule of `{name}` goes by a header, and what is printed here goes by method, path \
             and query alone: write this route by hand"
        )));
    }
    if rule.path.is_none() && rule.method.is_none() && rule.query.is_empty() {
        return Ok(None);
    }
    let each = |values: &Option<Any<String>>, pattern: fn(&str) -> Result<String, UsageError>| {
        values
            .iter()
            .flat_map(|Any(values)| values)
            .map(|value| pattern(value))
            .collect::<Result<Vec<_>, _>>()
    };
    let paths: Vec<String> = each(&rule.path, path)?;
    let mut query = Vec::new();
    for (name, Any(values)) in &rule.query {
        let values: Vec<String> = values.iter().map(|v| glob(v)).collect::<Result<_, _>>()?;
        query.push((plain(name)?, format!("({})", values.join("|"))));
    }
    Ok(Some(Route {
        methods: each(&rule.method, glob)?,
        paths: if paths.is_empty() { vec![".*".to_owned()] } else { paths },
        query,
    }))
}

/// A template of `dolmen.toml` as a pattern.
fn path(template: &str) -> Result<String, UsageError> {
    let mut pattern = String::new();
    for segment in template.split('/').filter(|segment| !segment.is_empty()) {
        let is_rest = segment == "*" || segment.ends_with("...}");
        if is_rest {
            pattern.push_str("(/.*)?");
            continue;
        }
        pattern.push('/');
        match segment.starts_with('{') {
            true => pattern.push_str("[^/]+"),
            false => pattern.push_str(&plain(segment)?),
        }
    }
    // Rules do not tell `/a` from `/a/`.
    pattern.push_str("/?");
    Ok(pattern)
}

/// A glob as a pattern: `*` is any run, `?` any one, `\` takes the next as it is.
fn glob(glob: &str) -> Result<String, UsageError> {
    let mut pattern = String::new();
    let mut chars = glob.chars();
    while let Some(c) = chars.next() {
        match c {
            '*' => pattern.push_str("[^&]*"),
            '?' => pattern.push_str("[^&]"),
            '\\' => pattern.push_str(&plain(&chars.next().unwrap_or('\\').to_string())?),
            c => pattern.push_str(&plain(&c.to_string())?),
        }
    }
    Ok(pattern)
}

/// A text as a pattern, without a character that would end a quoted text or mean something to one
/// of the servers.
fn plain(text: &str) -> Result<String, UsageError> {
    let mut pattern = String::new();
    for c in text.chars() {
        match c {
            c if c.is_alphanumeric()
                || matches!(c, '/' | '_' | '-' | '~' | '@' | ':' | ',' | '=') =>
            {
                pattern.push(c);
            }
            '.' | '+' | '*' | '(' | ')' | '|' | '?' | '!' => {
                pattern.push('[');
                pattern.push(c);
                pattern.push(']');
            }
            c => {
                return Err(UsageError(format!(
                    "`{text}` has the character `{c}`, which means something else to the servers: \
                     write this route by hand"
                )));
            }
        }
    }
    Ok(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_become_patterns() {
        for (template, pattern) in [
            ("/api/card/{client}/block/{card}", "/api/card/[^/]+/block/[^/]+/?"),
            ("/files/v1.2/{path...}", "/files/v1[.]2(/.*)?/?"),
            ("/files/*", "/files(/.*)?/?"),
            ("/", "/?"),
        ] {
            assert_eq!(path(template).unwrap(), pattern);
        }
        assert!(path("/a\"b").is_err());
        assert!(path("/a$b").is_err());
        assert_eq!(glob("virement*").unwrap(), "virement[^&]*");
        assert_eq!(glob(r"a\*b").unwrap(), "a[*]b");
    }
}
