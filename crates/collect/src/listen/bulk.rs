//! As much of Elasticsearch as those need who send it logs: Filebeat, Vector, Fluent Bit,
//! rsyslog's omelasticsearch and the official clients.

use axum::Json;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// One document to be added.
pub(super) struct Action<'b> {
    verb: &'static str,
    index: String,
    /// What the sender calls it: sent again, it is the same.
    pub(super) id: Option<String>,
    /// One line of JSON.
    pub(super) document: &'b [u8],
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verb {
    Index(Target),
    Create(Target),
    Update(IgnoredAny),
    Delete(IgnoredAny),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    #[serde(rename = "_index")]
    index: Option<String>,
    #[serde(rename = "_id")]
    id: Option<String>,
}

/// Reads pairs of lines: what to do, and the document.
pub(super) fn read(body: &[u8]) -> Result<Vec<Action<'_>>, String> {
    let lines = body.split(|&byte| byte == b'\n').map(|line| line.trim_ascii());
    let mut lines = (1..).zip(lines).filter(|(_, line)| !line.is_empty());
    let mut actions = Vec::new();
    while let Some((number, line)) = lines.next() {
        let verb: Verb = serde_json::from_slice(line)
            .map_err(|error| format!("line {number} is no action of a bulk request: {error}"))?;
        let (verb, target) = match verb {
            Verb::Index(target) => ("index", target),
            Verb::Create(target) => ("create", target),
            Verb::Update(_) | Verb::Delete(_) => {
                return Err(format!("line {number}: logs are added, never changed or deleted"));
            }
        };
        let (number, document) =
            lines.next().ok_or_else(|| format!("line {number} has no document after it"))?;
        if document.first() != Some(&b'{') {
            return Err(format!("line {number} is no document: a JSON object is expected"));
        }
        let index = target.index.unwrap_or_default();
        let id = target.id.map(|id| format!("{index}/{id}"));
        actions.push(Action { verb, index, id, document });
    }
    Ok(actions)
}

/// Every document was taken.
pub(super) fn answer(actions: &[Action<'_>]) -> Response {
    let items: Vec<Value> = actions
        .iter()
        .enumerate()
        .map(|(number, action)| {
            let id = action.id.clone().unwrap_or_else(|| number.to_string());
            let result = json!({
                "_index": action.index,
                "_id": id,
                "_version": 1,
                "result": "created",
                "status": 201,
                "_shards": { "total": 1, "successful": 1, "failed": 0 },
                "_seq_no": number,
                "_primary_term": 1,
            });
            json!({ action.verb: result })
        })
        .collect();
    product(Json(json!({ "took": 0, "errors": false, "items": items })))
}

/// Clients look at the version first, and at the name of the product.
pub(super) async fn greeting() -> Response {
    product(Json(json!({
        "name": "dolmen",
        "cluster_name": "dolmen",
        "cluster_uuid": "dolmen",
        "version": {
            "number": "8.17.0",
            "build_flavor": "default",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    })))
}

pub(super) async fn license() -> Response {
    let license = json!({ "status": "active", "type": "basic", "mode": "basic" });
    product(Json(json!({ "license": license })))
}

fn product(body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let name = HeaderValue::from_static("Elasticsearch");
    response.headers_mut().insert("x-elastic-product", name);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pairs_of_lines() {
        let body = b"{\"index\":{\"_index\":\"a\",\"_id\":\"1\"}}\n{\"x\":1}\r\n\n\
                     {\"create\":{}}\n{\"y\":2}\n";
        let actions = read(body).unwrap();
        let found: Vec<_> = actions.iter().map(|a| (a.verb, a.id.as_deref(), a.document)).collect();
        assert_eq!(
            found,
            [
                ("index", Some("a/1"), b"{\"x\":1}".as_slice()),
                ("create", None, b"{\"y\":2}".as_slice())
            ]
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (body, said) in [
            (b"{\"delete\":{\"_id\":\"1\"}}\n".as_slice(), "line 1: logs are added"),
            (b"{\"index\":{}}\n", "line 1 has no document"),
            (b"{\"index\":{}}\n[1]\n", "line 2 is no document"),
            (b"\n{\"x\":1}\n", "line 2 is no action"),
        ] {
            let error = read(body).err().unwrap();
            assert!(error.contains(said), "{error}");
        }
    }
}
