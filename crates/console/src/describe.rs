//! The description of the API (OpenAPI 3.1), from which clients are generated.

use std::collections::BTreeSet;

use utoipa::openapi::schema::Schema;
use utoipa::openapi::{OpenApi, RefOr};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;

use crate::app::Console;
use crate::resources;

#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "dolmen",
    description = "Who calls what, and may it be switched off? Instants are RFC 3339 in UTC, \
                       durations whole microseconds; what nobody could name is null. Errors are \
                       problem details (RFC 9457)."
))]
struct Api;

/// Every resource under its path, and what describes it.
pub(crate) fn api() -> OpenApiRouter<Console> {
    OpenApiRouter::with_openapi(Api::openapi()).nest("/api/v1", resources::all())
}

/// The description of the API (OpenAPI 3.1).
pub fn api_description() -> OpenApi {
    let mut description = api().to_openapi();
    AlwaysThere.modify(&mut description);
    description
}

/// What an answer holds is always there: `null` where nobody knows, not left out. What may be left
/// out of a request may still be.
struct AlwaysThere;

impl Modify for AlwaysThere {
    fn modify(&self, description: &mut OpenApi) {
        let asked = asked(description);
        let Some(components) = &mut description.components else { return };
        for (name, schema) in &mut components.schemas {
            if !asked.contains(name) && !SPARSE.contains(&name.as_str()) {
                require_all(schema);
            }
        }
    }
}

/// What leaves out what is not said.
const SPARSE: [&str; 2] = ["Problem", "ProposedRule"];

fn require_all(schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::Object(object) => object.required = object.properties.keys().cloned().collect(),
        Schema::AllOf(all) => all.items.iter_mut().for_each(require_all),
        Schema::OneOf(one) => one.items.iter_mut().for_each(require_all),
        _ => {}
    }
}

/// The names of schemas that are sent to the API.
fn asked(description: &OpenApi) -> BTreeSet<String> {
    let paths = description.paths.paths.values();
    let operations = paths.flat_map(|path| [&path.post, &path.put, &path.patch, &path.delete]);
    operations
        .flatten()
        .filter_map(|operation| match operation.request_body.as_ref()? {
            RefOr::T(body) => Some(body),
            RefOr::Ref(_) => None,
        })
        .flat_map(|body| body.content.values())
        .filter_map(|content| match content {
            RefOr::T(content) => content.schema.as_ref(),
            RefOr::Ref(_) => None,
        })
        .filter_map(|schema| match schema {
            RefOr::Ref(name) => name.ref_location.rsplit('/').next().map(str::to_owned),
            RefOr::T(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_named_is_described() {
        let description = serde_json::to_value(api_description()).unwrap();
        let mut named = Vec::new();
        names(&description, &mut named);
        assert!(!named.is_empty());
        for name in named {
            let pointer = name.trim_start_matches('#');
            assert!(description.pointer(pointer).is_some(), "{name}: mark its field `inline`");
        }
    }

    fn names(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str).map(str::to_owned));
                object.values().for_each(|value| names(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| names(value, found)),
            _ => {}
        }
    }

    #[test]
    fn answers_leave_nothing_out_and_requests_may() {
        let description = serde_json::to_value(api_description()).unwrap();
        let required = |name: &str| description["components"]["schemas"][name]["required"].clone();
        let callers = required("CallerRow");
        assert!(callers.as_array().is_some_and(|all| all.contains(&json!("user_agent"))));
        assert_eq!(required("Mute"), json!(["until"]));
        let problem = required("Problem");
        assert!(
            !problem.as_array().is_some_and(|all| all.contains(&Value::from("at"))),
            "{problem}"
        );
    }
}
