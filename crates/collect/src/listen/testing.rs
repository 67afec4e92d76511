//! A source that listens, for tests: on a clock of their own, where they pause it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};

use super::{Complain, Limits, Listener, LongLines, Refused, Traffic, serve_http, serve_tcp};
use crate::spool::{Spool, without_preamble};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(3_600);

pub(super) struct Source {
    pub(super) address: SocketAddr,
    pub(super) traffic: Arc<Traffic>,
    pub(super) said: Arc<Mutex<Vec<String>>>,
    spool: Arc<Spool>,
    _folder: TempDir,
    _stop: watch::Sender<bool>,
    _open: oneshot::Receiver<()>,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Tcp,
    Http,
}

impl Source {
    /// Listens, with a listener that `change` has seen.
    pub(super) async fn start(kind: Kind, change: impl FnOnce(&mut Listener)) -> Self {
        let (mut listener, folder) = listener();
        change(&mut listener);
        let (traffic, spool) = (Arc::clone(&listener.traffic), Arc::clone(&listener.spool));
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&said);
        let complain: Complain = Arc::new(move |what| keep.lock().unwrap().push(what));
        let (stop, stopped) = watch::channel(false);
        let (door, open) = oneshot::channel();
        match kind {
            Kind::Tcp => tokio::spawn(serve_tcp(socket, door, listener, stopped, complain)),
            Kind::Http => tokio::spawn(serve_http(socket, door, listener, stopped, complain)),
        };
        let (_folder, _stop, _open) = (folder, stop, open);
        Self { address, traffic, said, spool, _folder, _stop, _open }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// What was taken.
    pub(super) fn lines(&self) -> Vec<u8> {
        let files = self.spool.files().unwrap().into_iter();
        files.flat_map(|path| without_preamble(&std::fs::read(path).unwrap()).to_vec()).collect()
    }

    pub(super) fn refused(&self) -> Vec<(&'static str, u64)> {
        let counts = Refused::ALL.map(|why| (why.name(), self.traffic.refused(why)));
        counts.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}

/// A source that takes what it is sent, and the folder of its spool.
pub(super) fn listener() -> (Listener, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let listener = Listener {
        source: "net".to_owned(),
        spool: Arc::new(Spool::open(folder.path(), "net", 64 << 20).unwrap()),
        allow: Vec::new(),
        token: None,
        tls: None,
        limits: Limits { line: 1 << 20, body: 1 << 20, connections: 100 },
        long: LongLines::default(),
        traffic: Arc::default(),
    };
    (listener, folder)
}

/// Waits until something is so.
#[track_caller]
pub(super) fn until(what: &str, is_so: impl Fn() -> bool) -> impl Future<Output = ()> {
    let began = Instant::now();
    async move {
        while !is_so() {
            assert!(began.elapsed() < PATIENCE, "never: {what}");
            sleep(Duration::from_millis(1)).await;
        }
    }
}
