//! AWS Application Load Balancer.
//!
//! AWS appended fields over the years and says that it will do so again: what is asked for is what
//! the first version had; what comes after the last field known here is let pass.

use crate::escape::Escapes;
use crate::program::{Class, Piece, Program, Slot, TimeForm};
use crate::request_id::RequestIdKind;
use crate::time::Unit;

/// The format, with names as AWS's documentation has them.
///
/// The time of a call is when the request was received, so `request_creation_time` where there is
/// one; `time` is when the answer went out. The request is logged with the whole URL, whatever the
/// client sent; its host and target are taken apart.
pub(crate) fn program() -> Program {
    use Class::{Decimal, Integer, Text, Token};
    let word = |name, class, slot| [Piece::field(name, class, slot), Piece::text(" ")];
    let quoted =
        |name, slot| [Piece::text("\""), Piece::field(name, Text, slot), Piece::text("\" ")];
    let time = Slot::Time(TimeForm::Iso);
    let seconds = Slot::DurationPart(Unit::Seconds);
    let mut pieces = Vec::new();
    pieces.extend(word("type", Class::Name, Slot::Ignored));
    pieces.extend(ranked(word("time", Token, time.clone()), 1));
    pieces.extend(word("elb", Token, Slot::Ignored));
    pieces.extend([Piece::field("client", Token, Slot::AddressPort), Piece::text(":")]);
    pieces.extend(word("client_port", Integer, Slot::Ignored));
    pieces.extend(word("target:port", Token, Slot::Upstream));
    for name in ["request_processing_time", "target_processing_time", "response_processing_time"] {
        pieces.extend(word(name, Decimal, seconds.clone()));
    }
    pieces.extend(word("elb_status_code", Integer, Slot::Status));
    pieces.extend(word("target_status_code", Integer, Slot::Ignored));
    pieces.extend(word("received_bytes", Integer, Slot::Ignored));
    pieces.extend(word("sent_bytes", Integer, Slot::Bytes));
    pieces.extend(quoted("request", Slot::RequestUrl));
    pieces.push(Piece::Tail);
    pieces.extend(quoted("user_agent", Slot::UserAgent));
    pieces.extend(word("ssl_cipher", Token, Slot::Ignored));
    pieces.extend(word("ssl_protocol", Token, Slot::Ignored));
    pieces.extend(word("target_group_arn", Token, Slot::Ignored));
    pieces.extend(quoted("trace_id", Slot::RequestId(RequestIdKind::AmazonTrace)));
    pieces.extend(quoted("domain_name", Slot::Host));
    pieces.extend(quoted("chosen_cert_arn", Slot::Ignored));
    pieces.extend(word("matched_rule_priority", Token, Slot::Ignored));
    pieces.push(Piece::field("request_creation_time", Token, time));
    Program::new(Escapes::Apache, pieces)
}

fn ranked<const N: usize>(pieces: [Piece; N], rank: u8) -> [Piece; N] {
    pieces.map(|piece| match piece {
        Piece::Field(field) => Piece::Field(field.rank(rank)),
        piece => piece,
    })
}
