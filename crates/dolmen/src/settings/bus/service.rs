use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use dolmen_bus::{ExitCodes, Http, Pattern, Policy, PolicySettings, check_key, check_name};
use dolmen_model::nearest;
use serde::Deserialize;
use toml::Spanned;

use crate::settings::document::Document;
use crate::settings::problem::Problem;

/// `[[bus.service]]` as it is written.
#[derive(Debug, Deserialize)]
pub(in crate::settings) struct ServiceSection {
    name: Spanned<String>,
    about: Option<String>,
    owner: Option<String>,
    #[serde(default)]
    listen: Vec<Spanned<String>>,
    #[serde(default)]
    sends: Vec<Spanned<String>>,
    retry: Option<Spanned<PolicySettings>>,
    exec: Option<Spanned<String>>,
    pipe: Option<Spanned<String>>,
    http: Option<Spanned<String>>,
    exit_codes: Option<Spanned<BTreeMap<String, String>>>,
    concurrency: Option<Spanned<u16>>,
    prefetch: Option<Spanned<u16>>,
    time_limit: Option<Spanned<String>>,
    grace: Option<Spanned<String>>,
}

/// One service of the bus.
#[derive(Clone, Debug)]
pub(crate) struct ServiceSettings {
    pub(crate) name: String,
    /// What it is for.
    pub(crate) about: Option<String>,
    /// Whom to ask.
    pub(crate) owner: Option<String>,
    /// What it listens to.
    pub(crate) listen: Vec<Pattern>,
    /// The routing keys it publishes with.
    pub(crate) sends: Vec<String>,
    /// When it tries again.
    pub(crate) policy: Policy,
    /// The same as it is written.
    pub(crate) retry: PolicySettings,
    /// What handles its messages; none where another program does.
    pub(crate) handler: Option<HandlerSettings>,
    /// How many messages it handles at a time.
    pub(crate) concurrency: Option<u16>,
    /// How many it fetches without an answer.
    pub(crate) prefetch: Option<u16>,
    /// How long one delivery may take.
    pub(crate) time_limit: Option<Duration>,
    /// How long handlers may finish when it stops.
    pub(crate) grace: Option<Duration>,
}

/// What handles messages.
#[derive(Clone, Debug)]
pub(crate) struct HandlerSettings {
    /// The program.
    pub(crate) program: Program,
    /// What its exit codes mean (`exec`).
    pub(crate) exit_codes: ExitCodes,
}

/// A program that handles messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// A shell command for each message.
    Exec(String),
    /// A shell command for all messages.
    Pipe(String),
    /// A URL that messages are posted to.
    Http(String),
}

/// Checks services one by one and against one another.
pub(super) fn check(
    document: &Document<'_>,
    sections: Vec<ServiceSection>,
    retry: &PolicySettings,
    problems: &mut Vec<Problem>,
) -> Vec<ServiceSettings> {
    let names: Vec<String> =
        sections.iter().map(|section| section.name.get_ref().clone()).collect();
    for (n, section) in sections.iter().enumerate() {
        if names[..n].contains(section.name.get_ref()) {
            let message = "another service of the bus has this name: choose a new one";
            problems.push(document.problem(section.name.span(), message));
        }
        // What it does not say itself, the bus says.
        let (policy, at, of_bus) = match &section.retry {
            Some(own) => (own.get_ref(), own.span(), ""),
            None => (retry, section.name.span(), "[bus] retry: "),
        };
        if let Some(fallback) = &policy.fallback
            && !names.contains(fallback)
        {
            let others = names.iter().filter(|name| *name != section.name.get_ref());
            let advice = match nearest(fallback, others.map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write the `name` of another [[bus.service]]".to_owned(),
            };
            let message = format!("{of_bus}fallback: there is no service `{fallback}`; {advice}");
            problems.push(document.problem(at, message));
        }
    }
    let mut checked = Vec::with_capacity(sections.len());
    for section in sections {
        let mut problem = |at: Range<usize>, message: String| {
            problems.push(document.problem(at, message));
        };
        checked.push(section.check(retry, &mut problem));
    }
    checked
}

