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

/// The formats that go by the name `haproxy`; no line fits more than one.
#[derive(Debug)]
pub(crate) struct HaProxy {
    variants: Box<[Program]>,
}

impl HaProxy {
    /// `fields` names captured headers.
    pub(crate) fn new(fields: &Fields) -> Result<Self, FormatError> {
        let formats =
            [HTTP.to_owned(), format!("{HTTP}{TLS}"), format!("{HTTP} %ID"), format!("%ID {HTTP}")];
        let variants = formats.iter().map(|format| compile(format, fields));
        Ok(Self { variants: variants.collect::<Result<_, _>>()? })
    }

    /// Whether the line has the fields of any of them.
    pub(crate) fn fits(&self, line: &[u8], scratch: &mut Scratch) -> bool {
        self.variants.iter().any(|program| program.fits(line, &mut scratch.spans))
    }

    /// Reads one line.
    pub(crate) fn read<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
    ) -> Result<Line<'a>, Unread> {
        let program = Program::fitting(&self.variants, line, scratch)?;
        program.finish(line, scratch)
    }
}
