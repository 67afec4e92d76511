use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use crate::json::Json;
use crate::program::Program;
use crate::reader::{Reader, Scratch};
use crate::{Line, Unread, nickname};

/// A compiled log format. Immutable, shared by all workers.
#[derive(Debug)]
pub struct Format {
    kind: Kind,
    name: String,
}

/// Where `json` and regular-expression formats find each field: dolmen's field name (`time`,
/// `request_id`, `operation`, `service`, `address`, `method`, `target`, `status`, `user_agent`, …)
/// to the log's own (a key, a dotted path, or a group's name).
pub type Fields = BTreeMap<String, String>;

/// How lines are read. HAProxy, Envoy, ALB and Traefik's CLF are programs too, put together by
/// their own modules; a family that is no flat line has a type with the same `read`.
#[derive(Debug)]
pub(crate) enum Kind {
    Program(Program),
    Json(Json),
}

/// A format that cannot be compiled: what is wrong, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    /// The format's text as it was given.
    pub text: String,
    /// The bytes of `text` at fault.
    pub at: Range<usize>,
    /// What is wrong there, and what would be right.
    pub message: String,
}

impl fmt::Display for FormatError {
    /// Three lines: the message, the format, a caret under the fault.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)
    }
}

impl std::error::Error for FormatError {}

impl Format {
    /// A format of access log lines: a nickname (`common`, `combined`, `haproxy`, `caddy`, …), an
    /// Apache `LogFormat` (has `%`), an nginx `log_format` (has `$`), `json`, or a regular
    /// expression with named groups.
    pub fn calls(text: &str, fields: &Fields) -> Result<Self, FormatError> {
        if let Some(kind) = nickname::calls(text, fields) {
            return Ok(Self { kind: kind?, name: text.to_owned() });
        }
        Err(FormatError { text: text.to_owned(), at: 0..text.len(), message: "unknown".to_owned() })
    }

    /// A format of application log lines: `json`, or a regular expression with named groups.
    pub fn marks(text: &str, fields: &Fields) -> Result<Self, FormatError> {
        match text {
            "json" => Ok(Self { kind: Kind::Json(Json::marks(fields)?), name: text.to_owned() }),
            _ => Self::calls(text, fields),
        }
    }

    /// What a person calls it: the nickname, or the family and the text.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a line's meaning depends on an earlier line of the same file (W3C's `#Fields:`), so
    /// that one file's lines must be read in their order.
    pub fn is_sequential(&self) -> bool {
        false
    }

    /// A reader for one worker.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self)
    }

    pub(crate) fn read<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<Line<'a>, Unread> {
        match &self.kind {
            Kind::Program(program) => program.read(line, scratch),
            Kind::Json(json) => json.read(line, scratch),
        }
    }
}
