//! The rule of ten in its own time: half hours, under a clock that the test holds.

#![allow(clippy::unwrap_used, reason = "tests: a panic is the report")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dolmen_bus::{Clock, Failure, HandClock, Message, Transport, What, Worker, after};
use dolmen_bus_conformance::within;
use dolmen_bus_sqlite::{CLAIM, FailedFile, Fate, Options, SqliteBus};
use dolmen_model::Time;

const HALF_HOUR: Duration = Duration::from_secs(30 * 60);
const KEY: &str = "notify.gram.user.created";

struct Agoram {
    bus: Arc<SqliteBus>,
    clock: Arc<HandClock>,
    folder: tempfile::TempDir,
}

impl Agoram {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock::new(Time::from_micros(1_790_000_000_000_000)));
        let options = Options { clock: clock.clone(), ..Options::default() };
        let bus = SqliteBus::open(&folder.path().join("bus.db"), options).unwrap();
        Self { bus: Arc::new(bus), clock, folder }
    }

    fn worker(&self, service: &str) -> Worker {
        Worker::new(self.bus.clone(), service)
            .listen(KEY)
            .clock(self.clock.clone())
            .idle_after(Duration::from_millis(20))
    }

    /// Lets GoogleApps work until nothing is ready.
    async fn google(&self, down: impl Fn(u32) -> bool + Send + Sync + Copy + 'static) {
        let worker =
            self.worker("googleapps").handle(move |incoming: dolmen_bus::Incoming| async move {
                match down(incoming.attempt) {
                    true => Err(Failure::availability("Google API is down")),
                    false => Ok(()),
                }
            });
        worker.run_until_idle().await.unwrap();
    }

    async fn journal(&self) -> Vec<dolmen_bus::Event> {
        self.bus.journal(None, 1000).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_deliveries_nine_waits_four_hours_and_a_half_and_one_mail() {
    let agoram = Agoram::new();
    let start = agoram.clock.now();
    agoram.google(|_| true).await;
    let mails = Arc::new(AtomicU32::new(0));
    let mail = |mails: &Arc<AtomicU32>| {
        let mails = Arc::clone(mails);
        agoram.worker("welcome-mail").handle(move |_| {
            mails.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        })
    };
    mail(&mails).run_until_idle().await.unwrap();
    let sent = Message::new(KEY, "{\"id\": 7}");
    agoram.bus.publish(vec![sent.clone()]).await.unwrap();
    for _ in 1..10 {
        agoram.google(|_| true).await;
        mail(&mails).run_until_idle().await.unwrap();
        // A moment before it is due nothing comes.
        agoram.clock.advance(HALF_HOUR - Duration::from_micros(1));
        let before = agoram.journal().await.len();
        agoram.google(|_| true).await;
        assert_eq!(agoram.journal().await.len(), before);
        agoram.clock.advance(Duration::from_micros(1));
    }
    agoram.google(|_| true).await;
    let events = agoram.journal().await;
    let softfails = events.iter().filter(|event| event.what == What::Softfail).count();
    let hardfails: Vec<_> = events.iter().filter(|event| event.what == What::Hardfail).collect();
    assert_eq!((softfails, hardfails.len(), mails.load(Ordering::SeqCst)), (9, 1, 1));
    assert_eq!(hardfails[0].errors.len(), 10);
    assert_eq!(hardfails[0].at, dolmen_bus::after(start, HALF_HOUR * 9));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn back_at_the_fourth_attempt() {
    let agoram = Agoram::new();
    agoram.google(|_| true).await;
    agoram.bus.publish(vec![Message::new(KEY, "{}")]).await.unwrap();
    for _ in 0..4 {
        agoram.google(|attempt| attempt < 4).await;
        agoram.clock.advance(HALF_HOUR);
    }
    let whats: Vec<What> = agoram.journal().await.iter().map(|event| event.what).collect();
    use What::{Done, Published, Softfail};
    assert_eq!(whats, [Published, Softfail, Softfail, Softfail, Done]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_messages_are_kept_listed_and_given_a_fate() {
    let agoram = Agoram::new();
    let worker = || {
        agoram
            .worker("googleapps")
            .handle(|_| async { Err(Failure::business("taken").code("address-taken")) })
    };
    worker().run_until_idle().await.unwrap();
    let sent: Vec<Message> = (0..3).map(|n| Message::new(KEY, n.to_string())).collect();
    agoram.bus.publish(sent.clone()).await.unwrap();
    worker().run_until_idle().await.unwrap();
    let path = agoram.folder.path().join("failed.db");
    let file = FailedFile::open(&path).unwrap();
    assert_eq!(agoram.bus.drain_failed(&file).await.unwrap(), 3);
    let kept = FailedFile::open(&path).unwrap().open_messages().await.unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|kept| sent.contains(&kept.failed.message)));
    assert!(kept.iter().all(|kept| kept.failed.envelope.errors.len() == 1));
    let ids: Vec<i64> = kept.iter().map(|kept| kept.id).collect();
    let at = agoram.clock.now();
    // One claims it, another may when the first is heard of no more, or let go.
    let other = FailedFile::open(&path).unwrap();
    assert!(file.claim(ids[0], "root".into(), at).await.unwrap());
    assert!(!other.claim(ids[0], "x".into(), at).await.unwrap());
    let later = after(at, CLAIM + Duration::from_secs(1));
    assert!(other.claim(ids[0], "x".into(), later).await.unwrap());
    other.let_go(ids[0]).await.unwrap();
    assert!(file.claim(ids[0], "root".into(), at).await.unwrap());
    let decided = file.decide(vec![ids[0]], Fate::Discarded, "root".into(), at).await.unwrap();
    assert_eq!(decided, [ids[0]]);
    assert!(!other.claim(ids[0], "x".into(), later).await.unwrap());
    // Who comes second decides nothing.
    let late = file.decide(vec![ids[0]], Fate::Retried, "x".into(), at).await.unwrap();
    assert!(late.is_empty());
    assert_eq!(file.open_messages().await.unwrap().len(), 2);
    assert_eq!(file.restore(ids.clone()).await.unwrap(), 1);
    assert!(file.claim(ids[0], "root".into(), at).await.unwrap(), "its first claim has ended");
    assert_eq!(file.open_messages().await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_and_newer_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE mine (a)").unwrap();
    let error = SqliteBus::open(&path, Options::default()).err().unwrap().to_string();
    assert!(error.contains("not one of dolmen's"), "{error}");
    let path = folder.path().join("bus.db");
    SqliteBus::open(&path, Options::default()).unwrap().close().await.unwrap();
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.pragma_update(None, "user_version", 2).unwrap();
    drop(newer);
    let error = SqliteBus::open(&path, Options::default()).err().unwrap().to_string();
    assert!(error.contains("format 2"), "{error}");
}

/// A clock that counts how often it is waited on.
struct Counting(Arc<HandClock>, AtomicU32);

#[async_trait::async_trait]
impl Clock for Counting {
    fn now(&self) -> Time {
        self.0.now()
    }

    async fn sleep_until(&self, time: Time) {
        self.1.fetch_add(1, Ordering::SeqCst);
        self.0.sleep_until(time).await;
    }
}

/// Whatever is due meanwhile: who may take no more waits until a delivery ends, in peace.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_without_room_does_not_look_again_and_again() {
    let Agoram { bus: _, clock: hand, folder } = Agoram::new();
    let clock = Arc::new(Counting(hand.clone(), AtomicU32::new(0)));
    let options = Options { clock: clock.clone(), ..Options::default() };
    let bus = SqliteBus::open(&folder.path().join("other.db"), options).unwrap();
    let (name, listen) = ("a".to_owned(), vec![dolmen_bus::Pattern::new(KEY).unwrap()]);
    let service = dolmen_bus::ServiceSpec { name, listen, policy: dolmen_bus::Policy::default() };
    let topology = dolmen_bus::Topology { services: vec![service] };
    bus.setup(&topology, dolmen_bus::Mode::Apply).await.unwrap();
    bus.publish(vec![Message::new(KEY, "waits"), Message::new(KEY, "is handled")]).await.unwrap();
    let want = dolmen_bus::Subscription { service: "a".into(), prefetch: 1 };
    let mut consumer = bus.subscribe(&want).await.unwrap();
    let mut waits = within("the first", consumer.next()).await.unwrap();
    let wait = dolmen_bus::Settlement::Wait {
        delay: HALF_HOUR,
        latest: None,
        back: dolmen_bus::Return::Service,
        envelope: waits.envelope.clone(),
        took: Duration::ZERO,
    };
    waits.receipt.settle(&wait).await.unwrap();
    let mut handled = within("the second", consumer.next()).await.unwrap();
    clock.0.advance(HALF_HOUR);
    let before = clock.1.load(Ordering::SeqCst);
    let next = tokio::time::timeout(Duration::from_millis(100), consumer.next()).await;
    assert!(next.is_err(), "there is room for one");
    assert_eq!(clock.1.load(Ordering::SeqCst), before);
    handled.receipt.settle(&dolmen_bus::Settlement::Done { took: Duration::ZERO }).await.unwrap();
    let again = within("the first again", consumer.next()).await.unwrap();
    assert_eq!(again.message.id, waits.message.id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_go_through_in_batches() {
    let agoram = Agoram::new();
    let count = 2000;
    let handled = Arc::new(AtomicU32::new(0));
    let worker = agoram.worker("googleapps").concurrency(256).handle({
        let handled = Arc::clone(&handled);
        move |_| {
            handled.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        }
    });
    agoram.google(|_| false).await;
    let sent: Vec<Message> = (0..count).map(|n| Message::new(KEY, n.to_string())).collect();
    agoram.bus.publish(sent).await.unwrap();
    within("all of them", worker.run_until_idle()).await.unwrap();
    assert_eq!(handled.load(Ordering::SeqCst), count);
}
