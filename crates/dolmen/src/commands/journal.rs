//! The journal of the bus on its way into the store.
//!
//! Records become lines of a spool, in the order of their positions; from there on they are lines
//! like all others, and each counts once. How far the journal was read, the last line itself says:
//! it stands at the end of the spool, and in a file beside it for when the spool is empty. So a
//! crash at any instant reads no record twice and leaves none out.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use dolmen_bus::{Clock, Position, SystemClock, Transport};
use dolmen_collect::{Input, Origin, Spool, SpoolError};
use dolmen_model::Time;
use serde::Deserialize;

use super::bus::open::{Missing, connect, explain};
use super::serve::arrive::escaped;
use super::serve::say;
use crate::settings::{Intake, Settings, SourceKind};

/// Bytes that may wait in the spool.
const WAITING: u64 = 1 << 30;
/// Records that are taken at a time.
const PAGE: usize = 1000;
/// How often a journal that is at its end is looked at.
const EVERY: Duration = Duration::from_millis(250);
/// How long until a bus that cannot be reached is tried again.
const AGAIN: Duration = Duration::from_secs(2);
/// How often the record that was read last is looked for before it counts as gone: a broker that is
/// busy may not hand it out in time.
const LOOKS: u32 = 5;

/// The journal of the bus, which a source of the configuration names.
pub(super) struct Journal {
    /// The number of its source.
    pub(super) number: u16,
    /// Where its lines are until they are in the store.
    pub(super) spool: Arc<Spool>,
    source: String,
    /// The file that holds the last line.
    last: PathBuf,
}

/// What a line says of where it stands.
#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Place {
    position: u64,
    #[serde(default)]
    part: u32,
    what: String,
    routing_key: String,
}

impl Place {
    const fn position(&self) -> Position {
        Position { number: self.position, part: self.part }
    }
}

impl Journal {
    /// Opens the spool of the source that names the journal, below `folder`; `None` where none does.
    pub(super) fn open(settings: &Settings, folder: &Path) -> anyhow::Result<Option<Self>> {
        let is_bus = |intake: &Intake| matches!(intake, Intake::Arrives(arrival) if arrival.kind == SourceKind::Bus);
        let mut sources = (0..).zip(&settings.sources);
        let Some((number, source)) = sources.find(|(_, source)| is_bus(&source.intake)) else {
            return Ok(None);
        };
        let folder = folder.join(escaped(&source.name));
        let spool = Arc::new(Spool::open(&folder, &source.name, WAITING)?);
        let last = folder.join("last");
        Ok(Some(Self { number, spool, source: source.name.clone(), last }))
    }

    /// The files of its spool.
    pub(super) fn inputs(&self) -> anyhow::Result<Vec<Input>> {
        let files = self.spool.files().context("cannot read the spool")?;
        let input = |path| Input { origin: Origin::File(path), source: self.number };
        Ok(files.into_iter().map(input).collect())
    }

