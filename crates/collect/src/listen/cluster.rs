//! What those who send to Elasticsearch ask before they send. There is one node, it is well, and
//! whatever they want to set up is there already.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::body::text;

const VERSION: &str = "8.17.0";

/// The answers, whatever the state of the router.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/api/v1/elastic", get(greeting))
        .route("/api/v1/elastic/", get(greeting))
        .route("/api/v1/elastic/_license", get(license))
        .route("/api/v1/elastic/_xpack", get(features))
        .route("/api/v1/elastic/_cat/health", get(health_line))
        .route("/api/v1/elastic/_cluster/health", get(health))
        .route("/api/v1/elastic/_nodes/http", get(nodes))
        .route("/api/v1/elastic/_ilm/policy/{name}", set_up(policy))
        .route("/api/v1/elastic/_index_template/{name}", set_up(index_template))
        .route("/api/v1/elastic/_template/{name}", set_up(template))
        .route("/api/v1/elastic/_data_stream/{name}", set_up(data_stream))
        .route("/api/v1/elastic/_alias/{name}", set_up(alias))
}

/// Something that is there by its name, and may be set.
fn set_up<S: Clone + Send + Sync + 'static>(is: fn(&str) -> Value) -> MethodRouter<S> {
    get(move |Path(name): Path<String>| async move { Json(is(&name)) }).put(acknowledge)
}

async fn acknowledge() -> Json<Value> {
    Json(json!({ "acknowledged": true }))
}

fn policy(name: &str) -> Value {
    json!({ name: { "version": 1, "policy": { "phases": {} } } })
}

fn index_template(name: &str) -> Value {
    let template = json!({ "index_patterns": [format!("{name}*")], "data_stream": {} });
    json!({ "index_templates": [{ "name": name, "index_template": template }] })
}

fn template(name: &str) -> Value {
    json!({ name: { "index_patterns": [format!("{name}*")] } })
}

fn data_stream(name: &str) -> Value {
    json!({ "data_streams": [{ "name": name, "indices": [], "status": "GREEN" }] })
}

fn alias(name: &str) -> Value {
    json!({ name: { "aliases": {} } })
}

/// Clients look at the version first, and at the name of the product.
async fn greeting() -> Json<Value> {
    Json(json!({
        "name": "dolmen",
        "cluster_name": "dolmen",
        "cluster_uuid": "dolmen",
        "version": {
            "number": VERSION,
            "build_flavor": "default",
            "minimum_wire_compatibility_version": "7.17.0",
            "minimum_index_compatibility_version": "7.0.0",
        },
        "tagline": "You Know, for Search",
    }))
}

async fn license() -> Json<Value> {
    let license = json!({ "status": "active", "type": "basic", "mode": "basic" });
    Json(json!({ "license": license }))
}

async fn features() -> Json<Value> {
    Json(json!({
        "license": { "status": "active", "type": "basic", "mode": "basic" },
        "features": { "ilm": { "available": true, "enabled": true } },
    }))
}

/// What omelasticsearch of rsyslog asks before it sends.
async fn health_line() -> &'static str {
    "dolmen green\n"
}

/// What Vector asks.
async fn health() -> Json<Value> {
    Json(json!({
        "cluster_name": "dolmen",
        "status": "green",
        "timed_out": false,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_shards_percent_as_number": 100.0,
    }))
}

/// Clients that look for further nodes go on with the address they came by.
async fn nodes(headers: HeaderMap) -> Json<Value> {
    let address = text(&headers, header::HOST.as_str()).unwrap_or_default();
    let http = json!({ "publish_address": address, "bound_address": [address] });
    let node = json!({ "name": "dolmen", "version": VERSION, "roles": ["ingest"], "http": http });
    Json(json!({ "_nodes": { "total": 1 }, "cluster_name": "dolmen", "nodes": { "dolmen": node } }))
}

/// Clients look for this in every answer.
pub(super) async fn product(mut response: Response) -> Response {
    let name = HeaderValue::from_static("Elasticsearch");
    response.headers_mut().insert("x-elastic-product", name);
    response
}
