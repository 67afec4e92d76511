//! What a worker says when a broker does not do what it should, and that it goes on afterwards.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests: a panic is the report")]

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use dolmen_bus::{
    Incoming, Message, Mode, Pattern, Policy, ServiceSpec, Topology, Transport, What, Worker,
};
use dolmen_bus_conformance::broker::Broker;
use dolmen_bus_conformance::within;
use dolmen_bus_rabbitmq::{Options, RabbitBus};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Everything that was said in this process, line by line.
static SAID: LazyLock<Arc<Mutex<Vec<u8>>>> = LazyLock::new(|| {
    let said = Arc::<Mutex<Vec<u8>>>::default();
    let writer = {
        let said = Arc::clone(&said);
        move || Said(Arc::clone(&said))
    };
    tracing_subscriber::fmt().with_writer(writer).with_ansi(false).without_time().init();
    said
});

struct Said(Arc<Mutex<Vec<u8>>>);

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The lines said so far that hold all of these.
fn said(words: &[&str]) -> Vec<String> {
    let said = String::from_utf8(SAID.lock().unwrap().clone()).unwrap();
    let lines = said.lines().filter(|line| words.iter().all(|word| line.contains(word)));
    lines.map(str::to_owned).collect()
}

async fn is_said(words: &[&str], times: usize) -> Vec<String> {
    within(&words.join(" "), async {
        while said(words).len() < times {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    said(words)
}

fn options(broker: &Broker) -> Options {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    LazyLock::force(&SAID);
    let bus = format!("told{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut options = Options::new(bus, broker.url());
    options.rungs = [1].into();
    options
}

/// Sets up services that listen to keys of their own names.
async fn set_up(bus: &RabbitBus, services: &[&str]) {
    let services = services.iter().map(|name| ServiceSpec {
        name: (*name).to_owned(),
        listen: vec![Pattern::new(name).unwrap()],
        policy: Policy::default(),
    });
    bus.setup(&Topology { services: services.collect() }, Mode::Apply).await.unwrap();
}

/// A worker of a service in a task of its own, and the ids of what it handled.
fn work(bus: &RabbitBus, service: &str) -> (Stop, UnboundedReceiver<String>) {
    let (note, handled) = unbounded_channel();
    let worker = Worker::new(Arc::new(bus.clone()), service).handle(move |incoming: Incoming| {
        // Nobody listens any more when the test is over.
        let _ = note.send(incoming.id.clone());
        async { Ok(()) }
    });
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = tokio::spawn(async move {
        let told = async move {
            let _ = stopped.await;
        };
        worker.run_until(told).await.unwrap();
    });
    (Stop { stop, working }, handled)
}

struct Stop {
    stop: tokio::sync::oneshot::Sender<()>,
    working: tokio::task::JoinHandle<()>,
}

impl Stop {
    async fn now(self) {
        self.stop.send(()).unwrap();
        within("the worker ends", self.working).await.unwrap();
    }
}

/// A broker that is short of memory takes nothing new. That is said, once; what it does not take is
/// kept, messages that are ready are still handled, and afterwards all goes on without repeats.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_short_of_memory_is_waited_for() {
    let Some(broker) = Broker::own() else { return };
    let bus = RabbitBus::open(options(&broker)).await.unwrap();
    set_up(&bus, &["a"]).await;
    let before = Message::new("a", "before");
    bus.publish(vec![before.clone()]).await.unwrap();
    broker.control(&["set_vm_memory_high_watermark", "absolute", "1"]);
    // The broker still takes the first.
    let held: Vec<Message> = (0..3).map(|n| Message::new("a", n.to_string())).collect();
    let publishing = tokio::spawn({
        let (bus, held) = (bus.clone(), held.clone());
        async move {
            for message in held {
                bus.publish(vec![message]).await.unwrap();
            }
        }
    });
    // The worker gets what is ready.
    let (stop, mut handled) = work(&bus, "a");
    assert_eq!(within("what is ready", handled.recv()).await, Some(before.id));
    let accepts_nothing = ["the broker accepts nothing just now"];
    let lines = is_said(&accepts_nothing, 1).await;
    assert!(lines[0].contains("short of memory"), "{lines:?}");
    assert!(!publishing.is_finished());
    broker.control(&["set_vm_memory_high_watermark", "0.4"]);
    within("a confirmation", publishing).await.unwrap();
    for message in held {
        assert_eq!(within("what was held", handled.recv()).await, Some(message.id));
    }
    stop.now().await;
    assert_eq!(handled.recv().await, None, "something was handled twice");
    // Once for what is published, and once for the worker's records.
    assert!(said(&accepts_nothing).len() <= 2, "{:?}", said(&accepts_nothing));
    let events = bus.journal(None, 100).await.unwrap();
    let done = events.iter().filter(|event| event.what == What::Done).count();
    assert_eq!((events.len(), done), (8, 4), "{events:?}");
}
