//! What a worker refuses before it takes a message. What it does then is in the conformance suite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use dolmen_model::Time;

use crate::*;

/// A transport of which nothing is wanted but what it can do, and whether it is reached.
struct Bounded {
    longest: Duration,
    /// How often it is not.
    unreached: Arc<AtomicU32>,
    /// What it is not reached for; before that it is.
    step: Step,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Subscribe,
    Next,
    Ready,
    /// Everything is reached; the journal is read and written for ever.
    Journal,
}

fn reach(unreached: &AtomicU32) -> TransportError {
    let one_less = |left: u32| left.checked_sub(1);
    let unreached = unreached.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok();
    if unreached { TransportError::Unreachable("nobody answers".to_owned()) } else { NOTHING }
}

impl Bounded {
    fn reach(&self) -> TransportError {
        reach(&self.unreached)
    }
}

/// The runtime's clock, which does not wait for the machine's.
struct Tokios(tokio::time::Instant);

#[async_trait]
impl Clock for Tokios {
    fn now(&self) -> Time {
        after(Time::from_micros(0), self.0.elapsed())
    }

    async fn sleep_until(&self, time: Time) {
        tokio::time::sleep(until(self.now(), time).unwrap_or_default()).await;
    }
}

/// Messages that never end, one at a time.
struct Endless;

/// Answers are taken.
struct Taken;

#[async_trait]
impl Receipt for Taken {
    async fn settle(&mut self, _: &Settlement) -> Result<Settled, SettleError> {
        Ok(Settled::Done)
    }
}

#[async_trait]
impl Consumer for Endless {
    async fn next(&mut self) -> Result<Delivery, TransportError> {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let (message, envelope) = (Message::new("k", ""), Envelope::default());
        Ok(Delivery { message, envelope, redeliveries: 0, receipt: Box::new(Taken) })
    }

    async fn close(self: Box<Self>) -> Result<(), TransportError> {
        Ok(())
    }
}

/// Messages that never come.
struct Silent(Option<Arc<AtomicU32>>);

#[async_trait]
impl Consumer for Silent {
    async fn next(&mut self) -> Result<Delivery, TransportError> {
        match self.0.as_deref().map(reach) {
            Some(error @ TransportError::Unreachable(_)) => Err(error),
            _ => std::future::pending().await,
        }
    }

    async fn close(self: Box<Self>) -> Result<(), TransportError> {
        Ok(())
    }
}

const NOTHING: TransportError =
    TransportError::Unsupported { what: "this", why: "it only says what it can do" };

#[async_trait]
impl Transport for Bounded {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            reach_waiting: false,
            show_changes: false,
            longest_handling: Some(self.longest),
        }
    }

    async fn setup(&self, _: &Topology, _: Mode) -> Result<Vec<Change>, TransportError> {
        Err(self.reach())
    }

    async fn remove(&self, _: &str) -> Result<(), TransportError> {
        Err(NOTHING)
    }

    async fn publish(&self, _: Vec<Message>) -> Result<(), PublishError> {
        Ok(())
    }

    async fn send(&self, _: &str, _: Vec<Parcel>) -> Result<(), PublishError> {
        Ok(())
    }

    async fn subscribe(&self, _: &Subscription) -> Result<Box<dyn Consumer>, TransportError> {
        match self.step {
            Step::Subscribe => Err(self.reach()),
            Step::Next => Ok(Box::new(Silent(Some(Arc::clone(&self.unreached))))),
            Step::Ready => Ok(Box::new(Silent(None))),
            Step::Journal => Ok(Box::new(Endless)),
        }
    }

    async fn paused_at(&self, _: &str) -> Result<Option<Time>, TransportError> {
        std::future::pending().await
    }

    async fn depths(&self) -> Result<Vec<Depth>, TransportError> {
        Err(self.reach())
    }

    async fn look(&self, _: Aside, _: &mut See<'_>) -> Result<(), TransportError> {
        Err(NOTHING)
    }

    async fn take(
        &self,
        _: Aside,
        _: &mut Wanted<'_>,
        _: &dyn KeepFailed,
    ) -> Result<usize, DrainError> {
        Err(NOTHING.into())
    }

    async fn count_unrouted(&self) -> Result<u64, TransportError> {
        Err(NOTHING)
    }

    async fn waiting(&self) -> Result<Vec<Waiting>, TransportError> {
        Err(NOTHING)
    }

    async fn release(&self, _: &str, _: &str) -> Result<bool, TransportError> {
        Err(NOTHING)
    }

    async fn cancel(&self, _: &str, _: &str) -> Result<bool, TransportError> {
        Err(NOTHING)
    }

    async fn journal(&self, _: Option<Position>, _: usize) -> Result<Vec<Event>, TransportError> {
        Err(NOTHING)
    }

    async fn record(&self, _: Event) -> Result<(), TransportError> {
        std::future::pending().await
    }
}