/// What takes a fault and its place.
type Tell<'t> = &'t mut dyn FnMut(Range<usize>, String);

impl ServiceSection {
    fn check(self, bus: &PolicySettings, tell: Tell<'_>) -> ServiceSettings {
        let name = self.name.get_ref().clone();
        if let Err(error) = check_name(&name) {
            tell(self.name.span(), error.to_string());
        }
        let handler = self.handler(tell);
        let at_least_one = |value: &Option<Spanned<u16>>, tell: Tell<'_>| {
            let value = value.as_ref()?;
            if *value.get_ref() == 0 {
                tell(value.span(), "this is at least 1".to_owned());
            }
            Some(*value.get_ref())
        };
        let concurrency = at_least_one(&self.concurrency, tell);
        let prefetch = at_least_one(&self.prefetch, tell);
        let time_limit = self.time_limit.as_ref().and_then(|text| duration(text, tell));
        if let (Some(Duration::ZERO), Some(text)) = (time_limit, &self.time_limit) {
            tell(text.span(), "no handler is done in no time: write \"10m\"".to_owned());
        }
        let grace = self.grace.as_ref().and_then(|text| duration(text, tell));
        for key in &self.sends {
            if let Err(error) = check_key(key.get_ref()) {
                tell(key.span(), error.to_string());
            }
        }
        let mut listen = Vec::with_capacity(self.listen.len());
        for pattern in &self.listen {
            match Pattern::new(pattern.get_ref()) {
                Ok(pattern) => listen.push(pattern),
                Err(error) => tell(pattern.span(), error.to_string()),
            }
        }
        let (settings, at) = match &self.retry {
            Some(retry) => (retry.get_ref(), retry.span()),
            None => (bus, self.name.span()),
        };
        let policy = Policy::build(settings, &name).unwrap_or_else(|error| {
            tell(at, error.to_string());
            Policy::default()
        });
        ServiceSettings {
            name,
            about: self.about,
            owner: self.owner,
            listen,
            sends: self.sends.into_iter().map(Spanned::into_inner).collect(),
            policy,
            retry: settings.clone(),
            handler,
            concurrency,
            prefetch,
            time_limit,
            grace,
        }
    }

    fn handler(&self, tell: Tell<'_>) -> Option<HandlerSettings> {
        let programs = [
            self.exec.as_ref().map(|command| (Program::Exec(command.get_ref().clone()), command)),
            self.pipe.as_ref().map(|command| (Program::Pipe(command.get_ref().clone()), command)),
            self.http.as_ref().map(|url| (Program::Http(url.get_ref().clone()), url)),
        ];
        let mut programs = programs.into_iter().flatten();
        let first = programs.next();
        if let Some((_, second)) = programs.next() {
            tell(second.span(), "one service has one of `exec`, `pipe` and `http`".to_owned());
        }
        if let Some((Program::Http(url), at)) = &first
            && let Err(error) = Http::check(url)
        {
            tell(at.span(), error.to_string());
        }
        let mut exit_codes = ExitCodes::default();
        if let Some(meanings) = &self.exit_codes {
            if !matches!(first, Some((Program::Exec(_), _))) {
                tell(meanings.span(), "exit codes are of `exec`".to_owned());
            }
            for (code, meaning) in meanings.get_ref() {
                let mapped = match code.parse() {
                    Ok(code) => exit_codes.clone().map(code, meaning).map_err(|e| e.to_string()),
                    Err(_) => Err(format!("{code:?} is no exit code: those are 1 to 255")),
                };
                match mapped {
                    Ok(codes) => exit_codes = codes,
                    Err(error) => tell(meanings.span(), error),
                }
            }
        }
        first.map(|(program, _)| HandlerSettings { program, exit_codes })
    }
}

fn duration(text: &Spanned<String>, tell: Tell<'_>) -> Option<Duration> {
    let parsed = text.get_ref().parse::<jiff::SignedDuration>().ok();
    let duration = parsed.and_then(|duration| Duration::try_from(duration).ok());
    if duration.is_none() {
        tell(text.span(), "this is no duration: write \"30s\", \"10m\", \"1h 30m\"".to_owned());
    }
    duration
}
