//! Which files are read, and how: what was typed meets what is configured.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use dolmen_collect::{FormatChoice, Holds, Input, Origin, Source};
use dolmen_logs::{Fields, Format};
use dolmen_model::{NameId, Names};
use glob::Pattern;

use crate::exit::UsageError;
use crate::settings::{Arrival, Intake, LogPath, Settings, SourceSettings};

/// What was typed about inputs.
#[derive(Debug, Default)]
pub(in crate::commands) struct Typed {
    pub(in crate::commands) calls: Vec<PathBuf>,
    pub(in crate::commands) marks: Vec<PathBuf>,
    pub(in crate::commands) calls_format: Option<String>,
    pub(in crate::commands) marks_format: Option<String>,
}

impl Typed {
    /// Whether no file was typed.
    pub(in crate::commands) fn is_nothing(&self) -> bool {
        self.calls.is_empty() && self.marks.is_empty()
    }
}

/// What is to be read.
#[derive(Debug)]
pub(in crate::commands) struct Inputs {
    /// The configured ones first, then one for each typed file that none of them names.
    pub(in crate::commands) sources: Vec<Source>,
    pub(in crate::commands) inputs: Vec<Input>,
    /// What is left out, and why.
    pub(in crate::commands) notes: Vec<String>,
    /// Wildcards that fit no file, each with its source.
    pub(in crate::commands) empty: Vec<(u16, Pattern)>,
}

/// The inputs of a report: the files that were typed, else those of the configured sources. A
/// typed file that a configured source names is read as that source says.
///
/// Services get their numbers in `names`. `arrived` are files of configured sources that no file of
/// the configuration names.
pub(in crate::commands) fn find(
    typed: Typed,
    settings: &Settings,
    names: &Names,
    arrived: Vec<Input>,
) -> anyhow::Result<Inputs> {
    let is_nothing = typed.is_nothing();
    let formats = Formats {
        calls: given(typed.calls_format, Format::calls).context("--format")?,
        marks: given(typed.marks_format, Format::marks).context("--marks-format")?,
    };
    let stdin = typed.calls.iter().chain(&typed.marks).filter(|path| is_stdin(path)).count();
    if stdin > 1 {
        return Err(UsageError("standard input (`-`) can be read only once".to_owned()).into());
    }
    let mut builder = Builder::new(settings, names)?;
    if is_nothing {
        builder.inputs = arrived;
        builder.configured(&formats)?;
        builder.something_to_read()?;
    } else {
        for path in typed.calls {
            builder.typed(path, Holds::Calls, &formats)?;
        }
        for path in typed.marks {
            builder.typed(path, Holds::Marks, &formats)?;
        }
    }
    Ok(builder.done())
}

/// The files of the configured sources as they are now: there may be none yet.
pub(in crate::commands) fn configured(
    settings: &Settings,
    names: &Names,
) -> anyhow::Result<Inputs> {
    let mut builder = Builder::new(settings, names)?;
    builder.configured(&Formats { calls: None, marks: None })?;
    Ok(builder.done())
}

/// The sources of the configuration. Services get their numbers in `names`.
pub(in crate::commands) fn configured_sources(
    settings: &Settings,
    names: &Names,
) -> anyhow::Result<Vec<Source>> {
    Ok(Builder::new(settings, names)?.sources)
}

struct Formats {
    calls: Option<FormatChoice>,
    marks: Option<FormatChoice>,
}

impl Formats {
    fn of(&self, holds: Holds) -> Option<&FormatChoice> {
        match holds {
            Holds::Calls => self.calls.as_ref(),
            Holds::Marks => self.marks.as_ref(),
        }
    }
}

