//! Records of a bus's journal, as dolmen writes them.

use dolmen_model::{Call, Delivery};

use super::Json;
use super::field::{Dialect, Field};
use super::fill::time;
use super::text::Texts;
use crate::program::status;
use crate::time::{Clock, Unit, micros};
use crate::{Line, Unread};

const NO_RECORD: &str = "a record of a bus's journal: it has no `what`, or no `routing_key`";

/// Where a record has its fields.
pub(super) const BUS: Dialect = Dialect {
    places: &[
        (Field::Time, &["at"]),
        (Field::RequestId, &["request_id"]),
        (Field::Operation, &["routing_key"]),
        (Field::Service, &["service"]),
        (Field::User, &["producer"]),
        (Field::Method, &["what"]),
        (Field::Target, &["routing_key"]),
        (Field::Query, &["attempt"]),
        (Field::Status, &["status"]),
        (Field::Bytes, &["bytes"]),
        (Field::Duration, &["took_us"]),
    ],
    unit: None,
};

impl Json {
    /// A record of a bus's journal. What a service or a person did that is no delivery (a pause, a
    /// retry asked for) is nothing to count: what comes of it has a record of its own.
    pub(super) fn delivery<'a>(
        &'a self,
        texts: &Texts<'a>,
        clock: &mut Clock,
    ) -> Result<Line<'a>, Unread> {
        let text = |field: Field| texts.get(field as usize);
        let (what, target) = (text(Field::Method), text(Field::Target));
        if what.is_empty() || target.is_empty() {
            return Err(Unread::new(0, NO_RECORD));
        }
        if ![&b"published"[..], b"done", b"softfail", b"hardfail", b"forwarded"].contains(&what) {
            return Ok(Line::Nothing);
        }
        Ok(Line::Call(Call {
            time: time(texts, clock)?,
            user: text(Field::User),
            method: what,
            target,
            status: status(text(Field::Status)),
            bytes: micros(text(Field::Bytes), Unit::Micros),
            duration: self.duration(texts),
            request_id: self.request_id(texts),
            delivery: Some(Delivery {
                service: text(Field::Service),
                operation: text(Field::Operation),
            }),
            ..Call::default()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fields, Format, RequestId};

    fn read(line: &str) -> Result<Option<(String, Call<'static>)>, Unread> {
        let format = Format::calls("bus", &Fields::new()).unwrap();
        let mut reader = format.reader();
        let read = reader.read(line.as_bytes())?;
        let Line::Call(call) = read else { return Ok(None) };
        let delivery = call.delivery.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(call.request_id, RequestId::Is(b"r"));
        let words = [call.method, call.target, call.user, delivery.service, delivery.operation];
        let words = words.map(text).join(" ");
        let numbers = Call { status: call.status, duration: call.duration, ..Call::default() };
        Ok(Some((words, Call { bytes: call.bytes, time: call.time, ..numbers })))
    }

    #[test]
    fn a_record_is_a_call_that_names_its_service_and_operation() {
        let line = r#"{"position":3,"at":"2026-11-26T08:00:00.5Z","what":"softfail","routing_key":"a.\"b","service":"s","producer":"p","attempt":4,"status":503,"took_us":1500,"error":"x","message_id":"m","request_id":"r"}"#;
        let (words, call) = read(line).unwrap().unwrap();
        assert_eq!(words, r#"softfail a."b?attempt=4 p s a."b"#);
        assert_eq!((call.status, call.duration, call.bytes), (Some(503), Some(1500), None));
        assert!(call.time.is_some());
        let line = r#"{"at":"2026-11-26T08:00:00Z","what":"published","routing_key":"a","service":"bus","status":202,"bytes":7,"request_id":"r"}"#;
        let (words, call) = read(line).unwrap().unwrap();
        assert_eq!(words, "published a  bus a");
        assert_eq!((call.status, call.bytes), (Some(202), Some(7)));
    }

    #[test]
    fn what_is_no_delivery_is_nothing_to_count_and_what_is_no_record_is_said() {
        let paused = r#"{"what":"paused","routing_key":"a","request_id":"r"}"#;
        assert!(read(paused).unwrap().is_none());
        let other = read(r#"{"what":"done"}"#).unwrap_err();
        assert!(other.expected.contains("routing_key"), "{other}");
    }
}
