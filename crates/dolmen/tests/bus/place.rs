//! A bus of a test's own: a file in its folder, or a name of its own on the broker.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use dolmen_bus_conformance::{broker, publish_foreign};
use serde_json::Value;

use crate::util::{Folder, Run};

/// How long something may take that must come.
const PATIENCE: Duration = Duration::from_secs(180);

/// A folder with a `dolmen.toml` that names a bus.
pub(crate) struct Place {
    pub(crate) folder: Folder,
    bus: String,
}

/// Makes each function a test on a file and a test on a broker.
macro_rules! on_both {
    ($($test:ident)*) => {
        mod on_a_file {
            $(#[test] fn $test() { super::$test(&crate::place::Place::file()); })*
        }
        mod on_a_broker {
            $(#[test] fn $test() {
                if let Some(place) = crate::place::Place::broker() { super::$test(&place); }
            })*
        }
    };
}
pub(crate) use on_both;

impl Place {
    pub(crate) fn file() -> Self {
        Self::new("name = \"agoram\"\nurl = \"sqlite:bus.db\"\n".to_owned())
    }

    /// `None` where RabbitMQ is not installed.
    pub(crate) fn broker() -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let broker = broker::shared()?;
        Some(Self::new(format!("name = \"cli{n}\"\nurl = \"{}\"\n", broker.url())))
    }

    fn new(bus: String) -> Self {
        Self { folder: Folder::new(), bus }
    }

    /// The same bus as somebody sees it at another machine.
    pub(crate) fn elsewhere(&self) -> Self {
        Self::new(self.bus.clone())
    }

    /// Puts a message among the failed ones, as a program does that knows nothing of dolmen and
    /// whose texts are not UTF-8; only on a broker.
    pub(crate) fn put_among_failed(&self, body: &str) {
        let name = self.bus.split('"').nth(1).unwrap();
        let queue = format!("{name}.failed");
        let port = broker::shared().unwrap().amqp;
        let putting = publish_foreign(port, "", &queue, b"caf\xe9", body.as_bytes());
        tokio::runtime::Runtime::new().unwrap().block_on(putting);
    }

    /// Writes the configuration: the bus, and what else `[bus]` and its services are to say.
    pub(crate) fn configure(&self, text: &str) {
        self.folder.file("dolmen.toml", format!("[bus]\n{}{text}", self.bus));
    }

    /// The same, set up.
    pub(crate) fn set_up(&self, text: &str) {
        self.configure(text);
        self.bus(&["setup"]).output();
    }

    /// `dolmen bus` with these arguments.
    pub(crate) fn bus(&self, args: &[&str]) -> Run {
        let mut all = vec!["bus"];
        all.extend(args);
        // Handlers are programs.
        self.folder.dolmen(&all).env("PATH", &std::env::var("PATH").unwrap()).env("USER", "roots")
    }

    /// The answer of a command that was asked for JSON.
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.push("--json");
        let (out, _) = self.bus(&all).done_with_notes();
        serde_json::from_str(&out).unwrap()
    }

    /// Publishes one message; its id.
    pub(crate) fn publish(&self, key: &str, data: &str) -> String {
        let published = self.json(&["publish", key, "--data", data]);
        published["message_ids"][0].as_str().unwrap().to_owned()
    }

    /// Works until nothing is ready; what one service did.
    pub(crate) fn work(&self, service: &str, more: &[&str]) -> Value {
        let mut args = vec!["work", "--service", service, "--until-idle"];
        args.extend(more);
        self.json(&args)["services"][0].clone()
    }

    /// Works again and again until a message's story ends with `what`; the story.
    pub(crate) fn work_until(&self, service: &str, id: &str, what: &str) -> Vec<Value> {
        wait_for(what, || {
            self.work(service, &[]);
            let story = self.trace(id);
            (story.last()?["what"] == what).then_some(story)
        })
    }

    /// What happened to a message.
    pub(crate) fn trace(&self, id: &str) -> Vec<Value> {
        self.json(&["trace", id])["events"].as_array().unwrap().clone()
    }

    /// One service's row of `bus status`.
    pub(crate) fn status(&self, service: &str) -> Value {
        let status = self.json(&["status"]);
        let rows = status["services"].as_array().unwrap();
        rows.iter().find(|row| row["service"] == service).unwrap().clone()
    }

    /// Starts a command that is to be stopped.
    pub(crate) fn start(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dolmen"));
        command.arg("bus").args(args).current_dir(self.folder.path());
        command.env("HOME", self.folder.path().join("home"));
        command
    }
}

/// What `ask` gives once it gives something.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The values of one key of each row.
pub(crate) fn column(rows: &[Value], key: &str) -> Vec<String> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    rows.iter().map(|row| text(&row[key])).collect()
}
