//! Traefik's access log: its extension of the Common Log Format, and its JSON.

use crate::escape::Escapes;
use crate::json::{Json, WithoutId};
use crate::program::{Class, Piece, Program, Slot, TimeForm};
use crate::reader::Scratch;
use crate::time::Unit;
use crate::{Fields, FormatError, Line, Unread};

/// Both formats: a line says itself which it is.
#[derive(Debug)]
pub(crate) struct Traefik {
    common: Program,
    json: Json,
}

impl Traefik {
    /// `fields` adds headers of the JSON form.
    pub(crate) fn new(fields: &Fields) -> Result<Self, FormatError> {
        Ok(Self { common: common(), json: Json::traefik(fields)? })
    }

    /// What a line of JSON without a request id is taken for.
    pub(crate) fn with(self, without_id: WithoutId) -> Self {
        Self { json: self.json.with(without_id), ..self }
    }

    /// Whether the line has the look of either.
    pub(crate) fn fits(&self, line: &[u8], scratch: &mut Scratch) -> bool {
        line.trim_ascii_start().starts_with(b"{") || self.common.fits(line, &mut scratch.spans)
    }

    /// Reads one line, into a place of the caller's.
    pub(crate) fn read_into<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
        read: &mut Line<'a>,
    ) -> Result<(), Unread> {
        match line.trim_ascii_start().first() {
            Some(b'{') => self.json.read_into(line, scratch, read),
            _ => self.common.read_into(line, scratch, read),
        }
    }
}

/// The Common Log Format with a count, the router, the server's URL and milliseconds after it.
/// Quotes inside quotes are written as they came.
pub(crate) fn common() -> Program {
    use Class::{Clf, Integer, Text, Token};
    let mut pieces = Vec::new();
    for (name, class, slot, after) in [
        ("ClientHost", Token, Slot::Address, " - "),
        ("ClientUsername", Text, Slot::User, " ["),
        ("StartUTC", Clf, Slot::Time(TimeForm::Clf), "] \""),
        ("Request", Text, Slot::RequestLine, "\" "),
        ("DownstreamStatus", Integer, Slot::Status, " "),
        ("DownstreamContentSize", Integer, Slot::Bytes, " \""),
        ("request_Referer", Text, Slot::Referer, "\" \""),
        ("request_User-Agent", Text, Slot::UserAgent, "\" "),
        ("RequestCount", Integer, Slot::Ignored, " \""),
        ("RouterName", Text, Slot::Upstream, "\" \""),
        ("ServiceURL", Text, Slot::Ignored, "\" "),
        ("Duration", Integer, Slot::Duration(Unit::Millis), "ms"),
    ] {
        pieces.extend([Piece::field(name, class, slot), Piece::text(after)]);
    }
    Program::new(Escapes::None, pieces)
}
