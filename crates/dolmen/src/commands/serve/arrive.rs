//! Sources that listen: their spools, and who puts lines into them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use dolmen_collect::{
    Complain, Input, Listener, LongLines, Origin, Refused, Source, Spool, Tls, Traffic, serve_http,
    serve_tcp,
};
use dolmen_console::SourceTraffic;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::say;
use crate::commands::journal::Journal;
use crate::settings::{Arrival, Intake, Settings, SourceKind, SourceSettings};

/// How long is waited at most until a source takes no more connections.
const CLOSES: Duration = Duration::from_secs(1);

/// Every source that listens.
pub(super) struct Arrivals {
    /// The spools are below it.
    folder: PathBuf,
    runtime: Handle,
    /// By the names of their sources; they stay when a source goes.
    spools: BTreeMap<String, Arc<Spool>>,
    /// What came, by the names of sources; counts stay too.
    traffic: BTreeMap<String, Arc<Traffic>>,
    /// What the long lines of all sources are in.
    long: LongLines,
    running: Vec<Running>,
    /// Whether the journal of the bus is followed; it is until the end.
    follows_journal: bool,
}

/// A source that listens.
struct Running {
    source: String,
    arrival: Arrival,
    /// What it listens on: whoever listens there next takes it over, with those who wait at it.
    socket: std::net::TcpListener,
    stop: watch::Sender<bool>,
    /// Ends when it takes no more connections.
    open: oneshot::Receiver<()>,
    task: JoinHandle<std::io::Result<()>>,
}

/// What shall listen, with everything done that can fail.
pub(super) struct Plan {
    /// The names of the sources that go on as they are.
    stay: Vec<String>,
    ready: Vec<Ready>,
}

/// A source that can listen.
struct Ready {
    source: String,
    arrival: Arrival,
    spool: Arc<Spool>,
    tls: Option<Arc<Tls>>,
    socket: std::net::TcpListener,
    /// The same socket.
    listener: TcpListener,
    address: SocketAddr,
}

/// Sources that take nothing new, while what they took ends.
#[must_use]
pub(super) struct Leaving {
    runtime: Handle,
    sources: Vec<(String, SourceKind, JoinHandle<std::io::Result<()>>)>,
}

impl Arrivals {
    /// Opens spools below `folder`, and listens.
    pub(super) fn start(
        settings: &Arc<Settings>,
        folder: &Path,
        runtime: &Handle,
    ) -> anyhow::Result<Self> {
        let (folder, runtime) = (folder.to_owned(), runtime.clone());
        let mut arrivals = Self {
            folder,
            runtime,
            spools: BTreeMap::new(),
            traffic: BTreeMap::new(),
            long: LongLines::default(),
            running: Vec::new(),
            follows_journal: false,
        };
        let plan = arrivals.plan(settings)?;
        plan.ready.into_iter().for_each(|ready| arrivals.listen(ready));
        arrivals.follow_journal(settings)?;
        Ok(arrivals)
    }

    /// What listening as these settings say takes. After an error everything is as it was.
    pub(super) fn plan(&mut self, settings: &Settings) -> anyhow::Result<Plan> {
        let is_same = |(source, arrival): &(&SourceSettings, &Arrival)| {
            self.running.iter().any(|running| running.is(source) && running.arrival == **arrival)
        };
        let (same, changed): (Vec<_>, Vec<_>) = arriving(settings).partition(is_same);
        let stay: Vec<String> = same.into_iter().map(|(source, _)| source.name.clone()).collect();
        let mut ready = Vec::new();
        for (source, arrival) in changed {
            let tls = certificate(source, arrival)?;
            ready.extend(self.ready(source, arrival, tls, &stay)?);
        }
        Ok(Plan { stay, ready })
    }

