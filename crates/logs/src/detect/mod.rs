//! The format of lines that nobody named, found from the lines.

mod auto;
mod guess;
#[cfg(test)]
mod tests;
mod undetected;

use dolmen_model::RequestId;

use crate::format::Kind;
use crate::json::{Json, WithoutId};
use crate::traefik::Traefik;
use crate::{Fields, Format, Line};

use auto::Candidate;
pub(crate) use auto::{Auto, AutoState};
pub use undetected::{Tried, Undetected};

/// The formats that need no parameters, the more particular before those that read its lines too,
/// if less well.
const NAMES: [&str; 13] = [
    "caddy",
    "traefik",
    "haproxy",
    "envoy",
    "istio",
    "alb",
    "w3c",
    "common",
    "combined",
    "combinedio",
    "vhost_common",
    "vhost_combined",
    "json",
];

/// Formats guessed from the sample: a file goes over to another once or twice in its life.
const GUESSED: usize = 4;

/// Lines looked at; enough to see every kind of line that a busy server writes.
const LINES: usize = 500;

impl Format {
    /// The format of the access log lines in `sample`, the beginning of a file: the one that reads
    /// most of them. Some may be garbage, as long as a tenth are calls; the last may be cut.
    ///
    /// Servers let people add to the common formats at their end. What is added is told by its
    /// look: a request id, forwarded addresses, a duration.
    ///
    /// A file may go over to another of these formats half-way: a [`Reader`](crate::Reader) that
    /// meets a line its present format does not read tries the others, and stays with the one
    /// that does. Hardly any line fits two formats; where one does, what it is taken for depends
    /// on the lines that the same reader read before it.
    ///
    /// A sample without any line is no error: its format is found by its first line.
    pub fn detect(sample: &[u8]) -> Result<Self, Undetected> {
        let lines = lines(sample);
        let mut candidates: Vec<Candidate> =
            NAMES.iter().filter_map(|name| Candidate::calls(name)).collect();
        let guessed = guess::formats(&lines);
        candidates.extend(guessed.iter().take(GUESSED).filter_map(|text| Candidate::calls(text)));
        let Some(first_line) = lines.first() else {
            return Ok(Self::auto(candidates));
        };
        let (best, read) = best(&candidates, &lines);
        if read * 10 < lines.len() {
            let formats = candidates.iter().map(Candidate::format);
            return Err(Undetected::new(first_line, formats));
        }
        let first = candidates.remove(best);
        let first = match first.format().name() {
            name @ ("json" | "caddy" | "traefik") if has_ids(first.format(), &lines) => {
                expecting_ids(name).map_or(first, Candidate::of)
            }
            _ => first,
        };
        candidates.insert(0, first);
        Ok(Self::auto(candidates))
    }

    /// The format of the application log lines in `sample`: JSON, if any line enters an operation.
    ///
    /// A sample without any line is no error.
    pub fn detect_marks(sample: &[u8]) -> Result<Self, Undetected> {
        let lines = lines(sample);
        let json = json_marks(WithoutId::NotLogged)?;
        let Some(first_line) = lines.first() else {
            return Ok(json);
        };
        match score(&json, &lines, 0) {
            None | Some(0) => Err(Undetected::without_operation(first_line, &json)),
            _ if has_ids(&json, &lines) => json_marks(WithoutId::Missing),
            _ => Ok(json),
        }
    }

    fn auto(candidates: Vec<Candidate>) -> Self {
        let first = candidates.first().map(|candidate| candidate.format().name().to_owned());
        Self::from_kind(Kind::Auto(Auto::new(candidates)), first.unwrap_or_default())
    }
}

/// The lines that are not blank, at most [`LINES`], taken evenly from the whole sample. The last may
/// be cut off by the sample's end: one line less that is read changes nothing.
fn lines(sample: &[u8]) -> Vec<&[u8]> {
    let is_blank = |line: &&[u8]| line.iter().all(u8::is_ascii_whitespace);
    let lines: Vec<&[u8]> = sample.split(|&b| b == b'\n').filter(|line| !is_blank(line)).collect();
    let step = lines.len().div_ceil(LINES).max(1);
    lines.into_iter().step_by(step).collect()
}

/// The number of the candidate that reads most lines, of several the first, and how many those are.
fn best(candidates: &[Candidate], lines: &[&[u8]]) -> (usize, usize) {
    // Those that were guessed from these lines, if any, are the last, and one of them nearly always reads
    // all: then the others end at the first line that they do not read, which is slow to find out about.
    let numbered = candidates.iter().enumerate().rev();
    numbered.fold((0, 0), |(best, most), (number, candidate)| {
        match score(candidate.format(), lines, most) {
            Some(read) => (number, read),
            None => (best, most),
        }
    })
}

/// How many of the lines are calls or marks, or name the columns of calls to come; `None` where it
/// is less than `least`.
fn score(format: &Format, lines: &[&[u8]], least: usize) -> Option<usize> {
    let mut reader = format.reader();
    let mut is_read = |line: &[u8]| match reader.read(line) {
        Ok(Line::Call(_) | Line::Mark(_)) => true,
        Ok(Line::Nothing) => line.starts_with(b"#Fields:"),
        Err(_) => false,
    };
    let mut read = lines.len();
    for line in lines {
        if !is_read(line) {
            read -= 1;
        }
        if read < least {
            return None;
        }
    }
    Some(read)
}

/// Loggers of JSON leave a key out that they have no value for. Where some lines have a request id,
/// one that has none is a request that had none.
fn expecting_ids(name: &str) -> Option<Format> {
    let fields = Fields::new();
    let kind = match name {
        "json" => Kind::Json(Json::calls(&fields).ok()?.with(WithoutId::Missing)),
        "caddy" => Kind::Json(Json::caddy(&fields).ok()?.with(WithoutId::Missing)),
        _ => Kind::Traefik(Traefik::new(&fields).ok()?.with(WithoutId::Missing)),
    };
    Some(Format::from_kind(kind, name.to_owned()))
}

fn json_marks(without_id: WithoutId) -> Result<Format, Undetected> {
    match Json::marks(&Fields::new()) {
        Ok(json) => Ok(Format::from_kind(Kind::Json(json.with(without_id)), "json".to_owned())),
        Err(error) => Err(Undetected { line: error.text, tried: Vec::new() }),
    }
}

fn has_ids(format: &Format, lines: &[&[u8]]) -> bool {
    let mut reader = format.reader();
    lines.iter().any(|line| match reader.read(line) {
        Ok(Line::Call(call)) => matches!(call.request_id, RequestId::Is(_)),
        Ok(Line::Mark(mark)) => matches!(mark.request_id, RequestId::Is(_)),
        _ => false,
    })
}
