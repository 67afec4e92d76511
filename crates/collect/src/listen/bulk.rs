//! As much of Elasticsearch as those need who send it logs: Filebeat, Vector, Fluent Bit,
//! rsyslog's omelasticsearch and the official clients.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize, Serializer};

/// Documents of a request: each takes memory beside its bytes, and a body can hold very many.
const AT_MOST: usize = 100_000;
/// Bytes of an index's name, as Elasticsearch has it: the answer repeats it for each document.
const NAME: usize = 255;
/// Bytes that a document takes beside its own and its names, its part of the answer among them.
const BESIDE: usize = 256;

/// One document to be added.
pub(super) struct Action<'b> {
    verb: &'static str,
    /// `None`: the one that the address names.
    index: Option<String>,
    /// What the sender calls it: sent again to the same index, it is the same.
    id: Option<String>,
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

impl Action<'_> {
    /// What is the same document has the same; `index` is the one that the address names.
    pub(super) fn identity(&self, index: &str) -> Option<String> {
        // No name holds what stands between the two.
        self.id.as_ref().map(|id| format!("{}\0{id}", self.index.as_deref().unwrap_or(index)))
    }
}

/// Bytes that a request takes at most until it is answered, told without reading it: its documents
/// and names are there twice and thrice, and small ones are smaller than what says where they are.
pub(super) fn memory(body: &[u8], index: &str) -> usize {
    let documents = memchr::memchr_iter(b'\n', body).count().div_ceil(2).min(AT_MOST);
    3 * body.len() + documents * (BESIDE + index.len())
}

/// Reads pairs of lines: what to do, and the document.
pub(super) fn read<'b>(body: &'b [u8], index: &str) -> Result<Vec<Action<'b>>, String> {
    let too_long = |name: &str| format!("the name of an index has more than {NAME} bytes: {name}");
    if index.len() > NAME {
        return Err(too_long("that of the address"));
    }
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
        let Target { index, id } = target;
        if index.as_ref().is_some_and(|index| index.len() > NAME) {
            return Err(too_long(&format!("line {}", number - 1)));
        }
        if actions.len() == AT_MOST {
            return Err(format!("more than {AT_MOST} documents: send less at once"));
        }
        actions.push(Action { verb, index, id, document });
    }
    Ok(actions)
}

/// Every document was taken; `index` is the one that the address names.
pub(super) fn answer(actions: &[Action<'_>], index: &str) -> Response {
    Json(Answer { took: 0, errors: false, items: Items { actions, index } }).into_response()
}

#[derive(Serialize)]
struct Answer<'a> {
    took: u32,
    errors: bool,
    items: Items<'a>,
}

/// Written one after the other: there may be very many.
struct Items<'a> {
    actions: &'a [Action<'a>],
    index: &'a str,
}

#[derive(Serialize)]
struct Created<'a> {
    #[serde(rename = "_index")]
    index: &'a str,
    #[serde(rename = "_id")]
    id: &'a str,
    #[serde(rename = "_version")]
    version: u32,
    result: &'a str,
    status: u32,
    #[serde(rename = "_shards")]
    shards: Shards,
    #[serde(rename = "_seq_no")]
    number: usize,
    #[serde(rename = "_primary_term")]
    term: u32,
}

#[derive(Clone, Copy, Serialize)]
struct Shards {
    total: u32,
    successful: u32,
    failed: u32,
}

/// The answer to one action: what was to be done, and what was.
struct Item<'a>(&'a str, Created<'a>);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(self.0, &self.1)])
    }
}

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq as _;
        let mut items = serializer.serialize_seq(Some(self.actions.len()))?;
        for (number, action) in self.actions.iter().enumerate() {
            let made;
            let id = match &action.id {
                Some(id) => id,
                None => {
                    made = number.to_string();
                    &made
                }
            };
            let created = Created {
                index: action.index.as_deref().unwrap_or(self.index),
                id,
                version: 1,
                result: "created",
                status: 201,
                shards: Shards { total: 1, successful: 1, failed: 0 },
                number,
                term: 1,
            };
            items.serialize_element(&Item(action.verb, created))?;
        }
        items.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pairs_of_lines() {
        let body = b"{\"index\":{\"_index\":\"a\",\"_id\":\"1\"}}\n{\"x\":1}\r\n\n\
                     {\"create\":{}}\n{\"y\":2}\n";
        let actions = read(body, "").unwrap();
        let found: Vec<_> = actions.iter().map(|a| (a.verb, a.identity(""), a.document)).collect();
        assert_eq!(
            found,
            [
                ("index", Some("a\x001".to_owned()), b"{\"x\":1}".as_slice()),
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
            let error = read(body, "").err().unwrap();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn no_body_holds_more_documents_than_memory_is_kept_for() {
        let body = b"{\"index\":{}}\n{}\n".repeat(AT_MOST + 1);
        let (pair, long) = (body.len() / (AT_MOST + 1), "x".repeat(NAME + 1));
        assert_eq!(read(&body[pair..], "").unwrap().len(), AT_MOST);
        assert_eq!(memory(&body, "a"), 3 * body.len() + AT_MOST * 257);
        let error = read(&body, "").err().unwrap();
        assert!(error.contains("100000 documents: send less at once"), "{error}");
        // Each name would stand in the answer again and again.
        assert!(read(&body[..pair], &long).err().unwrap().contains("more than 255 bytes"));
        let named = format!("{{\"index\":{{\"_index\":\"{long}\"}}}}\n{{}}\n");
        assert!(read(named.as_bytes(), "").err().unwrap().contains("255 bytes: line 1"));
    }
}
