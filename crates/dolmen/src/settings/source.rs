//! The sources of a configuration, checked one by one and against one another.

use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dolmen_collect::{FormatChoice, Holds};
use dolmen_logs::{Envelope, Fields, Format};
use dolmen_model::nearest;
use glob::Pattern;
use toml::Spanned;

use super::arrival::{self, Arrival};
use super::document::Document;
use super::file::{SourceHolds, SourceKind, SourceSection};
use super::problem::Problem;
use super::sections;

/// A source that is ready to be read.
#[derive(Clone, Debug)]
pub(crate) struct SourceSettings {
    pub(crate) name: String,
    pub(crate) intake: Intake,
    pub(crate) holds: Holds,
    pub(crate) format: FormatChoice,
    /// Empty where it names none.
    pub(crate) service: String,
    /// The source in front of it, by its place in the list.
    pub(crate) behind: Option<usize>,
}

/// Where the lines of a source come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Intake {
    /// From files.
    Files(Vec<LogPath>),
    /// Over the network, or from the bus: `dolmen serve` reads these.
    Arrives(Arrival),
}

impl Intake {
    /// The word for it in `dolmen.toml`.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Files(_) => SourceKind::File.word(),
            Self::Arrives(arrival) => arrival.kind.word(),
        }
    }
}

/// The path of a source, no longer relative to the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogPath {
    /// One file, whether it is there or not.
    One(PathBuf),
    /// The files that match.
    Matching(Pattern),
}

/// Reads and checks all sources.
pub(super) fn read(document: &Document<'_>, problems: &mut Vec<Problem>) -> Vec<SourceSettings> {
    let before = problems.len();
    let sections = sections::<SourceSection>(document, "source", problems);
    buses(document, &sections, problems);
    // Who stands behind a source that could not be read is no fault of its own.
    let fronts = match problems.len() == before {
        true => chains(document, &sections, problems),
        false => vec![None; sections.len()],
    };
    let sources = sections.iter().zip(fronts).map(|(section, behind)| {
        let format = format(document, section, problems);
        SourceSettings {
            name: section.name.get_ref().clone(),
            intake: intake(document, section, problems),
            holds: match section.holds {
                SourceHolds::Calls => Holds::Calls,
                SourceHolds::Marks => Holds::Marks,
            },
            format,
            service: section.service.as_ref().map(|s| s.get_ref().clone()).unwrap_or_default(),
            behind,
        }
    });
    sources.collect()
}

/// What a source of the kind "bus" cannot be told, and that there is one at most: there is one bus.
fn buses(document: &Document<'_>, sections: &[SourceSection], problems: &mut Vec<Problem>) {
    let is_bus = |section: &&SourceSection| {
        section.kind.as_ref().is_some_and(|kind| *kind.get_ref() == SourceKind::Bus)
    };
    let mut first: Option<&str> = None;
    for section in sections.iter().filter(is_bus) {
        let name = section.name.get_ref();
        let mut problem = |at: Range<usize>, message: String| {
            problems.push(document.problem(at, message));
        };
        if let Some(first) = first {
            let message =
                format!("the journal is read by `{first}` already: remove one of the two");
            problem(section.name.span(), message);
        }
        first.get_or_insert(name);
        if section.holds == SourceHolds::Marks {
            let message = "the journal of a bus holds calls: remove `holds`";
            problem(section.name.span(), message.to_owned());
        }
        let written = [
            ("format", section.format.as_ref().map(Spanned::span)),
            ("fields", section.fields.as_ref().map(Spanned::span)),
            ("line", section.line.as_ref().map(Spanned::span)),
            ("service", section.service.as_ref().map(Spanned::span)),
            ("behind", section.behind.as_ref().map(Spanned::span)),
        ];
        for (key, at) in written {
            if let Some(at) = at {
                let message = format!(
                    "a record of the bus says itself what it is: remove `{key}`, or change `kind`"
                );
                problem(at, message);
            }
        }
    }
}

fn intake(document: &Document<'_>, section: &SourceSection, problems: &mut Vec<Problem>) -> Intake {
    let name = section.name.get_ref();
    let mut problem = |at: Range<usize>, message: String| {
        problems.push(document.problem(at, message));
    };
    let source = section.name.span();
    let (listen, path) = (section.listen.as_ref(), section.path.as_ref());
    let kind = section.kind.as_ref().map_or(SourceKind::default(), |kind| *kind.get_ref());
    match kind {
        SourceKind::Kafka => {
            let at = section.kind.as_ref().map_or(source, Spanned::span);
            problem(
                at,
                format!(
                    "`{name}` reads from Kafka, which is not built in yet: write the topic to a \
                     file, or send it to a source of the kind \"tcp\" or \"http\""
                ),
            );
            // Its other keys are not at fault.
            return Intake::Arrives(Arrival::nowhere(kind));
        }
        SourceKind::Tcp | SourceKind::Syslog | SourceKind::Http => match listen {
            None => problem(
                source,
                format!("`{name}` needs `listen`, such as listen = \"127.0.0.1:5514\""),
            ),
            Some(listen) if listen.get_ref().parse::<SocketAddr>().is_err() => problem(
                listen.span(),
                "this is no address to listen at: write address and port, such as \
                 \"127.0.0.1:5514\" or \"[::1]:5514\""
                    .to_owned(),
            ),
            Some(_) => {}
        },
        SourceKind::File if path.is_none_or(|path| path.get_ref().0.is_empty()) => problem(
            source,
            format!("`{name}` needs `path`: the file, or several with wildcards or in a list"),
        ),
        SourceKind::File | SourceKind::Bus => {}
    }
    if let SourceKind::File | SourceKind::Bus = kind {
        for (key, at) in arrival::keys_of_the_network(section) {
            let kind = kind.word();
            let message = format!(
                "`{key}` is for sources that listen, and one of the kind \"{kind}\" listens at no \
                 address: remove it, or change `kind`"
            );
            problem(at, message);
        }
    }
    match (kind, path) {
        (SourceKind::File, path) => {
            let paths = path.map(|path| path.get_ref().0.as_slice()).unwrap_or_default();
            let files = paths.iter().filter_map(|text| match log_path(document, text) {
                Ok(path) => Some(path),
                Err(error) => {
                    let at = path.map_or(0..0, Spanned::span);
                    problem(at, format!("the wildcards of `{text}` cannot be read: {error}"));
                    None
                }
            });
            Intake::Files(files.collect())
        }
        (kind, Some(path)) => {
            let message = format!(
                "a source of the kind \"{}\" reads no file: remove it, or change `kind`",
                kind.word()
            );
            problem(path.span(), message);
            Intake::Arrives(Arrival::nowhere(kind))
        }
        (kind, None) => Intake::Arrives(arrival::read(document, section, kind, problems)),
    }
}

