//! The body of a request, in bounded memory.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::refusal::Refusal;
use super::{Refused, Traffic};

/// Bodies of the largest size that are in memory at once. Further bytes wait.
const LARGEST_AT_ONCE: usize = 4;
/// How long a body may take to arrive: who holds memory shall not hold it for ever.
const ARRIVES: Duration = Duration::from_secs(60);
/// How long bytes wait for memory before the sender is told to come back: it shall not hold what it
/// has, and its connection, until all others are through.
const WAITS: Duration = Duration::from_secs(3);
/// Memory is given out in pieces of so many bytes.
const PIECE: usize = 1 << 10;
/// So many bytes are unpacked before memory is asked for.
const STEP: u64 = 64 << 10;

/// The memory for bodies of one source.
pub(super) struct Bodies {
    most: usize,
    pieces: Arc<Semaphore>,
    traffic: Arc<Traffic>,
}

/// A body, unpacked, and the memory it was given.
pub(super) struct Taken {
    pub(super) bytes: Vec<u8>,
    pub(super) memory: Memory,
}

/// Memory that was given; it is given back when it is dropped.
#[derive(Default)]
pub(super) struct Memory(Option<OwnedSemaphorePermit>);

impl Memory {
    fn pieces(&self) -> usize {
        self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits)
    }
}

impl Bodies {
    /// None of them has more than `most` bytes.
    pub(super) fn new(most: usize, traffic: Arc<Traffic>) -> Self {
        let pieces = Arc::new(Semaphore::new(LARGEST_AT_ONCE * pieces(most)));
        Self { most, pieces, traffic }
    }

    /// Takes a body as it arrives: it has memory for the bytes that are there, not for those it
    /// promises.
    pub(super) async fn take(&self, headers: &HeaderMap, body: Body) -> Result<Taken, Refusal> {
        let packing = self.packing(headers)?;
        let announced = text(headers, header::CONTENT_LENGTH.as_str());
        let announced = announced.and_then(|length| length.parse::<usize>().ok());
        if announced.is_some_and(|length| length > self.most) {
            return Err(self.too_large("has"));
        }
        let Taken { bytes, mut memory } =
            timeout(ARRIVES, self.arrive(body)).await.unwrap_or_else(|_| {
                let detail = format!("the body was not there after {} seconds", ARRIVES.as_secs());
                Err(self.bad(StatusCode::REQUEST_TIMEOUT, detail))
            })?;
        let bytes = match packing {
            Packing::None => bytes,
            Packing::Gzip => self.unpacked(&bytes, &mut memory).await?,
        };
        Ok(Taken { bytes, memory })
    }

    async fn arrive(&self, mut body: Body) -> Result<Taken, Refusal> {
        let mut taken = Taken { bytes: Vec::new(), memory: Memory::default() };
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                self.bad(StatusCode::BAD_REQUEST, format!("the body broke off: {error}"))
            })?;
            let Ok(data) = frame.into_data() else { continue };
            let length = taken.bytes.len() + data.len();
            if length > self.most {
                return Err(self.too_large("has"));
            }
            self.hold(&mut taken.memory, length).await?;
            taken.bytes.extend_from_slice(&data);
        }
        Ok(taken)
    }

    async fn unpacked(&self, packed: &[u8], memory: &mut Memory) -> Result<Vec<u8>, Refusal> {
        let mut bytes = Vec::new();
        let mut reader = flate2::read::MultiGzDecoder::new(packed);
        loop {
            let read = (&mut reader).take(STEP).read_to_end(&mut bytes);
            let read = read.map_err(|error| {
                self.bad(StatusCode::BAD_REQUEST, format!("the body is no gzip: {error}"))
            })?;
            if bytes.len() > self.most {
                return Err(self.too_large("unpacked has"));
            }
            if read == 0 {
                return Ok(bytes);
            }
            self.hold(memory, packed.len() + bytes.len()).await?;
        }
    }

    /// Holds memory for so many bytes in all, or for as many as there may be.
    pub(super) async fn hold(&self, memory: &mut Memory, bytes: usize) -> Result<(), Refusal> {
        let wanted = pieces(bytes).min(LARGEST_AT_ONCE * pieces(self.most));
        let more = wanted.saturating_sub(memory.pieces());
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        // It is never closed.
        match timeout(WAITS, Arc::clone(&self.pieces).acquire_many_owned(more)).await {
            Ok(Ok(more)) => match &mut memory.0 {
                Some(memory) => memory.merge(more),
                none => *none = Some(more),
            },
            Ok(Err(_)) | Err(_) => {
                let detail = "other requests fill the memory for bodies (4 of `max_body`): try \
                              again later";
                let status = StatusCode::TOO_MANY_REQUESTS;
                return Err(Refusal::counted(&self.traffic, Refused::Memory, status, detail));
            }
        }
        Ok(())
    }

    fn packing(&self, headers: &HeaderMap) -> Result<Packing, Refusal> {
        match text(headers, header::CONTENT_ENCODING.as_str()) {
            None | Some("identity") => Ok(Packing::None),
            Some("gzip") => Ok(Packing::Gzip),
            Some(other) => Err(self.bad(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("the body is packed by {other}: send it as it is, or by gzip"),
            )),
        }
    }

    fn too_large(&self, has: &str) -> Refusal {
        let most = self.most;
        let detail =
            format!("the body {has} more than {most} bytes (`max_body`): send less at once");
        self.bad(StatusCode::PAYLOAD_TOO_LARGE, detail)
    }

    pub(super) fn bad(&self, status: StatusCode, detail: String) -> Refusal {
        Refusal::counted(&self.traffic, Refused::Body, status, detail)
    }
}

/// How a body is packed.
#[derive(Clone, Copy)]
enum Packing {
    None,
    Gzip,
}

fn pieces(bytes: usize) -> usize {
    bytes.div_ceil(PIECE).max(1)
}

pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
