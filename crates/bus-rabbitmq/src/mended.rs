//! A connection on which texts of other programs are made UTF-8 before the client library reads them.
//!
//! AMQP leaves it open how short texts are written (names, routing keys, all properties but
//! headers' values), and the client library ends the connection when one is not UTF-8: whoever such
//! a message is delivered to, or who looks at it, would lose everything else on the connection, again
//! and again. So what comes from the broker passes through here, a frame at a time; bytes that are
//! not UTF-8 are replaced in place ([`frame`]), and bodies are never touched.

mod frame;

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use async_rs::traits::{Executor, Reactor, RuntimeKit};
use async_rs::util::Task;
use async_rs::{Runtime, Tokio};
use futures_io::{AsyncRead, AsyncWrite};
use futures_util::{FutureExt, Stream, TryFutureExt};
use lapin::tcp::{AMQPUriTcpExt, OwnedTLSConfig};
use lapin::uri::AMQPUri;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties};

use frame::Frames;

/// What is read at a time.
const BLOCK: usize = 64 << 10;

/// Connects to a broker. One try.
pub(crate) async fn connect(
    uri: AMQPUri,
    tls: OwnedTLSConfig,
    properties: ConnectionProperties,
) -> lapin::Result<Connection> {
    let connecting = async move |uri: AMQPUri, _| {
        let runtime = Runtime::tokio_current();
        let stream = uri.connect_with_config_async(tls.as_ref(), &runtime).await?;
        Ok(AsyncTcpStream::Plain(Mended::new(stream)))
    };
    Connection::connector(uri, Runtime::new(Kit(Tokio::current())), connecting, properties).await
}

type Inner = AsyncTcpStream<<Tokio as Reactor>::TcpStream>;

/// A stream of which what is read is mended.
pub(crate) struct Mended {
    inner: Inner,
    /// What was read and not handed on.
    bytes: Vec<u8>,
    /// How many of them were handed on, and how many can be.
    given: usize,
    mended: usize,
    frames: Frames,
    is_over: bool,
}

impl Mended {
    fn new(inner: Inner) -> Self {
        let (bytes, frames) = (Vec::with_capacity(2 * BLOCK), Frames::default());
        Self { inner, bytes, given: 0, mended: 0, frames, is_over: false }
    }

    /// Reads some more; nothing more comes after an end.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.bytes.drain(..self.given);
        self.mended -= self.given;
        self.given = 0;
        let before = self.bytes.len();
        self.bytes.resize(before + BLOCK, 0);
        let read = Pin::new(&mut self.inner).poll_read(context, &mut self.bytes[before..]);
        let count = match &read {
            Poll::Ready(Ok(count)) => *count,
            Poll::Ready(Err(_)) | Poll::Pending => 0,
        };
        self.bytes.truncate(before + count);
        self.is_over = ready!(read)? == 0;
        self.mended += self.frames.mend(&mut self.bytes[self.mended..]);
        if self.is_over {
            // Half a frame is the library's to complain of.
            self.mended = self.bytes.len();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Mended {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        while self.given == self.mended && !self.is_over {
            ready!(self.poll_fill(context))?;
        }
        let count = to.len().min(self.mended - self.given);
        to[..count].copy_from_slice(&self.bytes[self.given..][..count]);
        self.given += count;
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Mended {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(context)
    }
}

/// Tokio, but for its streams: what the client library asks for before it takes others than its own.
#[derive(Clone, Debug)]
pub(crate) struct Kit(Tokio);

impl RuntimeKit for Kit {}

impl Executor for Kit {
    type Task<T: Send + 'static> = <Tokio as Executor>::Task<T>;

    fn block_on<T, F: Future<Output = T>>(&self, future: F) -> T {
        self.0.block_on(future)
    }

    fn spawn<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        future: F,
    ) -> Task<Self::Task<T>> {
        self.0.spawn(future)
    }

    fn spawn_blocking<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
        &self,
        job: F,
    ) -> Task<Self::Task<T>> {
        self.0.spawn_blocking(job)
    }
}

impl Reactor for Kit {
    type TcpStream = Mended;
    type Sleep = <Tokio as Reactor>::Sleep;

    /// Nobody brings a socket of his own; what the original asks of one has no public name.
    fn register<H: Read + Write + Send + 'static>(
        &self,
        _: H,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Send + Unpin + 'static> {
        Err::<Mended, _>(io::ErrorKind::Unsupported.into())
    }

    fn sleep(&self, duration: Duration) -> Self::Sleep {
        self.0.sleep(duration)
    }

    fn interval(&self, duration: Duration) -> impl Stream<Item = Instant> + Send + 'static {
        self.0.interval(duration)
    }

    fn tcp_connect_addr(
        &self,
        address: SocketAddr,
    ) -> impl Future<Output = io::Result<Self::TcpStream>> + Send + 'static {
        let connecting = self.0.tcp_connect_addr(address);
        connecting.map_ok(|stream| Mended::new(AsyncTcpStream::Plain(stream))).boxed()
    }
}