    /// Takes what the journal holds now.
    pub(super) async fn catch_up(&self, settings: &Settings) -> anyhow::Result<()> {
        let until = SystemClock.now();
        let bus = connect(settings, settings.bus.clone(), Missing::Refuse, &[]).await?;
        let mut place = self.resume(&*bus.transport).await?;
        loop {
            match self.page(&*bus.transport, &settings.bus.name, &mut place).await {
                Ok(Page { is_full: true, last: Some(last) }) if last < until => {}
                Ok(_) => return bus.close().await,
                Err(error) if is_full(&error) => {
                    say(&format!("note: {error}; `dolmen import` once more reads the rest"));
                    return bus.close().await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes what comes, for as long as the program runs.
    pub(super) async fn follow(self, settings: Arc<Settings>) {
        let mut said = String::new();
        loop {
            let Err(error) = self.follow_once(&settings).await;
            let error = format!("the source `{}`: {error:#}", self.source);
            if error != said {
                say(&error);
                said = error;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn follow_once(&self, settings: &Settings) -> anyhow::Result<std::convert::Infallible> {
        let bus = connect(settings, settings.bus.clone(), Missing::Refuse, &[]).await?;
        let mut place = self.resume(&*bus.transport).await?;
        loop {
            let page = self.page(&*bus.transport, &settings.bus.name, &mut place).await?;
            if !page.is_full {
                tokio::time::sleep(EVERY).await;
            }
        }
    }

    /// The position of the record that was read last; `None` for a journal that was never read.
    async fn resume(&self, transport: &dyn Transport) -> anyhow::Result<Option<Position>> {
        let place = self.place().with_context(|| format!("cannot read {}", self.last.display()))?;
        let Some(place) = place else { return Ok(None) };
        let position = place.position();
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(EVERY).await;
            }
            let found = transport.journal(position.before(), 1).await.map_err(explain)?;
            let Some(found) = found.first() else { continue };
            if found.position.number > position.number {
                let gone = found.position.number - position.number - 1;
                if gone > 0 {
                    say(&format!(
                        "the source `{}`: {gone} records were removed from the journal before they \
                         were read",
                        self.source
                    ));
                }
                return Ok(Some(position));
            }
            let is_it = found.position == position
                && found.what.as_str() == place.what
                && found.message.routing_key == place.routing_key;
            if is_it {
                return Ok(Some(position));
            }
            break;
        }
        bail!(
            "the journal does not hold the record that was read last (position {}, {} {}): it is \
             another journal. To read that one from its beginning, remove {}",
            place.position,
            place.what,
            place.routing_key,
            self.last.display()
        )
    }

    /// Takes the records after `place`, and moves it.
    async fn page(
        &self,
        transport: &dyn Transport,
        bus: &str,
        place: &mut Option<Position>,
    ) -> anyhow::Result<Page> {
        let events = transport.journal(*place, PAGE).await.map_err(explain)?;
        let Some(last) = events.last() else { return Ok(Page { is_full: false, last: None }) };
        let (position, at) = (last.position, last.at);
        let mut lines = String::new();
        let mut line = String::new();
        for event in &events {
            line = event.line(bus).context("cannot write a record as JSON")?;
            lines.push_str(&line);
            lines.push('\n');
        }
        let (spool, file) = (Arc::clone(&self.spool), self.last.clone());
        tokio::task::spawn_blocking(move || -> anyhow::Result<()> {
            spool.append(lines.as_bytes())?;
            write(&file, &line).with_context(|| format!("cannot write {}", file.display()))
        })
        .await
        .map_err(|_| anyhow!("the spool was cut off"))??;
        *place = Some(position);
        Ok(Page { is_full: events.len() >= PAGE, last: Some(at) })
    }

    /// Where the last line stands: in the file beside the spool, or further on in the spool when a
    /// crash came in between.
    fn place(&self) -> io::Result<Option<Place>> {
        let read = |bytes: &[u8]| serde_json::from_slice::<Place>(bytes).ok();
        let mut place = match fs::read(&self.last) {
            Ok(bytes) => read(&bytes),
            // Nothing was read yet, or somebody wants it read anew, whatever the spool holds.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                write(&self.last, "")?;
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        for path in self.spool.files()?.iter().rev() {
            if let Some(found) = read(&last_line(path)?) {
                let is_further = |place: &Place| found.position() > place.position();
                if place.as_ref().is_none_or(is_further) {
                    place = Some(found);
                }
                break;
            }
        }
        Ok(place)
    }
}

/// What was taken.
struct Page {
    /// There may be more.
    is_full: bool,
    /// When the last record happened.
    last: Option<Time>,
}

fn is_full(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(SpoolError::Full { .. }))
}

/// Writes a file as a whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    fs::rename(&new, path)
}

/// The last line of a file that ends with a line end.
fn last_line(path: &Path) -> io::Result<Vec<u8>> {
    const STEP: u64 = 64 << 10;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut wanted = STEP;
    loop {
        let from = length.saturating_sub(wanted);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        (&mut file).take(length - from).read_to_end(&mut bytes)?;
        let whole = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        match whole.iter().rposition(|&byte| byte == b'\n') {
            Some(end) => return Ok(whole[end + 1..].to_vec()),
            None if from == 0 => return Ok(whole.to_vec()),
            None => wanted *= 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use dolmen_bus::{Event, Message, What};

    use super::*;

    /// Also inside of what was written together, and a line of before there was any.
    #[test]
    fn a_line_says_where_it_stands() {
        for position in [Position::of(12), Position { number: 12, part: 3 }] {
            let mut event = Event::new(What::Done, Time::from_micros(0), Message::new("k", ""));
            event.position = position;
            let place: Place = serde_json::from_str(&event.line("agoram").unwrap()).unwrap();
            assert_eq!(place.position(), position);
            assert_eq!((&*place.what, &*place.routing_key), ("done", "k"));
        }
        let before = r#"{"position":7,"what":"done","routing_key":"k"}"#;
        let place: Place = serde_json::from_str(before).unwrap();
        assert_eq!(place.position(), Position::of(7));
    }
}
