//! The formats that have a name of their own.

use crate::format::Kind;
use crate::json::Json;
use crate::{Fields, FormatError};

/// The format of access log lines that is called `name`; `None` when no such name is known.
pub(crate) fn calls(name: &str, fields: &Fields) -> Option<Result<Kind, FormatError>> {
    Some(match name {
        "json" => Json::calls(fields).map(Kind::Json),
        "caddy" => Json::caddy(fields).map(Kind::Json),
        _ => return None,
    })
}
