//! Questions whose answer is no report: what to move first, what a move changed, is the map right.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dolmen_advice::map::{self, Map};
use dolmen_advice::{first, moved};
use dolmen_collect::Window;
use dolmen_model::{Language, Time, nearest};
use dolmen_store::Store;
use jiff::Timestamp;
use serde::Serialize;

use super::super::Context;
use super::super::store::{self, Scratch};
use super::Output;
use super::inputs::Typed;
use crate::exit::{Exit, UsageError};
use crate::render::advice;
use crate::render::report::Look;
use crate::settings::Settings;
use crate::terminal;

/// What is asked.
pub(super) enum Question {
    MoveFirst,
    Moved(String),
    Against(PathBuf),
    AsMap,
}

impl Question {
    pub(super) fn of(
        move_first: bool,
        operation: Option<String>,
        map: Option<PathBuf>,
        as_map: bool,
    ) -> Option<Self> {
        match (move_first, operation, map, as_map) {
            (true, ..) => Some(Self::MoveFirst),
            (_, Some(operation), ..) => Some(Self::Moved(operation)),
            (.., Some(map), _) => Some(Self::Against(map)),
            (.., true) => Some(Self::AsMap),
            (false, None, None, false) => None,
        }
    }

    pub(super) fn answer(
        self,
        typed: Typed,
        settings: &Settings,
        window: Window,
        output: Output,
        context: &Context,
    ) -> anyhow::Result<Exit> {
        if typed.is_nothing() {
            return self.ask(&store::open_read(settings)?, settings, window, output, context);
        }
        if typed.calls_format.is_some() || typed.marks_format.is_some() {
            let message = "--format does not go with this question: import the files first, or \
                           describe them in the configuration";
            return Err(UsageError(message.to_owned()).into());
        }
        let scratch = Scratch::of(typed.calls, typed.marks, settings, context)?;
        self.ask(&scratch.store, settings, window, output, context)
    }

    fn ask(
        self,
        store: &dyn Store,
        settings: &Settings,
        window: Window,
        output: Output,
        context: &Context,
    ) -> anyhow::Result<Exit> {
        let look =
            Look { width: context.terminal.width, painter: context.terminal.painter, top: None };
        let mut out = terminal::stdout();
        match self {
            Self::MoveFirst => {
                let now = Time::from_micros(Timestamp::now().as_microsecond());
                let (monoliths, gone) = (monoliths(settings), gone(settings));
                let rows = first(store, &monoliths, &gone, Language::English, now)?;
                match output {
                    Output::Json => json(&rows, &mut out)?,
                    _ => advice::first(&rows, look, &mut out)?,
                }
            }
            Self::Moved(operation) => {
                let (from, to, at) = the_move(settings, &operation)?;
                let found = moved(store, &operation, (&from, &to), at)?;
                match output {
                    Output::Json => json(&found, &mut out)?,
                    _ => advice::moved(&found, look, &mut out)?,
                }
                out.flush()?;
                return Ok(store::say_lacking(&found.lacking)?);
            }
            Self::AsMap => {
                let map = Map::of(&map::seen(store, window.from, window.to)?);
                write!(out, "{}", map.toml())?;
            }
            Self::Against(path) => {
                let map = read_map(&path)?;
                let compared = map::compare(&map, &map::seen(store, window.from, window.to)?);
                match output {
                    Output::Json => json(&compared, &mut out)?,
                    _ => advice::map(&compared, look, &mut out)?,
                }
                out.flush()?;
                return Ok(if compared.agree() { Exit::Done } else { Exit::No });
            }
        }
        out.flush()?;
        Ok(Exit::Done)
    }
}

fn json(answer: &impl Serialize, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, answer)?;
    writeln!(out)?;
    Ok(())
}

fn monoliths(settings: &Settings) -> Vec<String> {
    let services = settings.rule_set.services.iter().filter(|service| service.monolith);
    services.map(|service| service.name.clone()).collect()
}

/// Operations that left already, by service.
fn gone(settings: &Settings) -> BTreeSet<(String, String)> {
    let retired = settings.rule_set.operations.iter().filter(|rule| rule.retired.is_some());
    retired
        .flat_map(|rule| match &rule.service {
            Some(service) => vec![(rule.name.clone(), service.clone())],
            None => monoliths(settings).into_iter().map(|of| (rule.name.clone(), of)).collect(),
        })
        .collect()
}

/// The services that an operation left and went to, and when.
fn the_move(settings: &Settings, operation: &str) -> anyhow::Result<(String, String, Time)> {
    let rules = &settings.rule_set.operations;
    if !rules.iter().any(|rule| rule.name == operation) {
        let names = rules.iter().map(|rule| rule.name.as_str());
        let near = nearest(operation, names).map(|near| format!("; did you mean `{near}`?"));
        let message = format!("no rule names `{operation}`{}", near.unwrap_or_default());
        return Err(UsageError(message).into());
    }
    let of = || rules.iter().filter(|rule| rule.name == operation);
    let to = of().find_map(|rule| rule.moved_to.clone());
    let retired = of().find_map(|rule| rule.retired);
    let from = of().find_map(|rule| rule.service.clone()).or_else(|| {
        // The first that is declared, as in the console.
        monoliths(settings).into_iter().next()
    });
    let at = retired.and_then(|day| settings.judging.start(day));
    match (from, to, at) {
        (Some(from), Some(to), Some(at)) => Ok((from, to, at)),
        _ => Err(UsageError(format!(
            "no rule says from where to where `{operation}` moved, and when: add `service`, \
             `moved_to` and `retired` to it"
        ))
        .into()),
    }
}

fn read_map(path: &Path) -> anyhow::Result<Map> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("read the map {}", path.display()))?;
    Map::parse(&text).map_err(|error| {
        UsageError(format!("the map {} cannot be used: {error}", path.display())).into()
    })
}
