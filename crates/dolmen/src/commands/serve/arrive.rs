//! Sources that listen: their spools, and who puts lines into them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use dolmen_collect::{Input, Listener, Origin, Spool, serve_http, serve_tcp};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::say;
use crate::settings::{Arrival, Intake, Settings, SourceKind};

/// Bytes of one source that may wait until they are read. An hour of a busy proxy.
const WAITING: u64 = 1 << 30;
/// The longest line that is taken; what is longer no format reads.
const LONGEST_LINE: usize = 16 << 20;

/// Every source that listens.
pub(super) struct Arrivals {
    spools: Vec<(u16, Arc<Spool>)>,
    tasks: Vec<(String, JoinHandle<std::io::Result<()>>)>,
    stop: watch::Sender<bool>,
}

impl Arrivals {
    /// Opens spools below `folder`, and listens.
    pub(super) fn start(
        settings: &Settings,
        folder: &Path,
        runtime: &Runtime,
    ) -> anyhow::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let mut arrivals = Self { spools: Vec::new(), tasks: Vec::new(), stop };
        for (number, source) in (0..).zip(&settings.sources) {
            let Intake::Arrives(arrival) = &source.intake else { continue };
            let Arrival { kind, listen: Some(address), allow, token } = arrival else { continue };
            if !matches!(kind, SourceKind::Tcp | SourceKind::Http) {
                say(&format!(
                    "the source `{}` is of the kind \"{}\", which is not built in yet: it is left \
                     out",
                    source.name,
                    kind.word()
                ));
                continue;
            }
            let spool = Spool::open(folder.join(escaped(&source.name)), &source.name, WAITING)?;
            let spool = Arc::new(spool);
            arrivals.spools.push((number, Arc::clone(&spool)));
            let socket = runtime
                .block_on(TcpListener::bind(address))
                .with_context(|| format!("`{}` cannot listen on {address}", source.name))?;
            say(&format!("the source `{}` listens on {}", source.name, socket.local_addr()?));
            let listener = Listener {
                source: source.name.clone(),
                spool,
                allow: allow.clone(),
                token: token.clone(),
                longest_line: LONGEST_LINE,
            };
            let stopped = stopped.clone();
            let task = match kind {
                SourceKind::Tcp => runtime.spawn(serve_tcp(socket, listener, stopped, |what| {
                    say(&what);
                })),
                _ => runtime.spawn(serve_http(socket, listener, stopped)),
            };
            arrivals.tasks.push((source.name.clone(), task));
        }
        Ok(arrivals)
    }

    /// What is in the spools, for whoever reads.
    pub(super) fn spools(&self) -> Spools {
        Spools { spools: self.spools.clone() }
    }

    /// Takes no more, and waits for what was taken.
    pub(super) fn stop(self, runtime: &Runtime) {
        _ = self.stop.send(true);
        for (source, task) in self.tasks {
            let ended =
                runtime.block_on(async { tokio::time::timeout(super::AT_LAST, task).await });
            match ended {
                Ok(Ok(Ok(()))) => {}
                Ok(Ok(Err(error))) => say(&format!("`{source}`: {error}")),
                Ok(Err(_)) | Err(_) => {
                    say(&format!("`{source}`: a sender was cut off; what it sends again is taken"));
                }
            }
        }
    }
}

/// The spools, by the number of their source.
pub(super) struct Spools {
    spools: Vec<(u16, Arc<Spool>)>,
}

impl Spools {
    /// Their files, to be read like others.
    pub(super) fn inputs(&self) -> Vec<Input> {
        let mut inputs = Vec::new();
        for (source, spool) in &self.spools {
            match spool.files() {
                Ok(files) => inputs.extend(
                    files
                        .into_iter()
                        .map(|path| Input { origin: Origin::File(path), source: *source }),
                ),
                Err(error) => say(&format!("a spool cannot be read: {error}")),
            }
        }
        inputs
    }

    /// Removes what was read to its end.
    pub(super) fn release(&self, is_read: impl Fn(&Path) -> bool) {
        for (_, spool) in &self.spools {
            if let Err(error) = spool.release(&is_read) {
                say(&format!("a spool cannot be cleared: {error}"));
            }
        }
    }
}

/// A source's name as the name of a folder.
fn escaped(name: &str) -> PathBuf {
    let mut escaped = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => escaped.push(char::from(byte)),
            byte => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    PathBuf::from(escaped)
}
