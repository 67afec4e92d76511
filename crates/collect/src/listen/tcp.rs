//! Lines over TCP, one after the other (`nc`, rsyslog's omfwd, Apache's piped logs).
//!
//! The protocol acknowledges nothing: what a sender has handed to its kernel when either side dies
//! is lost, up to the sizes of both sockets' buffers. So nobody is turned away who can wait: who
//! finds no seat waits, who finds no memory for a long line waits, and a line that is too long goes
//! alone, not the connection with it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::complaints::{About, Complaints};
use super::door::{Arrived, Door, Wire, greet};
use super::long::{ENDS, LongLine};
use super::{Complain, Listener, Open, Refused};
use crate::spool::SpoolError;

/// Bytes that each connection has memory for, and that are read at once. A line that has more takes
/// memory from what all share.
const OWN: usize = 256 << 10;
/// How long a full spool is waited for before it is looked at again.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long what senders have sent already is read when this shall end.
const DRAIN: Duration = Duration::from_secs(1);
/// How long is waited for more then, between two lines.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a full spool is waited for then.
const ROOM: Duration = Duration::from_secs(3);

/// Takes connections until `stop` changes. What is broken about one connection is handed to
/// `complain` and ends that one alone.
pub async fn serve_tcp(
    socket: TcpListener,
    open: Open,
    listener: Listener,
    mut stop: watch::Receiver<bool>,
    complain: Complain,
) -> io::Result<()> {
    let listener = Arc::new(listener);
    let complaints = Arc::new(Complaints::new(listener.source.clone(), complain));
    let mut door = Door::new(socket, open, Arc::clone(&listener), 0, Arc::clone(&complaints));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let Arrived { stream, peer, seat } = tokio::select! {
            arrived = door.next() => arrived,
            _ = stop.changed() => break,
        };
        let (listener, mut stop) = (Arc::clone(&listener), stop.clone());
        let complaints = Arc::clone(&complaints);
        connections.spawn(async move {
            let greeted = tokio::select! {
                greeted = greet(stream, &listener, &complaints) => greeted,
                _ = stop.changed() => return,
            };
            match greeted {
                Ok(Some(wire)) => {
                    let connection = Connection::new(wire, peer, &listener, &complaints, stop);
                    match connection.read().await {
                        Ok(()) => {}
                        // What is lost is always said.
                        Err(error) if error.kind() == io::ErrorKind::Other => {
                            complaints.say(format_args!("{peer}: {error}"));
                        }
                        Err(error) => {
                            complaints.say_of(About::Broken, format_args!("{peer}: {error}"));
                        }
                    }
                }
                Ok(None) => {}
                Err(error) => complaints.say_of(About::Greeting, format_args!("{peer}: {error}")),
            }
            drop(seat);
        });
        while connections.try_join_next().is_some() {}
    }
    // Somebody else may listen here now.
    drop(door);
    // Each takes what it has received, and ends.
    while connections.join_next().await.is_some() {}
    Ok(())
}

struct Connection<'c> {
    wire: Box<dyn Wire>,
    peer: SocketAddr,
    listener: &'c Listener,
    complaints: &'c Complaints,
    buffer: Vec<u8>,
    /// What the line being read has beyond what is this connection's own.
    memory: Option<LongLine>,
    /// The line being read is left out, which was said, and goes on.
    skips: bool,
    /// Whether it was said that a line was left out. Further ones are counted.
    has_said: bool,
    stop: watch::Receiver<bool>,
    /// Since when it shall end.
    ends: Option<Instant>,
}