    /// Listens as planned: what is the same goes on. Whoever waits for those that end must not keep
    /// others from the arrivals meanwhile: they may need the room that reading makes.
    pub(super) fn turn_to(&mut self, plan: Plan, settings: &Arc<Settings>) -> Leaving {
        let is_wanted = |running: &Running| plan.stay.contains(&running.source);
        let (stay, go) = std::mem::take(&mut self.running).into_iter().partition(is_wanted);
        self.running = stay;
        let leaving = self.leave(go);
        plan.ready.into_iter().for_each(|ready| self.listen(ready));
        if let Err(error) = self.follow_journal(settings) {
            say(&format!("{error:#}"));
        }
        leaving
    }

    /// Follows the journal of the bus, where a source names it and nobody does yet.
    fn follow_journal(&mut self, settings: &Arc<Settings>) -> anyhow::Result<()> {
        if self.follows_journal {
            return Ok(());
        }
        if let Some(journal) = Journal::open(settings, &self.folder)? {
            self.follows_journal = true;
            let name = settings.sources[usize::from(journal.number)].name.clone();
            self.spools.insert(name, Arc::clone(&journal.spool));
            self.runtime.spawn(journal.follow(Arc::clone(settings)));
        }
        Ok(())
    }

    /// Everything of listening that can fail; `None` for what does not listen.
    fn ready(
        &mut self,
        source: &SourceSettings,
        arrival: &Arrival,
        tls: Option<Arc<Tls>>,
        stay: &[String],
    ) -> anyhow::Result<Option<Ready>> {
        let name = &source.name;
        let Arrival { kind, listen: Some(address), max_spool, .. } = arrival else {
            return Ok(None);
        };
        if !matches!(kind, SourceKind::Tcp | SourceKind::Http) {
            let kind = kind.word();
            say(&format!(
                "the source `{name}` is of the kind \"{kind}\", which is not built in yet: it is \
                 left out"
            ));
            return Ok(None);
        }
        let spool = match self.spools.get(name) {
            Some(spool) => Arc::clone(spool),
            None => {
                let spool = Spool::open(self.folder.join(escaped(name)), name, *max_spool)?;
                let spool = Arc::new(spool);
                self.spools.insert(name.clone(), Arc::clone(&spool));
                spool
            }
        };
        let is_free = |running: &&Running| {
            !stay.contains(&running.source) && running.arrival.listen.as_ref() == Some(address)
        };
        let socket = match self.running.iter().find(is_free) {
            Some(running) => running.socket.try_clone(),
            None => {
                self.runtime.block_on(TcpListener::bind(address)).and_then(TcpListener::into_std)
            }
        };
        let socket = socket.with_context(|| format!("`{name}` cannot listen on {address}"))?;
        let _runtime = self.runtime.enter();
        let listener = TcpListener::from_std(socket.try_clone()?)?;
        let (source, arrival, address) = (name.clone(), arrival.clone(), socket.local_addr()?);
        Ok(Some(Ready { source, arrival, spool, tls, socket, listener, address }))
    }

    fn listen(&mut self, ready: Ready) {
        let Ready { source, arrival, spool, tls, socket, listener, address } = ready;
        let with = if tls.is_some() { "with TLS " } else { "" };
        say(&format!("the source `{source}` listens {with}on {address}"));
        spool.set_limit(arrival.max_spool);
        let Arrival { kind, allow, token, limits, .. } = arrival.clone();
        let traffic = Arc::clone(self.traffic.entry(source.clone()).or_default());
        let (name, long) = (source.clone(), self.long.clone());
        let taker = Listener { source: name, spool, allow, token, tls, limits, long, traffic };
        let (stop, stopped) = watch::channel(false);
        let (door, open) = oneshot::channel();
        let complain: Complain = Arc::new(|what| say(&what));
        let task = match kind {
            SourceKind::Tcp => {
                self.runtime.spawn(serve_tcp(listener, door, taker, stopped, complain))
            }
            _ => self.runtime.spawn(serve_http(listener, door, taker, stopped, complain)),
        };
        self.running.push(Running { source, arrival, socket, stop, open, task });
    }

    /// Takes no more.
    pub(super) fn stop(&mut self) -> Leaving {
        let running = std::mem::take(&mut self.running);
        self.leave(running)
    }

