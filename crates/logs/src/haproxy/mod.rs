//! HAProxy's access log: `option httplog`, `option httpslog`, both with a unique id, and any
//! `log-format`.
//!
//! HAProxy logs captured headers without their names; `fields` gives them meanings, as in
//! `{ user_agent = "capture.request.0" }`.

mod alias;
mod format;

use crate::program::Program;
use crate::reader::Scratch;
use crate::{Fields, FormatError, Line, Unread};

pub(crate) use format::{compile, is_format};

/// HAProxy's `option httplog`; 1.x and 2.x differ in what they call the timers alone.
const HTTP: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc \
                    %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";

/// What `option httpslog` has after the request.
const TLS: &str = " %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] \
                   %[ssl_fc_sni]/%sslv/%sslc";

/// The formats that go by the name `haproxy`; a line says itself which it is.
#[derive(Debug)]
pub(crate) struct HaProxy {
    http: Program,
    https: Program,
    id_before: Program,
    id_after: Program,
}

impl HaProxy {
    /// `fields` names captured headers.
    pub(crate) fn new(fields: &Fields) -> Result<Self, FormatError> {
        Ok(Self {
            http: compile(HTTP, fields)?,
            https: compile(&format!("{HTTP}{TLS}"), fields)?,
            id_before: compile(&format!("%ID {HTTP}"), fields)?,
            id_after: compile(&format!("{HTTP} %ID"), fields)?,
        })
    }

    /// Whether the line has the fields of one of them.
    pub(crate) fn fits(&self, line: &[u8], scratch: &mut Scratch) -> bool {
        self.variant(line).fits(line, &mut scratch.spans)
    }

    /// Reads one line.
    pub(crate) fn read<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<Line<'a>, Unread> {
        self.variant(line).read(line, scratch)
    }

    /// The time in brackets is the second word, unless an id stands before it; behind the request
    /// stand two words of TLS, one id, or nothing.
    fn variant(&self, line: &[u8]) -> &Program {
        let second = memchr::memchr(b' ', line).and_then(|blank| line.get(blank + 1));
        if second.is_some_and(|&b| b != b'[') {
            return &self.id_before;
        }
        let behind = memchr::memrchr(b'"', line).map_or(&b""[..], |quote| &line[quote + 1..]);
        match behind.iter().filter(|&&b| b == b' ').count() {
            0 => &self.http,
            1 => &self.id_after,
            _ => &self.https,
        }
    }
}