/// A format that was typed.
fn given(
    text: Option<String>,
    compile: fn(&str, &Fields) -> Result<Format, dolmen_logs::FormatError>,
) -> Result<Option<FormatChoice>, dolmen_logs::FormatError> {
    match text.as_deref() {
        None => Ok(None),
        Some("auto") => Ok(Some(FormatChoice::Auto)),
        Some(text) => {
            let format = compile(text, &Fields::new())?;
            Ok(Some(FormatChoice::Given(Arc::new(format))))
        }
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

struct Builder<'s> {
    settings: &'s Settings,
    /// The configured sources first, in their order; then one for each typed file that none of
    /// them names.
    sources: Vec<Source>,
    inputs: Vec<Input>,
    notes: Vec<String>,
    empty: Vec<(u16, Pattern)>,
    /// The files of the configured sources, each with its source.
    files: BTreeMap<PathBuf, usize>,
    /// The files that are read, each with its source: none is counted twice.
    read: BTreeMap<PathBuf, u16>,
}

impl<'s> Builder<'s> {
    fn new(settings: &'s Settings, names: &Names) -> anyhow::Result<Self> {
        let sources = settings.sources.iter().map(|source| {
            Ok(Source {
                name: source.name.clone(),
                holds: source.holds,
                format: source.format.clone(),
                service: names.services.intern(source.service.as_bytes()),
                behind: source.behind.map(number).transpose()?,
            })
        });
        let mut builder = Self {
            settings,
            sources: sources.collect::<Result<_, UsageError>>()?,
            inputs: Vec::new(),
            notes: Vec::new(),
            empty: Vec::new(),
            files: BTreeMap::new(),
            read: BTreeMap::new(),
        };
        for (n, source) in settings.sources.iter().enumerate() {
            for file in files_of(source).into_iter().flat_map(|(_, files)| files) {
                // What is not there, or may not be looked at, cannot be what was typed.
                if let Ok(file) = file.canonicalize() {
                    builder.files.entry(file).or_insert(n);
                }
            }
        }
        Ok(builder)
    }

    /// Reads a file that was typed.
    fn typed(&mut self, path: PathBuf, holds: Holds, formats: &Formats) -> Result<(), UsageError> {
        let format = formats.of(holds);
        if is_stdin(&path) {
            let source = self.add("-".to_owned(), holds, format)?;
            self.inputs.push(Input { origin: Origin::Stdin, source });
            return Ok(());
        }
        let known = path.canonicalize().ok().and_then(|path| self.files.get(&path).copied());
        let source = match known {
            Some(n) if self.sources[n].holds != holds => {
                let Source { name, holds, .. } = &self.sources[n];
                let how = match holds {
                    Holds::Calls => "as FILE, without --marks",
                    Holds::Marks => "with --marks",
                };
                let path = path.display();
                let message =
                    format!("{path} is of the source `{name}`, which holds {holds}: give it {how}");
                return Err(UsageError(message));
            }
            Some(n) => {
                if let Some(format) = format {
                    self.sources[n].format = format.clone();
                }
                number(n)?
            }
            None => self.add(path.display().to_string(), holds, format)?,
        };
        self.read(path, source)
    }

    /// Reads a file, once however often it is named.
    fn read(&mut self, path: PathBuf, source: u16) -> Result<(), UsageError> {
        // What is not there is said when it is opened; a pipe has no path to compare.
        if let Ok(file) = path.canonicalize() {
            match self.read.insert(file, source) {
                None => {}
                Some(earlier) if earlier == source => {
                    self.notes.push(format!("{} is named twice, and read once", path.display()));
                    return Ok(());
                }
                Some(earlier) => {
                    let path = path.display();
                    let is_typed = |source: u16| usize::from(source) >= self.settings.sources.len();
                    return Err(UsageError(if is_typed(earlier) || is_typed(source) {
                        format!("{path} is named twice: its lines would count twice")
                    } else {
                        let name = |source: u16| &self.sources[usize::from(source)].name;
                        let (one, other) = (name(earlier), name(source));
                        format!(
                            "{path} is read by two sources, `{one}` and `{other}`: its lines would \
                             count twice"
                        )
                    }));
                }
            }
        }
        self.inputs.push(Input { origin: Origin::File(path), source });
        Ok(())
    }

    fn add(
        &mut self,
        name: String,
        holds: Holds,
        format: Option<&FormatChoice>,
    ) -> Result<u16, UsageError> {
        let format = format.cloned().unwrap_or(FormatChoice::Auto);
        let service = NameId::UNKNOWN;
        self.sources.push(Source { name, holds, format, service, behind: None });
        number(self.sources.len() - 1)
    }

    /// Reads the files of all configured sources.
    fn configured(&mut self, formats: &Formats) -> Result<(), UsageError> {
        for (n, settings) in self.settings.sources.iter().enumerate() {
            let source = number(n)?;
            let has_arrived = self.inputs.iter().any(|input| input.source == source);
            if let (Intake::Arrives(Arrival { kind, .. }), false) = (&settings.intake, has_arrived)
            {
                let (name, kind) = (&settings.name, kind.word());
                self.notes.push(format!(
                    "the source `{name}` ({kind}) is left out: its lines are in no file"
                ));
            }
            if let Some(format) = formats.of(settings.holds) {
                self.sources[n].format = format.clone();
            }
            for (path, files) in files_of(settings) {
                if let (LogPath::Matching(pattern), []) = (path, files.as_slice()) {
                    let name = &settings.name;
                    self.notes.push(format!("no file matches {pattern}, of the source `{name}`"));
                    self.empty.push((source, pattern.clone()));
                }
                for file in files {
                    self.read(file, source)?;
                }
            }
        }
        Ok(())
    }

    fn done(self) -> Inputs {
        let Self { sources, inputs, notes, empty, .. } = self;
        Inputs { sources, inputs, notes, empty }
    }

    fn something_to_read(&self) -> Result<(), UsageError> {
        if !self.inputs.is_empty() {
            return Ok(());
        }
        let why = match &self.settings.file {
            Some(file) if self.settings.sources.is_empty() => {
                format!("{} has no [[source]]", file.display())
            }
            Some(file) => format!("no source of {} has a file to read", file.display()),
            None => "there is no configuration".to_owned(),
        };
        let mut message = format!(
            "nothing to read: name a log, as in `dolmen report access.log`; without one the \
             sources of the configuration are read, and {why}"
        );
        for note in &self.notes {
            message.push_str("\n  ");
            message.push_str(note);
        }
        Err(UsageError(message))
    }
}

/// The number of a source. Many times more than anybody configures.
fn number(n: usize) -> Result<u16, UsageError> {
    u16::try_from(n).map_err(|_| UsageError("at most 65,536 files can be read at once".to_owned()))
}

/// Each path of a source with the files it stands for, in the order of their names. A path without
/// wildcards stands for itself, whether the file is there or not.
fn files_of(source: &SourceSettings) -> Vec<(&LogPath, Vec<PathBuf>)> {
    let Intake::Files(paths) = &source.intake else { return Vec::new() };
    let expand = |path: &LogPath| match path {
        LogPath::One(file) => vec![file.clone()],
        // A folder that may not be looked into holds no file for us; nor is a folder a file.
        LogPath::Matching(pattern) => match glob::glob(pattern.as_str()) {
            Ok(found) => found.flatten().filter(|path| path.is_file()).collect(),
            Err(_) => Vec::new(),
        },
    };
    paths.iter().map(|path| (path, expand(path))).collect()
}
