//! Who comes in: a connection gets a seat, is looked at, and is greeted in the way it speaks.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::complaints::{About, Complaints};
use super::{Listener, Open, Refused, Traffic};

/// How long is waited before a failed accept is tried again.
const PATIENCE: Duration = Duration::from_millis(200);
/// How long a sender may take to agree on TLS.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a sender over HTTP may take until it has sent a request, and between two; longer than a body
/// may take.
const REQUEST: Duration = Duration::from_secs(120);
/// How long who has no seat may take to hear so.
const STANDING: Duration = Duration::from_secs(10);
/// A connection that says nothing for so long is asked whether it is still there, so many times, with
/// so long between them: a machine that was unplugged says no goodbye, and would keep its seat.
const QUIET: Duration = Duration::from_secs(60);
const ASKED: u32 = 4;
const BETWEEN: Duration = Duration::from_secs(15);
/// What every TLS connection begins with (RFC 8446, section 5.1: a record of type handshake), and no
/// line of text.
const TLS: u8 = 0x16;

/// A connection that came in.
pub(super) struct Arrived {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) seat: Seat,
}

/// Whether a connection has a seat of its own, or only stands to be told why it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Seated,
    /// All seats are taken.
    Crowded,
    /// It may not send here.
    Stranger,
}

/// Held as long as the connection lives.
pub(super) struct Seat {
    traffic: Arc<Traffic>,
    pub(super) room: Room,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Seat {
    /// How long it is held for a request that does not come.
    pub(super) fn patience(&self) -> Duration {
        match self.room {
            Room::Seated => REQUEST,
            Room::Crowded | Room::Stranger => STANDING,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.traffic.went();
    }
}

/// Takes connections of a source.
pub(super) struct Door {
    socket: TcpListener,
    _open: Open,
    listener: Arc<Listener>,
    seats: Arc<Semaphore>,
    /// For those who are told why they have no seat; none where nobody can be told.
    standing: Arc<Semaphore>,
    complaints: Arc<Complaints>,
    is_crowded: bool,
    /// Whether the last connection could not be accepted.
    is_failing: bool,
}

impl Door {
    pub(super) fn new(
        socket: TcpListener,
        open: Open,
        listener: Arc<Listener>,
        standing: usize,
        complaints: Arc<Complaints>,
    ) -> Self {
        let seats = Arc::new(Semaphore::new(listener.limits.connections));
        let standing = Arc::new(Semaphore::new(standing));
        Self {
            socket,
            _open: open,
            listener,
            seats,
            standing,
            complaints,
            is_crowded: false,
            is_failing: false,
        }
    }

    /// The next connection. Who finds no seat waits: one at the door, the others in the kernel's
    /// queue.
    pub(super) async fn next(&mut self) -> Arrived {
        let (stream, peer, (permit, room)) = loop {
            let (stream, peer) = self.accept().await;
            if self.listener.allows(peer) {
                break (stream, peer, self.permit().await);
            }
            // Whoever may not send takes no seat from those who may.
            if let Ok(permit) = Arc::clone(&self.standing).try_acquire_owned() {
                break (stream, peer, (Some(permit), Room::Stranger));
            }
            self.listener.traffic.refuse(Refused::Network);
            let stranger = format_args!("{peer} may not send here (`allow`)");
            self.complaints.say_of(About::Stranger, stranger);
        };
        let traffic = Arc::clone(&self.listener.traffic);
        traffic.came();
        Arrived { stream, peer, seat: Seat { traffic, room, _permit: permit } }
    }

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok(accepted) => {
                    self.is_failing = false;
                    // Where it cannot be asked it is there until it ends.
                    _ = keep_asking(&accepted.0);
                    return accepted;
                }
                Err(error) => {
                    // One connection failed, or there are no descriptors left for a while.
                    if !std::mem::replace(&mut self.is_failing, true) {
                        let again = format_args!("cannot accept: {error}; it is tried again");
                        self.complaints.say(again);
                    }
                    sleep(PATIENCE).await;
                }
            }
        }
    }

    async fn permit(&mut self) -> (Option<OwnedSemaphorePermit>, Room) {
        if let Ok(permit) = Arc::clone(&self.seats).try_acquire_owned() {
            self.is_crowded = false;
            return (Some(permit), Room::Seated);
        }
        if !self.is_crowded {
            self.is_crowded = true;
            let most = self.listener.limits.connections;
            let full = format_args!("{most} are connected, and no more may be (`max_connections`)");
            self.complaints.say_of(About::Crowd, full);
        }
        let (seats, standing) = (Arc::clone(&self.seats), Arc::clone(&self.standing));
        // Neither is ever closed: there is a permit.
        tokio::select! {
            biased;
            permit = seats.acquire_owned() => (permit.ok(), Room::Seated),
            permit = standing.acquire_owned() => (permit.ok(), Room::Crowded),
        }
    }
}

