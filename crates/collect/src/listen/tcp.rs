//! Lines over TCP, one after the other (`nc`, rsyslog's omfwd, Apache's piped logs).
//!
//! The protocol acknowledges nothing: what a sender has handed to its kernel when either side dies
//! is lost, up to the sizes of both sockets' buffers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

use super::Listener;
use crate::spool::SpoolError;

/// Bytes that are appended at once.
const CHUNK: usize = 256 << 10;
/// Connections at once; others wait in the kernel's queue.
const CONNECTIONS: usize = 1_024;
/// How long a full spool is waited for before it is looked at again.
const PATIENCE: Duration = Duration::from_millis(200);

/// Takes connections until `stop` changes. What is broken about one connection is handed to
/// `complain` and ends that one alone.
pub async fn serve_tcp(
    socket: TcpListener,
    listener: Listener,
    mut stop: watch::Receiver<bool>,
    complain: impl Fn(String) + Clone + Send + Sync + 'static,
) -> io::Result<()> {
    let listener = Arc::new(listener);
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { break };
        let (stream, peer) = tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // One connection failed, or there are no descriptors left for a while.
                    complain(format!("{}: cannot accept: {error}", listener.source));
                    tokio::time::sleep(PATIENCE).await;
                    continue;
                }
            },
            _ = stop.changed() => break,
        };
        if !listener.allows(peer) {
            complain(format!("{}: {peer} may not send here (`allow`)", listener.source));
            continue;
        }
        let (listener, stop, complain) = (Arc::clone(&listener), stop.clone(), complain.clone());
        connections.spawn(async move {
            if let Err(error) = read(stream, peer, &listener, stop).await {
                complain(format!("{}: {peer}: {error}", listener.source));
            }
            drop(seat);
        });
        while connections.try_join_next().is_some() {}
    }
    // Each takes what it has received, and ends.
    while connections.join_next().await.is_some() {}
    Ok(())
}

async fn read(
    mut stream: TcpStream,
    peer: SocketAddr,
    listener: &Listener,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let mut buffer: Vec<u8> = Vec::with_capacity(CHUNK);
    loop {
        let read = tokio::select! {
            read = stream.read_buf(&mut buffer) => read?,
            _ = stop.changed() => 0,
        };
        if let Some(end) = memchr::memrchr(b'\n', &buffer) {
            let rest = buffer.split_off(end + 1);
            append(listener, std::mem::replace(&mut buffer, rest)).await?;
        }
        if buffer.len() > listener.longest_line {
            let most = listener.longest_line;
            return Err(io::Error::other(format!("a line of more than {most} bytes: closed")));
        }
        if read == 0 {
            // A sender that goes without a line end has said all it had to say.
            if !buffer.is_empty() {
                buffer.push(b'\n');
                append(listener, buffer).await?;
            }
            tracing::debug!(%peer, "gone");
            return Ok(());
        }
        buffer.reserve(CHUNK.saturating_sub(buffer.len()));
    }
}

/// Appends, and waits as long as the spool is full: the sender's window closes meanwhile.
async fn append(listener: &Listener, lines: Vec<u8>) -> io::Result<()> {
    let lines = Arc::new(lines);
    loop {
        let (spool, now) = (Arc::clone(&listener.spool), Arc::clone(&lines));
        let appended = tokio::task::spawn_blocking(move || spool.append(&now)).await;
        match appended.map_err(io::Error::other)? {
            Ok(()) => return Ok(()),
            Err(SpoolError::Full { .. }) => tokio::time::sleep(PATIENCE).await,
            Err(error) => return Err(io::Error::other(error)),
        }
    }
}
