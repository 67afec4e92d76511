//! Path templates from an OpenAPI document (2.0 to 3.2, as JSON).

use std::collections::BTreeSet;

use serde_json::Value;

use super::set::EndpointRule;
use super::values::Any;

/// Why a document cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenApiError {
    /// It is no JSON.
    #[error(
        "this is not JSON ({0}): dolmen reads OpenAPI documents as JSON; convert YAML first, for \
         example with `yq -o json`"
    )]
    NotJson(String),
    /// It is JSON of another sort.
    #[error("this is no OpenAPI document: neither `openapi` nor `swagger` says its version")]
    NotOpenApi,
    /// It declares nothing.
    #[error("this OpenAPI document has no `paths`")]
    NoPaths,
}

/// Methods that a path may have (OpenAPI 3.2, Path Item Object).
const METHODS: [&str; 9] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"];

/// The endpoints that a document declares, for one service, in the order of their paths.
///
/// The path of the first server, or `basePath`, stands before each. A segment of which only a part
/// is a parameter (`{id}.pdf`) becomes a parameter as a whole, which is the nearest that a template
/// here can say.
///
/// # Errors
/// See [`OpenApiError`].
pub fn openapi_endpoints(
    document: &str,
    service: Option<&str>,
) -> Result<Vec<EndpointRule>, OpenApiError> {
    // RFC 8259, section 8.1: a reader may ignore it, and some editors write it.
    let document = document.strip_prefix('\u{feff}').unwrap_or(document);
    let document: Value =
        serde_json::from_str(document).map_err(|error| OpenApiError::NotJson(error.to_string()))?;
    if document.get("openapi").or(document.get("swagger")).is_none() {
        return Err(OpenApiError::NotOpenApi);
    }
    let paths = document.get("paths").and_then(Value::as_object).ok_or(OpenApiError::NoPaths)?;
    let base = base(&document);
    let mut endpoints = Vec::new();
    for (path, item) in paths {
        // Extensions (`x-…`) stand among the paths.
        let Some(item) = item.as_object().filter(|_| path.starts_with('/')) else { continue };
        let mut methods: Vec<String> = METHODS
            .iter()
            .filter(|method| item.contains_key(**method))
            .map(|method| method.to_ascii_uppercase())
            .collect();
        // OpenAPI 3.2: methods that have no key of their own, each as it is sent.
        let more = item.get("additionalOperations").and_then(Value::as_object);
        methods.extend(more.into_iter().flatten().map(|(method, _)| method.clone()));
        if methods.is_empty() {
            continue;
        }
        endpoints.push(EndpointRule {
            service: service.map(str::to_owned),
            method: Some(Any(methods)),
            path: template(&format!("{base}{path}")),
        });
    }
    Ok(endpoints)
}

/// What stands before every path.
fn base(document: &Value) -> String {
    let base = match document.get("basePath").and_then(Value::as_str) {
        Some(base) => base.to_owned(),
        None => document
            .pointer("/servers/0")
            .and_then(|server| Some(filled(server.get("url")?.as_str()?, server)))
            .unwrap_or_default(),
    };
    let path = match base.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |slash| &rest[slash..]),
        None => base.as_str(),
    };
    let path = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// A server's address with the defaults of its variables.
fn filled(url: &str, server: &Value) -> String {
    let mut url = url.to_owned();
    let variables = server.get("variables").and_then(Value::as_object);
    for (name, variable) in variables.into_iter().flatten() {
        if let Some(default) = variable.get("default").and_then(Value::as_str) {
            url = url.replace(&format!("{{{name}}}"), default);
        }
    }
    url
}

/// A path as templates here are written.
fn template(path: &str) -> String {
    let mut names = BTreeSet::new();
    let mut template = String::new();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        template.push('/');
        if !segment.contains(['{', '}', '*']) {
            template.push_str(segment);
            continue;
        }
        let inner = segment.split_once('{').map_or("any", |(_, rest)| rest);
        let name: String =
            inner.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-')).collect();
        let mut name = if name.is_empty() { "any".to_owned() } else { name };
        while !names.insert(name.clone()) {
            name.push('_');
        }
        template.push('{');
        template.push_str(&name);
        template.push('}');
    }
    if template.is_empty() { "/".to_owned() } else { template }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(document: &str) -> Vec<String> {
        let endpoints = openapi_endpoints(document, Some("cards")).unwrap();
        endpoints
            .into_iter()
            .map(|endpoint| format!("{} {}", endpoint.method.unwrap().0.join(","), endpoint.path))
            .collect()
    }

    #[test]
    fn version_three() {
        let mut found = paths(
            r#"{"openapi": "3.1.0",
                "servers": [{"url": "https://{host}/v1/", "variables": {"host": {"default": "a"}}}],
                "paths": {
                    "/cards/{card}/block": {"post": {}, "parameters": []},
                    "/cards/{card}.pdf": {"get": {}, "head": {}},
                    "/a/{x}/{x}": {"get": {}},
                    "x-internal": {"get": {}},
                    "/nothing": {"summary": "no method"}
                }}"#,
        );
        // Whether the document's order is kept depends on who else reads JSON in the program.
        found.sort_unstable();
        assert_eq!(
            found,
            ["GET /v1/a/{x}/{x_}", "GET,HEAD /v1/cards/{card}", "POST /v1/cards/{card}/block"]
        );
    }

    #[test]
    fn version_three_two_has_methods_of_any_name() {
        let document = r#"{"openapi": "3.2.0", "paths": {
            "/files/{file}": {"get": {}, "query": {}, "additionalOperations": {"COPY": {}}},
            "/locks": {"additionalOperations": {"LOCK": {}}}
        }}"#;
        let mut found = paths(document);
        found.sort_unstable();
        assert_eq!(found, ["GET,QUERY,COPY /files/{file}", "LOCK /locks"]);
    }

    #[test]
    fn a_byte_order_mark_is_no_json_and_no_harm() {
        let document = "\u{feff}{\"swagger\": \"2.0\", \"paths\": {\"/a\": {\"get\": {}}}}";
        assert_eq!(paths(document), ["GET /a"]);
    }

    #[test]
    fn version_two() {
        let document = r#"{"swagger": "2.0", "basePath": "/api", "paths": {"/": {"get": {}}}}"#;
        assert_eq!(paths(document), ["GET /api"]);
    }

    #[test]
    fn what_is_no_document_says_so() {
        let refused = |text| openapi_endpoints(text, None).unwrap_err();
        assert!(matches!(refused("openapi: 3.0.0"), OpenApiError::NotJson(_)));
        assert_eq!(refused("{}"), OpenApiError::NotOpenApi);
        assert_eq!(refused(r#"{"openapi": "3.0.0"}"#), OpenApiError::NoPaths);
    }
}
