//! Lines that a sender put into JSON of its own: Filebeat, Vector, Fluent Bit, Docker.

use std::borrow::Cow;

use super::keys::{Keys, Leaf};
use super::route::Route;
use super::scan::{Form, Pick};
use super::{FormatError, in_path};
use crate::escape::Escapes;
use crate::format::Kind;
use crate::reader::Scratch;
use crate::{Format, Line, Unread};

/// Where a line lies that is a text in a JSON object.
#[derive(Debug)]
pub struct Envelope {
    key: String,
    keys: Keys,
}

/// A format of what lies in an envelope.
#[derive(Debug)]
pub(crate) struct Within {
    envelope: Envelope,
    format: Box<Format>,
}

/// What a reader of envelopes reuses: a part of its scratch.
#[derive(Debug, Default)]
pub(crate) struct WithinState {
    opener: Opener,
    /// The line, where it has escapes.
    line: Vec<u8>,
    /// That of the format within.
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Opener {
    picks: [Pick; 1],
    route: Route,
}

impl Envelope {
    /// The keys in which the usual senders put the line.
    pub const USUAL: [&str; 3] = ["message", "log", "event.original"];

    /// A key, or a path of several with dots between them.
    pub fn new(key: &str) -> Result<Self, FormatError> {
        let mut keys = Keys::new();
        let wanted = keys.want(key, Leaf { slot: 0, rank: 0 });
        wanted.map_err(|bad| in_path("line", key, bad))?;
        Ok(Self { key: key.to_owned(), keys: keys.finish() })
    }

    /// A format of lines that lie in such objects. The objects stay the raw lines.
    #[must_use]
    pub fn around(self, format: Format) -> Format {
        let name = format!("{} in `{}`", format.name(), self.key);
        let within = Within { envelope: self, format: Box::new(format) };
        Format::from_kind(Kind::Within(within), name)
    }

    /// The lines that lie in these objects; what is none of them is left out.
    pub fn lines(&self, objects: &[u8]) -> Vec<u8> {
        let mut opener = Opener::default();
        let mut lines = Vec::new();
        for object in objects.split(|&byte| byte == b'\n') {
            let mut undone = Vec::new();
            if let Ok((line, _)) = self.open(object, &mut opener, &mut undone) {
                lines.extend_from_slice(line);
                lines.push(b'\n');
            }
        }
        lines
    }

    /// The line in an object, and where it begins there.
    fn open<'a>(
        &self,
        object: &'a [u8],
        Opener { picks, route }: &mut Opener,
        undone: &'a mut Vec<u8>,
    ) -> Result<(&'a [u8], usize), Unread> {
        self.keys.scan(object, picks, route)?;
        let pick = picks[0];
        let line: &[u8] = match pick.form {
            Form::Text => &object[pick.start..pick.end],
            Form::Escaped => {
                undone.clear();
                Escapes::Json.undo(&object[pick.start..pick.end], undone);
                undone
            }
            _ => {
                let expected = format!("the log line, a text, under the key `{}`", self.key);
                return Err(Unread::new(0, Cow::Owned(expected)));
            }
        };
        // Docker keeps the line's end.
        Ok((line.trim_ascii_end(), pick.start))
    }
}

impl Within {
    pub(crate) fn is_sequential(&self) -> bool {
        self.format.is_sequential()
    }

    /// Reads one line, into a place of the caller's.
    pub(crate) fn read_into<'a>(
        &'a self,
        object: &'a [u8],
        scratch: &'a mut Scratch,
        read: &mut Line<'a>,
    ) -> Result<(), Unread> {
        let WithinState { opener, line, scratch } = &mut **scratch.within.get_or_insert_default();
        let (line, begins) = self.envelope.open(object, opener, line)?;
        scratch.bytes.clear();
        let result = self.format.read_into(line, scratch, read);
        result.map_err(|unread| unread.after(begins))
    }
}