fn keep_asking(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, QUIET)?;
    sockopt::set_tcp_keepintvl(stream, BETWEEN)?;
    Ok(sockopt::set_tcp_keepcnt(stream, ASKED)?)
}

/// What bytes go over, TLS or not.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Finds out how a connection speaks and agrees on it; `None` for one that ended and said nothing, as
/// those do who only look whether somebody is there. The error says why that was not to be.
pub(super) async fn greet(
    stream: TcpStream,
    listener: &Listener,
    complaints: &Complaints,
) -> io::Result<Option<Box<dyn Wire>>> {
    let speaks_tls = async {
        let mut first = [0];
        match stream.peek(&mut first).await {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(first[0] == TLS)),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(None),
            Err(error) => Err(error),
        }
    };
    let refuse = |what: &str| {
        listener.traffic.refuse(Refused::Tls);
        io::Error::new(io::ErrorKind::InvalidData, what)
    };
    let Some(tls) = &listener.tls else {
        return match speaks_tls.await? {
            None => Ok(None),
            Some(false) => Ok(Some(Box::new(stream))),
            Some(true) => {
                Err(refuse("it speaks TLS, and the source has no certificate (`tls`): refused"))
            }
        };
    };
    let (config, trouble) = tls.now();
    if let Some(trouble) = trouble {
        let go_on = "the certificate from before is shown until this is mended";
        complaints.say(format_args!("{trouble}; {go_on}"));
    }
    match timeout(HANDSHAKE, speaks_tls).await {
        Ok(Ok(None)) => return Ok(None),
        Ok(Ok(Some(true))) => {}
        Ok(Ok(Some(false))) => {
            farewell(stream).await;
            return Err(refuse("it speaks plain text, and the source wants TLS: refused"));
        }
        Ok(Err(error)) => return Err(error),
        Err(_) => return Err(refuse("it said nothing for ten seconds, where TLS begins")),
    }
    match timeout(HANDSHAKE, TlsAcceptor::from(config).accept(stream)).await {
        Ok(Ok(stream)) => Ok(Some(Box::new(stream))),
        Ok(Err(error)) => Err(refuse(&format!("TLS was not agreed on: {error}"))),
        Err(_) => Err(refuse("TLS was not agreed on within ten seconds")),
    }
}

/// Says in plain text that TLS is spoken here: an HTTP sender shows it to somebody.
async fn farewell(mut stream: TcpStream) {
    const BODY: &str = r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"this address speaks TLS: use https"}"#;
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    let say = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // What is unread when a socket closes takes the answer with it.
        tokio::io::copy(&mut (&mut stream).take(1 << 20), &mut tokio::io::sink()).await
    };
    // Who does not listen need not be told.
    _ = timeout(PATIENCE, say).await;
}

/// A wire with its seat, which it does not hold for ever: who is to send and does not, goes.
pub(super) struct Seated {
    wire: Box<dyn Wire>,
    seat: Seat,
    /// Until when there must be a whole request.
    until: Pin<Box<Sleep>>,
}

impl Seated {
    pub(super) fn new(wire: Box<dyn Wire>, seat: Seat) -> Self {
        let until = Box::pin(sleep(seat.patience()));
        Self { wire, seat, until }
    }
}

impl AsyncRead for Seated {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.wire).poll_read(context, buffer) {
            Poll::Pending => {
                let is_late = self.until.as_mut().poll(context);
                is_late.map(|()| Err(io::ErrorKind::TimedOut.into()))
            }
            read => read,
        }
    }
}

impl AsyncWrite for Seated {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // It is answered: the time for the next request begins.
        if self.seat.room == Room::Seated {
            self.until.as_mut().reset(Instant::now() + REQUEST);
        }
        Pin::new(&mut self.wire).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
