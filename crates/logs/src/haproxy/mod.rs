//! HAProxy's access log: `option httplog`, `option httpslog`, both with a unique id, and any
//! `log-format`.
//!
//! HAProxy logs captured headers without their names; `fields` gives them meanings, as in
//! `{ user_agent = "capture.request.0" }`. The time may have a zone.

mod alias;
mod format;

use crate::program::Program;
use crate::reader::Scratch;
use crate::{Fields, FormatError, Line, RequestId, Unread};

pub(crate) use format::{compile, is_format};

/// HAProxy's `option httplog`; 1.x and 2.x differ in what they call the timers alone.
const HTTP: &str = "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc \
                    %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r";

/// What `option httpslog` has after the request.
const TLS: &str = " %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] \
                   %[ssl_fc_sni]/%sslv/%sslc";

/// What stands for a request that is no HTTP.
const NO_REQUEST: &[u8] = b"<BADREQ>";

/// The formats that go by the name `haproxy`; a line says itself which it is.
#[derive(Debug)]
pub(crate) struct HaProxy {
    /// The time as HAProxy's own formats have it, without a zone.
    local: Forms,
    /// With one, as who knows better writes it (`%trl`, `%trg`).
    zoned: Forms,
}

/// Whether HAProxy speaks of itself, which it does in the same log.
fn is_notice(line: &[u8]) -> bool {
    let begins = |words: &[u8]| line.starts_with(words);
    let has = |words: &[u8]| memchr::memmem::find(line, words).is_some();
    (begins(b"Proxy ") && (has(b" started.") || has(b" stopped (")))
        || ((begins(b"Server ") || begins(b"Backup Server "))
            && (has(b" is UP") || has(b" is DOWN")))
        || ((begins(b"backend ") || begins(b"proxy ")) && has(b" has no server available!"))
}

#[derive(Debug)]
struct Forms {
    http: Program,
    https: Program,
    id_before: Program,
    id_after: Program,
}

impl Forms {
    fn new(http: &str, fields: &Fields) -> Result<Self, FormatError> {
        Ok(Self {
            http: compile(http, fields)?,
            https: compile(&format!("{http}{TLS}"), fields)?,
            id_before: compile(&format!("%ID {http}"), fields)?,
            id_after: compile(&format!("{http} %ID"), fields)?,
        })
    }
}

impl HaProxy {
    /// `fields` names captured headers.
    pub(crate) fn new(fields: &Fields) -> Result<Self, FormatError> {
        Ok(Self {
            local: Forms::new(HTTP, fields)?,
            zoned: Forms::new(&HTTP.replace("%tr]", "%trl]"), fields)?,
        })
    }

    /// Whether the line has the fields of one of them.
    pub(crate) fn fits(&self, line: &[u8], scratch: &mut Scratch) -> bool {
        self.variant(line).fits(line, &mut scratch.spans)
    }

    /// Reads one line, into a place of the caller's.
    pub(crate) fn read_into<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
        read: &mut Line<'a>,
    ) -> Result<(), Unread> {
        if is_notice(line) {
            *read = Line::Nothing;
            return Ok(());
        }
        self.variant(line).read_into(line, scratch, read)?;
        if let Line::Call(call) = read
            && call.target == NO_REQUEST
            && call.request_id == RequestId::Missing
        {
            // HAProxy makes no id for what is no request: nobody went past it.
            call.request_id = RequestId::NotLogged;
        }
        Ok(())
    }

    /// The time in brackets is the second word, unless an id stands before it; behind the request
    /// stand two words of TLS, one id, or nothing.
    fn variant(&self, line: &[u8]) -> &Program {
        let mut words = line.splitn(4, |&b| b == b' ').skip(1);
        let (second, third) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_first = second.starts_with(b"[");
        // A zone stands behind a blank.
        let is_whole = if is_first { second } else { third }.ends_with(b"]");
        let forms = if is_whole { &self.local } else { &self.zoned };
        if !is_first {
            return &forms.id_before;
        }
        let behind = memchr::memrchr(b'"', line).map_or(&b""[..], |quote| &line[quote + 1..]);
        match behind.iter().filter(|&&b| b == b' ').count() {
            0 => &forms.http,
            1 => &forms.id_after,
            _ => &forms.https,
        }
    }
}