fn log_path(document: &Document<'_>, text: &str) -> Result<LogPath, glob::PatternError> {
    if !text.contains(['*', '?', '[']) {
        return Ok(LogPath::One(beside(document, text)));
    }
    // The folder of the configuration is a name, whatever characters it has.
    let folder = document.path().parent().unwrap_or(Path::new("")).to_string_lossy();
    let pattern = Path::new(&Pattern::escape(&folder)).join(text);
    Pattern::new(&pattern.to_string_lossy()).map(LogPath::Matching)
}

/// A path of the configuration; relative ones start at its folder.
pub(super) fn beside(document: &Document<'_>, path: &str) -> PathBuf {
    document.path().parent().unwrap_or(Path::new("")).join(path)
}

fn format(
    document: &Document<'_>,
    section: &SourceSection,
    problems: &mut Vec<Problem>,
) -> FormatChoice {
    let none = Fields::new();
    if section.kind.as_ref().is_some_and(|kind| *kind.get_ref() == SourceKind::Bus) {
        let format = Format::calls("bus", &none);
        return format.map_or(FormatChoice::Auto, |format| FormatChoice::Given(Arc::new(format)));
    }
    let envelope = section.line.as_ref().and_then(|line| match Envelope::new(line.get_ref()) {
        Ok(envelope) => Some(envelope),
        Err(error) => {
            problems.push(document.problem(line.span(), error.message));
            None
        }
    });
    let fields = section.fields.as_ref().map_or(&none, |fields| fields.get_ref());
    let format = match &section.format {
        Some(format) if format.get_ref() != "auto" => format,
        _ => {
            if let Some(fields) = section.fields.as_ref().filter(|f| !f.get_ref().is_empty()) {
                let message = "`fields` needs a format whose fields have names: add \
                               format = \"json\", or a regular expression with named groups";
                problems.push(document.problem(fields.span(), message));
            }
            let line = section.line.as_ref().filter(|_| envelope.is_some());
            return line
                .map_or(FormatChoice::Auto, |line| FormatChoice::AutoIn(line.get_ref().clone()));
        }
    };
    let compiled = match section.holds {
        SourceHolds::Calls => Format::calls(format.get_ref(), fields),
        SourceHolds::Marks => Format::marks(format.get_ref(), fields),
    };
    match compiled {
        Ok(format) => FormatChoice::Given(Arc::new(match envelope {
            Some(envelope) => envelope.around(format),
            None => format,
        })),
        Err(error) => {
            let at = document.inside(format.span(), error.at);
            problems.push(document.problem(at, error.message));
            FormatChoice::Auto
        }
    }
}

/// Who stands behind whom, and whether names are fit to say so.
fn chains(
    document: &Document<'_>,
    sections: &[SourceSection],
    problems: &mut Vec<Problem>,
) -> Vec<Option<usize>> {
    let names: Vec<&str> = sections.iter().map(|s| s.name.get_ref().as_str()).collect();
    for (n, section) in sections.iter().enumerate() {
        let message = if names[n].is_empty() {
            "a source needs a name"
        } else if names[..n].contains(&names[n]) {
            "another source has this name: choose a new one"
        } else {
            continue;
        };
        problems.push(document.problem(section.name.span(), message));
    }
    let mut fronts = vec![None; sections.len()];
    for (n, section) in sections.iter().enumerate() {
        let Some(behind) = &section.behind else { continue };
        let front = names.iter().position(|name| name == behind.get_ref());
        let message = match front {
            None => {
                let others = names.iter().copied().filter(|name| *name != names[n]);
                let advice = match nearest(behind.get_ref(), others) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "write the `name` of another [[source]]".to_owned(),
                };
                format!("there is no source `{}`; {advice}", behind.get_ref())
            }
            Some(front) if front == n => "a source cannot stand behind itself".to_owned(),
            Some(front) if [n, front].iter().any(|&n| sections[n].holds == SourceHolds::Marks) => {
                "only sources of calls stand behind one another: marks are joined by request id"
                    .to_owned()
            }
            Some(front) => {
                fronts[n] = Some(front);
                if !is_circle(&fronts, n) {
                    continue;
                }
                fronts[n] = None;
                "these sources stand behind one another in a circle: the outermost has no `behind`"
                    .to_owned()
            }
        };
        problems.push(document.problem(behind.span(), message));
    }
    fronts
}

fn is_circle(fronts: &[Option<usize>], start: usize) -> bool {
    let mut at = start;
    // No chain is longer than there are sources.
    for _ in 0..fronts.len() {
        match fronts[at] {
            Some(front) if front == start => return true,
            Some(front) => at = front,
            None => return false,
        }
    }
    true
}