fn worker() -> Worker {
    unreached(0)
}

fn unreached(times: u32) -> Worker {
    unreached_for(Step::Subscribe, times)
}

fn unreached_for(step: Step, times: u32) -> Worker {
    let longest = Duration::from_secs(30 * 60);
    let transport = Bounded { longest, unreached: Arc::new(AtomicU32::new(times)), step };
    Worker::new(Arc::new(transport), "googleapps")
}

/// A connection may break before the first message is asked for, as at any other time.
#[tokio::test(start_paused = true)]
async fn a_bus_that_is_not_reached_at_first_is_tried_again() {
    let either: [fn(Worker) -> Worker; 2] = [|worker| worker.listen("k"), |worker| worker];
    for with in either {
        let began = tokio::time::Instant::now();
        let working = with(unreached(3)).handle(nothing).run_until(std::future::pending());
        let error = working.await.unwrap_err();
        assert!(
            matches!(error, WorkerError::Transport(TransportError::Unsupported { .. })),
            "{error}"
        );
        assert_eq!(began.elapsed().as_secs(), 3);
    }
}

/// Nor is a worker idle that has not subscribed yet: it would end as if all were done.
#[tokio::test(start_paused = true)]
async fn a_worker_that_ends_when_idle_does_not_end_because_the_bus_is_not_reached() {
    // Each time a second's pause, and when it listens the quiet before it looks what is ready.
    for (step, least) in [(Step::Subscribe, 3.0), (Step::Next, 3.0), (Step::Ready, 3.0)] {
        let began = tokio::time::Instant::now();
        let error = unreached_for(step, 3).handle(nothing).run_until_idle().await.unwrap_err();
        assert!(
            matches!(error, WorkerError::Transport(TransportError::Unsupported { .. })),
            "{step:?}: {error}"
        );
        assert!(began.elapsed().as_secs_f64() >= least, "{step:?}: {:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_never_reached_the_bus_stops_when_it_is_told() {
    let minutes = tokio::time::sleep(Duration::from_secs(600));
    let summary = unreached(u32::MAX).handle(nothing).run_until(minutes).await.unwrap();
    assert_eq!(summary, Summary::default());
}

/// A worker reads the journal once, to see whether its service was paused; that may take long, and
/// nobody who stops it waits for that.
#[tokio::test(start_paused = true)]
async fn a_worker_that_is_told_to_stop_does_not_wait_for_the_journal_to_be_read() {
    let began = tokio::time::Instant::now();
    let second = tokio::time::sleep(Duration::from_secs(1));
    let summary = unreached_for(Step::Journal, 0).handle(nothing).run_until(second).await.unwrap();
    assert!(summary.done > 10, "{summary:?}");
    assert_eq!(began.elapsed().as_secs(), 1);
}

/// Nor does a worker stand still because a broker takes no record of its pause just now: it probes,
/// and when it is told to stop it does so within the time for last words.
#[tokio::test(start_paused = true)]
async fn a_worker_that_cannot_tell_of_its_pause_probes_and_stops() {
    let began = tokio::time::Instant::now();
    let settings = PolicySettings { outage_after: Some(3), ..PolicySettings::default() };
    let policy = Policy::build(&settings, "googleapps").unwrap();
    let hours = tokio::time::sleep(Duration::from_secs(2 * 3600));
    let down = |_: Incoming| async { Err(Failure::availability("down")) };
    let worker = unreached_for(Step::Journal, 0).policy(policy).clock(Arc::new(Tokios(began)));
    let summary = worker.handle(down).run_until(hours).await.unwrap();
    assert!(summary.softfailed > 3, "it does not probe: {summary:?}");
    let late = began.elapsed() - Duration::from_secs(2 * 3600);
    assert!(late <= Duration::from_secs(6), "{late:?}");
}

/// RabbitMQ takes back what is unanswered for half an hour, also what only was fetched ahead.
#[test]
fn a_prefetch_that_could_be_answered_too_late_is_refused() {
    let checked = worker().handle(nothing).checked_prefetch();
    assert_eq!(checked.unwrap(), 2, "10 minutes for each of two in a row");
    let error = worker().prefetch(4).handle(nothing).checked_prefetch().unwrap_err();
    assert!(matches!(error, WorkerError::TooLong { ahead: 4, .. }), "{error}");
    assert!(error.to_string().contains("lower the time limit or the prefetch"), "{error}");
    // Four at a time have one each to handle.
    let checked = worker().prefetch(4).concurrency(4).handle(nothing).checked_prefetch();
    assert_eq!(checked.unwrap(), 4);
    let error = worker().time_limit(Duration::from_secs(15 * 60)).handle(nothing);
    assert!(matches!(error.checked_prefetch(), Err(WorkerError::TooLong { ahead: 2, .. })));
}

async fn nothing(_: Incoming) -> Result<(), Failure> {
    Ok(())
}
