use std::collections::BTreeMap;

use crate::detect::Auto;
use crate::haproxy::HaProxy;
use crate::json::{Json, Within};
use crate::paste::{self, Pasted, Spelling};
use crate::pattern::Pattern;
use crate::program::{BareQuotes, Program};
use crate::reader::{Reader, Scratch, without_line_end};
use crate::traefik::Traefik;
use crate::values::{self, FieldName, Value};
use crate::w3c::W3c;
use crate::{FormatError, Line, Unread, apache, nginx, nickname, syslog};

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
/// their own modules; a family that is no flat line has a type of its own.
#[derive(Debug)]
pub(crate) enum Kind {
    Program(Program),
    Json(Json),
    Pattern(Pattern),
    Traefik(Traefik),
    HaProxy(Box<HaProxy>),
    W3c(W3c),
    Auto(Auto),
    Within(Within),
}

impl Format {
    /// A format of access log lines: a nickname (`common`, `combined`, `haproxy`, `caddy`, …), an
    /// Apache `LogFormat` (has `%`), an nginx `log_format` (has `$name`), `json`, or a regular
    /// expression with named groups. A `LogFormat`, `CustomLog` or `log_format` line copied from a
    /// configuration is understood as it is.
    pub fn calls(text: &str, fields: &Fields) -> Result<Self, FormatError> {
        let trimmed = text.trim();
        if let Some(program) = flat_nickname(trimmed) {
            return Ok(Self { kind: Kind::Program(program?), name: trimmed.to_owned() });
        }
        if let Some(kind) = nickname::calls(trimmed, fields) {
            return Ok(Self { kind: kind?, name: trimmed.to_owned() });
        }
        if is_pattern(trimmed) {
            return Self::pattern(Pattern::calls(trimmed, fields)?, trimmed);
        }
        let (program, family) = match paste::pasted(trimmed)? {
            Some(Pasted::Apache(spelling)) => match flat_nickname(spelling.text(..)) {
                Some(program) => (program?, "Apache"),
                None => (apache::compile(&spelling)?, "Apache"),
            },
            Some(Pasted::Nginx(spelling, escape)) => (nginx::compile(&spelling, escape)?, "nginx"),
            None => flat(trimmed)?,
        };
        Ok(Self { kind: Kind::Program(program), name: format!("{family} {trimmed}") })
    }

    /// A format of application log lines: `json`, or a regular expression with named groups.
    pub fn marks(text: &str, fields: &Fields) -> Result<Self, FormatError> {
        let trimmed = text.trim();
        if trimmed == "json" {
            return Ok(Self { kind: Kind::Json(Json::marks(fields)?), name: trimmed.to_owned() });
        }
        if is_pattern(trimmed) {
            return Self::pattern(Pattern::marks(trimmed, fields)?, trimmed);
        }
        Err(FormatError::whole(trimmed, MARKS))
    }

    /// The same format with another view of quotes, where it is a program.
    pub(crate) fn bare_quotes(self, bare_quotes: BareQuotes) -> Self {
        let kind = match self.kind {
            Kind::Program(program) => Kind::Program(program.bare_quotes(bare_quotes)),
            kind => kind,
        };
        Self { kind, ..self }
    }

    /// The same format by another name.
    pub(crate) fn named(self, name: String) -> Self {
        Self { name, ..self }
    }

    pub(crate) fn from_kind(kind: Kind, name: String) -> Self {
        Self { kind, name }
    }

    fn pattern(pattern: Pattern, text: &str) -> Result<Self, FormatError> {
        Ok(Self { kind: Kind::Pattern(pattern), name: format!("regular expression {text}") })
    }

    /// What a person calls it: the nickname, or the family and the text.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a line's meaning depends on an earlier line of the same file (W3C's `#Fields:`), so
    /// that one file's lines must be read in their order.
    pub fn is_sequential(&self) -> bool {
        match &self.kind {
            Kind::W3c(_) => true,
            Kind::Auto(auto) => auto.is_sequential(),
            Kind::Within(within) => within.is_sequential(),
            _ => false,
        }
    }