    fn leave(&self, running: Vec<Running>) -> Leaving {
        let leave = |Running { source, arrival, stop, open, task, .. }: Running| {
            _ = stop.send(true);
            // Who comes from now on meets what is in effect from now on. It takes no time.
            _ = self.runtime.block_on(async { tokio::time::timeout(CLOSES, open).await });
            (source, arrival.kind, task)
        };
        let sources = running.into_iter().map(leave).collect();
        Leaving { runtime: self.runtime.clone(), sources }
    }

    /// The files of the spools, to be read like others.
    pub(super) fn inputs(&self, sources: &[Source]) -> Vec<Input> {
        let mut inputs = Vec::new();
        for (number, source) in (0..).zip(sources) {
            let Some(spool) = self.spools.get(&source.name) else { continue };
            match spool.files() {
                Ok(files) => inputs.extend(
                    files
                        .into_iter()
                        .map(|path| Input { origin: Origin::File(path), source: number }),
                ),
                Err(error) => say(&format!("a spool cannot be read: {error}")),
            }
        }
        inputs
    }

    /// What came over the network so far, by source.
    pub(super) fn traffic(&self) -> Vec<SourceTraffic> {
        let of = |(name, traffic): (&String, &Arc<Traffic>)| {
            let spool = self.spools.get(name);
            SourceTraffic {
                source: name.clone(),
                connections: traffic.connections(),
                lines: traffic.lines(),
                refused: Refused::ALL.map(|why| (why.name(), traffic.refused(why))).to_vec(),
                spool: spool.map_or(0, |spool| spool.bytes()),
                max_spool: spool.map_or(0, |spool| spool.limit()),
            }
        };
        self.traffic.iter().map(of).collect()
    }

    /// Removes what was read to its end.
    pub(super) fn release(&self, is_read: impl Fn(&Path) -> bool) {
        for spool in self.spools.values() {
            if let Err(error) = spool.release(&is_read) {
                say(&format!("a spool cannot be cleared: {error}"));
            }
        }
    }
}

impl Running {
    fn is(&self, source: &SourceSettings) -> bool {
        self.source == source.name
    }
}

impl Leaving {
    /// Waits for what was taken, all sources together for so long.
    pub(super) fn wait(self) {
        let Self { runtime, sources } = self;
        runtime.block_on(async {
            let until = tokio::time::Instant::now() + super::AT_LAST;
            for (source, kind, mut task) in sources {
                match tokio::time::timeout_at(until, &mut task).await {
                    Ok(Ok(Ok(()))) => {}
                    Ok(Ok(Err(error))) => say(&format!("`{source}`: {error}")),
                    Ok(Err(error)) => say(&format!("`{source}`: it broke off: {error}")),
                    Err(_) => {
                        task.abort();
                        say(&format!("`{source}`: {}", cut_off(kind)));
                    }
                }
            }
        });
    }
}

/// What it means for a sender that it was not waited for any longer.
fn cut_off(kind: SourceKind) -> &'static str {
    match kind {
        // Its connections are of the task that was ended.
        SourceKind::Tcp => "a sender was cut off, and what it sent last is lost",
        _ => "a request is still under way; a sender that gets no answer sends it again",
    }
}

/// The certificate of a source that has one.
fn certificate(source: &SourceSettings, arrival: &Arrival) -> anyhow::Result<Option<Arc<Tls>>> {
    let Some(files) = &arrival.tls else { return Ok(None) };
    let tls = Tls::open(files.clone())
        .with_context(|| format!("the certificate of `{}` cannot be used", source.name))?;
    Ok(Some(Arc::new(tls)))
}

fn arriving(settings: &Settings) -> impl Iterator<Item = (&SourceSettings, &Arrival)> {
    settings.sources.iter().filter_map(|source| match &source.intake {
        Intake::Arrives(arrival) => Some((source, arrival)),
        Intake::Files(_) => None,
    })
}

/// A source's name as the name of a folder.
pub(in crate::commands) fn escaped(name: &str) -> PathBuf {
    let mut escaped = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => escaped.push(char::from(byte)),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    PathBuf::from(escaped)
}
