//! The lines that servers and applications write, and the files they write them to.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use dolmen_model::Time;
use jiff::tz::TimeZone;

use super::cast::{Actor, Service};
use super::clock::Clock;
use super::plan::End;
use super::play::Call;
use super::rhythm::later;
use super::tally::Tally;

/// One stretch of the story as it lies on disk.
#[derive(Debug)]
pub(crate) struct Chapter {
    /// The reverse proxy's access log, with request ids and durations.
    pub(crate) proxy: PathBuf,
    /// The monolith's own access log, without either, as it lay there before anybody asked.
    pub(crate) own: Option<PathBuf>,
    /// The application log of each service that wrote one.
    pub(crate) marks: Vec<(Service, PathBuf)>,
    /// What was written.
    pub(crate) tally: Tally,
}

/// Whether the monolith's own access log is written too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OwnLog {
    Kept,
    Left,
}

/// The open files of a chapter.
#[derive(Debug)]
pub(super) struct Writer {
    dir: PathBuf,
    clock: Clock,
    proxy: Log,
    own: Option<Log>,
    marks: BTreeMap<Service, Log>,
    marks_written: u64,
    tally: Tally,
}

#[derive(Debug)]
struct Log {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Log {
    fn create(dir: &Path, name: &str) -> Result<Self> {
        let path = dir.join(name);
        let file = File::create(&path).with_context(|| failed(&path))?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) -> Result<()> {
        writeln!(self.file, "{line}").with_context(|| failed(&self.path))
    }

    fn finish(mut self) -> Result<PathBuf> {
        self.file.flush().with_context(|| failed(&self.path))?;
        Ok(self.path)
    }
}

pub(super) fn failed(path: &Path) -> String {
    format!("failed to write {}", path.display())
}

impl Writer {
    /// Creates the folder and its access logs; an application log comes with its first line.
    pub(super) fn create(dir: PathBuf, zone: &TimeZone, own: OwnLog) -> Result<Self> {
        fs::create_dir_all(&dir).with_context(|| failed(&dir))?;
        let proxy = Log::create(&dir, "proxy-access.log")?;
        let own = match own {
            OwnLog::Kept => Some(Log::create(&dir, "monolith-access.log")?),
            OwnLog::Left => None,
        };
        Ok(Self {
            dir,
            clock: Clock::new(zone),
            proxy,
            own,
            marks: BTreeMap::new(),
            marks_written: 0,
            tally: Tally::default(),
        })
    }

    /// Writes the lines of some calls, which come in the order of their answers.
    pub(super) fn write(&mut self, calls: &[Call]) -> Result<()> {
        for call in calls {
            self.access(call)?;
            self.tally.count(call);
        }
        let marked = |call: &&Call| call.end.is_entered() && !call.ask.operations().is_empty();
        let mut entered: Vec<&Call> = calls.iter().filter(marked).collect();
        entered.sort_by_key(|call| entered_at(call));
        entered.into_iter().try_for_each(|call| self.mark(call))
    }

    /// Closes the files.
    pub(super) fn finish(self) -> Result<Chapter> {
        let marks = self.marks.into_iter().map(|(service, log)| Ok((service, log.finish()?)));
        Ok(Chapter {
            proxy: self.proxy.finish()?,
            own: self.own.map(Log::finish).transpose()?,
            marks: marks.collect::<Result<_>>()?,
            tally: self.tally,
        })
    }

    fn access(&mut self, call: &Call) -> Result<()> {
        let line = combined(call, &self.clock.apache(call.at)?);
        self.proxy.line(format_args!("{line} {}", behind_combined(call)))?;
        match &mut self.own {
            Some(own) if call.service == Service::Monolith && call.end.is_past_the_proxy() => {
                own.line(format_args!("{line}"))
            }
            _ => Ok(()),
        }
    }

    fn mark(&mut self, call: &Call) -> Result<()> {
        let time = self.clock.iso(entered_at(call))?;
        let service = call.service.name();
        let log = match self.marks.entry(call.service) {
            Entry::Occupied(log) => log.into_mut(),
            Entry::Vacant(place) => {
                let name = format!("{}-app.jsonl", service.replace(' ', "-"));
                place.insert(Log::create(&self.dir, &name)?)
            }
        };
        for operation in call.ask.operations() {
            self.marks_written += 1;
            let (id, operation) = (&call.request_id, operation.name());
            log.line(format_args!(
                r#"{{"time":"{time}","level":"INFO","logger":"operations","request_id":"{id}","service":"{service}","operation":"{operation}"}}"#
            ))?;
            // An application says other things too.
            if self.marks_written.is_multiple_of(200) {
                let took = 1_000 + self.marks_written % 977;
                log.line(format_args!(
                    r#"{{"time":"{time}","level":"WARN","logger":"sql","message":"slow query: {took} ms"}}"#
                ))?;
            }
        }
        Ok(())
    }
}

/// The application enters an operation a moment after the proxy got the request.
fn entered_at(call: &Call) -> Time {
    later(call.at, call.took / 8)
}

/// A call in the proxy's log.
pub(super) fn proxy_line(call: &Call, clock: &mut Clock) -> Result<String> {
    Ok(format!("{} {}", combined(call, &clock.apache(call.at)?), behind_combined(call)))
}

/// What the proxy's log has behind `combined`.
fn behind_combined(call: &Call) -> String {
    format!("\"{}\" {}", call.request_id, call.took)
}

/// Apache's `combined`.
fn combined(call: &Call, time: &str) -> String {
    let user = match call.actor {
        // A clerk has signed in; the name follows from the desk.
        Actor::BranchTool if call.end != End::Refused => {
            let [_, _, branch, desk] = call.address.octets();
            format!("a{branch:02}{desk:02}")
        }
        _ => "-".to_owned(),
    };
    let bytes = if call.bytes == 0 { "-".to_owned() } else { call.bytes.to_string() };
    let method = call.ask.route(call.service).method;
    let Call { address, target, status, user_agent, .. } = call;
    format!(
        r#"{address} - {user} [{time}] "{method} {target} HTTP/1.1" {status} {bytes} "-" "{user_agent}""#
    )
}