    /// A reader for one worker.
    pub fn reader(&self) -> Reader<'_> {
        Reader::new(self)
    }

    /// Every field of a line, typed, under the name that the format gives it. Slower than a
    /// [`Reader`]; for those who look at single lines.
    pub fn fields(&self, line: &[u8]) -> Result<Vec<(FieldName, Value)>, Unread> {
        let line = without_line_end(line);
        match &self.kind {
            Kind::Program(program) => {
                let skipped = self.prefix(line);
                let read = program.values(&line[skipped..], &mut Scratch::default());
                read.map_err(|unread| unread.after(skipped))
            }
            Kind::Pattern(pattern) => pattern.values(line),
            Kind::Json(_)
            | Kind::Traefik(_)
            | Kind::HaProxy(_)
            | Kind::W3c(_)
            | Kind::Auto(_)
            | Kind::Within(_) => Ok(values::of_line(&self.reader().read(line)?)),
        }
    }

    pub(crate) fn read_into<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
        read: &mut Line<'a>,
    ) -> Result<(), Unread> {
        // What begins like this is not blank, and nothing was written before it.
        if let (Kind::Json(json), [b'{', ..]) = (&self.kind, line) {
            return json.read_into(line, scratch, read);
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            *read = Line::Nothing;
            return Ok(());
        }
        match self.prefix(line) {
            0 => self.read_bare_into(line, scratch, read),
            skipped => {
                let result = self.read_bare_into(&line[skipped..], scratch, read);
                result.map_err(|unread| unread.after(skipped))
            }
        }
    }

    /// [`read_into`](Self::read_into) of a line that is not blank, and that nothing was written
    /// before.
    pub(crate) fn read_bare_into<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &'a mut Scratch,
        read: &mut Line<'a>,
    ) -> Result<(), Unread> {
        match &self.kind {
            Kind::Program(program) => return program.read_into(line, scratch, read),
            Kind::Json(json) => return json.read_into(line, scratch, read),
            Kind::Auto(auto) => return auto.read_into(line, scratch, read),
            Kind::Within(within) => return within.read_into(line, scratch, read),
            Kind::Traefik(traefik) => return traefik.read_into(line, scratch, read),
            Kind::HaProxy(haproxy) => return haproxy.read_into(line, scratch, read),
            Kind::Pattern(pattern) => *read = pattern.read(line, scratch)?,
            Kind::W3c(w3c) => *read = w3c.read(line, scratch)?,
        }
        Ok(())
    }

    /// [`read_bare_into`](Self::read_bare_into) of a line that a program reads without a look back, as
    /// nearly all are. Whether it is one; where it is not, what is in `read` is of no use.
    #[inline]
    pub(crate) fn reads_quickly<'a>(
        &'a self,
        line: &'a [u8],
        scratch: &mut Scratch,
        read: &mut Line<'a>,
    ) -> bool {
        match &self.kind {
            Kind::Program(program) => program.reads_quickly(line, scratch, read),
            _ => false,
        }
    }

    /// Whether it is worth while to read a line in this format: cheap, and never wrongly no.
    pub(crate) fn may_read(&self, line: &[u8], scratch: &mut Scratch) -> bool {
        let line = &line[self.prefix(line)..];
        match &self.kind {
            Kind::Program(program) => program.fits(line, &mut scratch.spans),
            Kind::HaProxy(haproxy) => haproxy.fits(line, scratch),
            Kind::Traefik(traefik) => traefik.fits(line, scratch),
            Kind::Json(_) => line.trim_ascii_start().starts_with(b"{"),
            _ => true,
        }
    }

    /// How much of `line` a syslog daemon wrote before it. A format that itself begins with a time,
    /// or a regular expression, may mean just that.
    fn prefix(&self, line: &[u8]) -> usize {
        match (syslog::prefix(line), &self.kind) {
            (0, _) | (_, Kind::Pattern(_)) => 0,
            (_, Kind::Program(program)) if program.begins_with_time() => 0,
            (skipped, _) => skipped,
        }
    }
}

const MARKS: &str = "application log lines are read as `json` or by a regular expression with named \
                     groups, as in `(?<request_id>\\S+) entering (?<operation>.+)`";

const CALLS: &str = "no format has this name, and nothing in it says what a line holds: write \
                     Apache's directives (`%h`), nginx's variables (`$remote_addr`), `json`, or a \
                     regular expression with named groups (`(?<address>\\S+)`)";

fn flat_nickname(text: &str) -> Option<Result<Program, FormatError>> {
    if text == "nginx" {
        return Some(nginx::compile(&Spelling::plain(nginx::COMBINED), None));
    }
    let (_, format) = apache::NICKNAMES.iter().find(|(name, _)| *name == text)?;
    Some(apache::compile(&Spelling::plain(format)))
}

/// Named groups are in no other format.
fn is_pattern(text: &str) -> bool {
    text.contains("(?<") || text.contains("(?P<")
}

/// A format that is neither a name nor copied from a configuration.
fn flat(text: &str) -> Result<(Program, &'static str), FormatError> {
    let spelling = Spelling::plain(text);
    let is_nginx = match (text.contains('%'), text.contains('$')) {
        (false, false) => return Err(FormatError::whole(text, unknown(text))),
        // Each is plain text to the other.
        (true, true) => nginx::has_known_variable(text),
        (_, has_dollar) => has_dollar,
    };
    if is_nginx {
        Ok((nginx::compile(&spelling, None)?, "nginx"))
    } else {
        Ok((apache::compile(&spelling)?, "Apache"))
    }
}

fn unknown(text: &str) -> String {
    let names = apache::NICKNAMES.iter().map(|(name, _)| *name);
    let names = names.chain(["nginx"]).chain(nickname::NAMES);
    match names.min_by_key(|name| strsim::damerau_levenshtein(name, text)) {
        Some(near) if strsim::damerau_levenshtein(near, text) <= 2 => {
            format!("no format has this name; did you mean `{near}`?")
        }
        _ => CALLS.to_owned(),
    }
}