impl<'c> Connection<'c> {
    fn new(
        wire: Box<dyn Wire>,
        peer: SocketAddr,
        listener: &'c Listener,
        complaints: &'c Complaints,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self {
            wire,
            peer,
            listener,
            complaints,
            buffer: Vec::with_capacity(OWN),
            memory: None,
            skips: false,
            has_said: false,
            stop,
            ends: None,
        }
    }

    async fn read(mut self) -> io::Result<()> {
        loop {
            if self.buffer.len() >= OWN && self.memory.is_none() {
                self.memory = match self.long_line().await {
                    Some(memory) => Some(memory),
                    None => return self.leave(),
                };
            }
            let room = if self.memory.is_some() { OWN } else { OWN - self.buffer.len() };
            self.buffer.reserve_exact(room);
            let known = self.buffer.len();
            let read = match self.ends {
                Some(since) => self.read_last(since).await?,
                None => tokio::select! {
                    read = self.wire.read_buf(&mut self.buffer) => Some(ended(read)?),
                    () = late(self.memory.as_ref()) => {
                        self.outstay();
                        continue;
                    }
                    () = stopped(&mut self.stop) => {
                        self.ends = Some(Instant::now());
                        continue;
                    }
                },
            };
            let Some(read) = read else { return self.leave() };
            // A sender that goes without a line end has said all it had to say.
            if read == 0 && !self.is_between_lines() {
                self.buffer.push(b'\n');
            }
            self.take(known).await?;
            if read == 0 {
                tracing::debug!(peer = %self.peer, "gone");
                return Ok(());
            }
        }
    }

    /// Waits for memory for the line being read; `None` where there is none until the end.
    async fn long_line(&mut self) -> Option<LongLine> {
        let Listener { long, limits, .. } = self.listener;
        let memory = long.take(limits.line);
        tokio::pin!(memory);
        if self.ends.is_none() {
            tokio::select! {
                memory = &mut memory => return Some(memory),
                () = stopped(&mut self.stop) => self.ends = Some(Instant::now()),
            }
        }
        let since = self.ends?;
        timeout_at(since + DRAIN, memory).await.ok()
    }

    /// A line has had memory for a while and does not end: that is too long where others wait for it.
    fn outstay(&mut self) {
        let Some(memory) = &mut self.memory else { return };
        if !self.listener.long.is_wanted() {
            memory.until = Instant::now() + ENDS;
            return;
        }
        let (bytes, seconds) = (self.buffer.len(), ENDS.as_secs());
        self.listener.traffic.refuse(Refused::Memory);
        self.complaints.say_of(
            About::Line,
            format_args!(
                "{}: a line that had {bytes} bytes and no end after {seconds} seconds was left out: \
                 others wait for the memory of long lines",
                self.peer
            ),
        );
        self.skip();
    }

    fn skip(&mut self) {
        self.skips = true;
        self.buffer = Vec::new();
        self.memory = None;
    }

    /// What is there already, and the rest of a line that has begun; `None` when that is all.
    async fn read_last(&mut self, since: Instant) -> io::Result<Option<usize>> {
        let (now, most) = (Instant::now(), since + DRAIN);
        if now >= most {
            return Ok(None);
        }
        let until = if self.is_between_lines() { most.min(now + PAUSE) } else { most };
        match timeout_at(until, self.wire.read_buf(&mut self.buffer)).await {
            Ok(read) => ended(read).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn is_between_lines(&self) -> bool {
        self.buffer.is_empty() && !self.skips
    }

    /// Goes before the sender does. A part of a line is no line.
    fn leave(&self) -> io::Result<()> {
        let bytes = self.buffer.len();
        // Of one that is left out it was said.
        if bytes > 0 && !self.skips {
            self.complaints.say(format_args!(
                "{}: the connection is ended in the middle of a line, whose first {bytes} bytes are \
                 left out",
                self.peer
            ));
        }
        Ok(())
    }

    /// Takes the whole lines of the buffer, of which so many bytes are known to hold no line end.
    async fn take(&mut self, mut known: usize) -> io::Result<()> {
        if self.skips {
            known = 0;
            let Some(end) = memchr::memchr(b'\n', &self.buffer) else {
                self.buffer.clear();
                return Ok(());
            };
            self.buffer.drain(..=end);
            self.skips = false;
        }
        let most = self.listener.limits.line;
        if let Some(end) = memchr::memrchr(b'\n', &self.buffer[known..]) {
            // What is left was read at once, so it is no more than this connection's own.
            let rest = self.buffer.split_off(known + end + 1);
            let mut lines = std::mem::replace(&mut self.buffer, rest);
            for bytes in sift(&mut lines, most) {
                self.leave_out(format_args!("of {bytes} bytes was"));
            }
            let count = memchr::memchr_iter(b'\n', &lines).count();
            self.append(lines).await?;
            self.memory = None;
            self.listener.traffic.took(count);
        }
        // It may never end: that is said now.
        if self.buffer.len() > most {
            let bytes = self.buffer.len();
            self.leave_out(format_args!("that has {bytes} bytes and no end yet is"));
            self.skip();
        }
        Ok(())
    }

    /// Appends, and waits as long as the spool is full: the sender's window closes meanwhile.
    async fn append(&mut self, lines: Vec<u8>) -> io::Result<()> {
        let Listener { spool, traffic, .. } = self.listener;
        let lines = Arc::new(lines);
        let mut has_waited = false;
        loop {
            let (spool, now) = (Arc::clone(spool), Arc::clone(&lines));
            let appended = tokio::task::spawn_blocking(move || spool.append(&now)).await;
            match appended.map_err(io::Error::other)? {
                Ok(()) => return Ok(()),
                Err(SpoolError::Full { .. }) => {
                    if !std::mem::replace(&mut has_waited, true) {
                        traffic.refuse(Refused::Spool);
                    }
                    if self.ends.is_some_and(|since| Instant::now() >= since + ROOM) {
                        let count = memchr::memchr_iter(b'\n', &lines).count();
                        let lost = format!("{count} lines are lost: the spool was full to the end");
                        return Err(io::Error::other(lost));
                    }
                    tokio::select! {
                        () = sleep(PATIENCE) => {}
                        () = stopped(&mut self.stop), if self.ends.is_none() => {
                            self.ends = Some(Instant::now());
                        }
                    }
                }
                Err(error) => {
                    traffic.refuse(Refused::Disk);
                    return Err(io::Error::new(io::ErrorKind::StorageFull, error));
                }
            }
        }
    }

    /// Counts a line that is too long, and says so of the first; `which` it is ends in a verb.
    fn leave_out(&mut self, which: fmt::Arguments<'_>) {
        let Listener { limits, traffic, .. } = self.listener;
        traffic.refuse(Refused::Line);
        if !std::mem::replace(&mut self.has_said, true) {
            let what = format_args!(
                "{}: a line {which} left out, {} may be (`max_line`); further ones of \
                 this connection are only counted",
                self.peer, limits.line
            );
            self.complaints.say_of(About::Line, what);
        }
    }
}

/// A TLS sender that goes without a goodbye is gone all the same: that its last line may be cut
/// short is so without TLS too.
fn ended(read: io::Result<usize>) -> io::Result<usize> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        read => read,
    }
}

/// Removes the lines that are too long, and gives their lengths.
fn sift(lines: &mut Vec<u8>, most: usize) -> Vec<usize> {
    if lines.len() <= most {
        return Vec::new();
    }
    let (mut kept, mut start, mut long) = (0, 0, Vec::new());
    while let Some(length) = memchr::memchr(b'\n', &lines[start..]) {
        let next = start + length + 1;
        match length > most {
            true => long.push(length),
            false => {
                lines.copy_within(start..next, kept);
                kept += next - start;
            }
        }
        start = next;
    }
    lines.truncate(kept);
    long
}

/// Waits until a line has had its memory for a while.
async fn late(memory: Option<&LongLine>) {
    match memory {
        Some(memory) => sleep_until(memory.until).await,
        None => std::future::pending().await,
    }
}

/// Waits until this shall end.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // Nobody is there who could say so: then it shall end too.
    _ = stop.wait_for(|stop| *stop).await;
}

#[cfg(test)]
mod tests;
