//! Outcomes on their way into the journal: those that are there at the same time go together.
//!
//! One message at a time is on its way to the stream, and whatever ends meanwhile goes with the
//! next. So a record that comes alone is sent at once, by itself; and the more there are, the more
//! share what a message costs the broker. Each outcome still waits until its record is confirmed.

use std::sync::Arc;

use dolmen_bus::Event;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::journal::{self, several};
use crate::names::Names;
use crate::publisher::{Letter, Publisher, Unsent};

/// The most records that go together.
const TOGETHER: usize = 1024;

/// A message that is so long takes no more records.
const LONG: usize = 256 << 10;

type Answer = oneshot::Sender<Result<(), Unsent>>;

/// What writes outcomes.
#[derive(Debug)]
pub(crate) struct Recorder {
    orders: mpsc::UnboundedSender<(Event, Answer)>,
}

impl Recorder {
    /// Writes outcomes until it is dropped.
    pub(crate) fn start(names: Names, publisher: Arc<Publisher>) -> Self {
        let (orders, inbox) = mpsc::unbounded_channel();
        tokio::spawn(work(names, publisher, inbox));
        Self { orders }
    }

    /// Writes an outcome; returns when it is confirmed.
    pub(crate) async fn record(&self, event: Event) -> Result<(), Unsent> {
        let (answer, answered) = oneshot::channel();
        // When the task is gone the answer is dropped, and the receiver says so.
        let _ = self.orders.send((event, answer));
        let gone = || Err(Unsent::Unreachable("the bus is closed".to_owned()));
        answered.await.unwrap_or_else(|_| gone())
    }
}

async fn work(
    names: Names,
    publisher: Arc<Publisher>,
    mut inbox: mpsc::UnboundedReceiver<(Event, Answer)>,
) {
    let mut orders = Vec::with_capacity(TOGETHER);
    while inbox.recv_many(&mut orders, TOGETHER).await > 0 {
        let (letters, answers) = letters(&names, &mut orders);
        let results = send(&names, &publisher, letters).await;
        for (result, answers) in results.into_iter().zip(answers) {
            for answer in answers {
                // Nobody may be waiting any more.
                let _ = answer.send(result.clone());
            }
        }
    }
}

/// Sends records without bodies: to the exchange of the journal, and a copy of each straight to the
/// stream of outcomes. Through one exchange nobody would hear of one of the two that is not there. A
/// bus that was set up before has no such stream: what is read there says so.
pub(crate) async fn send(
    names: &Names,
    publisher: &Publisher,
    letters: Vec<Letter>,
) -> Vec<Result<(), Unsent>> {
    let copy = |letter: &Letter| Letter {
        exchange: String::new(),
        routing_key: names.outcomes(),
        ..letter.clone()
    };
    let copies = letters.iter().map(copy).collect();
    let (sent, copied) = tokio::join!(publisher.send(letters), publisher.send(copies));
    let both = sent.into_iter().zip(copied).map(|(sent, copied)| match copied {
        Ok(()) | Err(Unsent::Returned { .. }) => sent,
        unsent => sent.and(unsent),
    });
    both.collect()
}

/// Records as messages, and who waits for each.
fn letters(names: &Names, orders: &mut Vec<(Event, Answer)>) -> (Vec<Letter>, Vec<Vec<Answer>>) {
    if let [_] = orders.as_slice() {
        return orders.drain(..).map(|(event, answer)| (one(names, &event), vec![answer])).unzip();
    }
    let (mut letters, mut answers) = (Vec::new(), Vec::new());
    let (mut lines, mut waiting) = (Vec::new(), Vec::new());
    for (event, answer) in orders.drain(..) {
        let before = lines.len();
        if several::write(&event, &mut lines).is_err() {
            // No record that exists: its parts are texts and numbers.
            lines.truncate(before);
            letters.push(one(names, &event));
            answers.push(vec![answer]);
            continue;
        }
        waiting.push(answer);
        if lines.len() >= LONG {
            letters.push(together(names, std::mem::take(&mut lines)));
            answers.push(std::mem::take(&mut waiting));
        }
    }
    if !waiting.is_empty() {
        letters.push(together(names, lines));
        answers.push(waiting);
    }
    (letters, answers)
}

/// A record by itself.
pub(crate) fn one(names: &Names, event: &Event) -> Letter {
    let (properties, body) = journal::write(event);
    Letter {
        exchange: names.journal(),
        routing_key: names.record(event.what),
        message_id: event.message.id.clone(),
        properties,
        body,
    }
}

fn together(names: &Names, lines: Vec<u8>) -> Letter {
    let message_id = Uuid::now_v7().to_string();
    Letter {
        exchange: names.journal(),
        routing_key: names.records(),
        properties: several::properties(&message_id),
        message_id,
        body: lines.into(),
    }
}
