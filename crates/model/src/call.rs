use smallvec::SmallVec;

use crate::Time;

/// One HTTP request, as a reverse proxy or web server logged it.
///
/// Every text is bytes, unescaped, borrowed from the line (or from the reader's scratch where an
/// escape had to be undone). Empty means that the log did not say: `-` and a missing field are
/// both empty. What a client sent is not UTF-8 by right, so nothing here is `str`.
#[derive(Clone, Debug, Default)]
pub struct Call<'a> {
    /// When the request was received, as the log says it; `None` where the format has no time.
    pub time: Option<Time>,
    /// The peer's address (or host name) without brackets and port.
    pub address: &'a [u8],
    /// `X-Forwarded-For` as received, a comma-separated list whose left part anyone can forge.
    pub forwarded_for: &'a [u8],
    /// The authenticated user.
    pub user: &'a [u8],
    /// The method; empty when the request line was not HTTP (TLS bytes on port 80, say).
    pub method: &'a [u8],
    /// The request target, path and query, as received; what was sent when it was not HTTP.
    pub target: &'a [u8],
    /// `HTTP/1.1`, `HTTP/2.0`…; empty for HTTP/0.9 and for what was not HTTP.
    pub protocol: &'a [u8],
    /// The virtual host that was asked for.
    pub host: &'a [u8],
    /// The final status; `None` for `-`, `000` and what HTTP has no room for.
    pub status: Option<u16>,
    /// Bytes of the response; `None` where the log does not say.
    pub bytes: Option<u64>,
    /// How long it took, in microseconds.
    pub duration: Option<u64>,
    /// The `Referer` header.
    pub referer: &'a [u8],
    /// The `User-Agent` header.
    pub user_agent: &'a [u8],
    /// What joins this call to its marks.
    pub request_id: RequestId<'a>,
    /// The backend that answered, where the format names one (HAProxy's `backend/server`,
    /// nginx's `$upstream_addr`, Traefik's router, Envoy's cluster).
    pub upstream: &'a [u8],
    /// The other request headers that the format logs, names in lower case.
    pub headers: Headers<'a>,
    /// What a record of a bus's journal says besides; `None` for what came over HTTP.
    pub delivery: Option<Delivery<'a>>,
}

/// What a record of a bus's journal names itself, so that no rule and no mark need say it.
///
/// Of its [`Call`], the method is what happened (`published`, `done`, `softfail`, `hardfail`,
/// `forwarded`), the target the routing key with `?attempt=N` after it, the user the producer, and
/// the status the one that a service answering over HTTP would have used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// The service that was given the message; of a message that was published, the bus.
    pub service: &'a [u8],
    /// The routing key.
    pub operation: &'a [u8],
}

/// The headers of a call; a format that logs more than four is rare.
pub type Headers<'a> = SmallVec<[Header<'a>; 4]>;

/// One logged request header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name, in lower case, `-` kept.
    pub name: &'a str,
    /// The value as received; empty when the request had none.
    pub value: &'a [u8],
}

/// One application log line that says: this request id entered this operation.
///
/// It says that the operation was entered, not that it succeeded: the call's status says that.
#[derive(Clone, Debug, Default)]
pub struct Mark<'a> {
    /// When the line was written.
    pub time: Option<Time>,
    /// What joins this mark to its call.
    pub request_id: RequestId<'a>,
    /// The operation's name; never empty in a mark that a reader returned.
    pub operation: &'a [u8],
    /// The service that wrote the line, where the line names it.
    pub service: &'a [u8],
}

/// A request id as a log line carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestId<'a> {
    /// The format has no place for one: nothing can be said about this line.
    #[default]
    NotLogged,
    /// The format has a place and it is empty, `-` or invalid: the request passed by no proxy
    /// that makes ids.
    Missing,
    /// The id, without what surrounds it: of a `traceparent` the trace id alone.
    Is(&'a [u8]),
}

impl<'a> Call<'a> {
    /// The target up to `?`.
    pub fn path(&self) -> &'a [u8] {
        match self.target.iter().position(|&b| b == b'?') {
            Some(at) => &self.target[..at],
            None => self.target,
        }
    }

    /// The target after the first `?`; empty without one.
    pub fn query(&self) -> &'a [u8] {
        match self.target.iter().position(|&b| b == b'?') {
            Some(at) => &self.target[at + 1..],
            None => b"",
        }
    }

    /// The value of a logged header; `None` when the format does not log it or it was empty.
    /// `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers.iter().find(|h| h.name == name && !h.value.is_empty()).map(|h| h.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_the_target_at_the_first_question_mark() {
        let call = Call { target: b"/a?b=c?d", ..Call::default() };
        assert_eq!(call.path(), b"/a");
        assert_eq!(call.query(), b"b=c?d");
        let call = Call { target: b"/a", ..Call::default() };
        assert_eq!((call.path(), call.query()), (b"/a".as_slice(), b"".as_slice()));
    }
}
