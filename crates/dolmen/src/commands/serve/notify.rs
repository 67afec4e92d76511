//! Alerts to somebody outside: a webhook, or a chat.
//!
//! What is to be sent is kept with the alert, in one commit, and goes when the other side has taken
//! it. So a restart loses nothing and sends nothing twice; only a crash between the answer of the
//! other side and our commit does, and then with the same `Idempotency-Key`.

use std::collections::{BTreeSet, HashMap};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use dolmen_console::AlertRow;
use dolmen_model::Time;
use dolmen_store::{Alert, NewNotice, Notice, StoredCall};
use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Client, Url};
use serde_json::json;
use tokio::runtime::Handle;

use super::live::Live;
use super::say;
use crate::settings::{NotifyKind, NotifySettings, Settings};

/// How long the other side may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// When it is tried again: after each failure later, at last every hour.
const AGAIN: [Duration; 6] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(3600),
];

/// What is to be sent of an alert, to each who wants it; `latest` is its latest call.
pub(super) fn notices(
    alert: &Alert,
    latest: Option<&StoredCall>,
    settings: &Settings,
) -> Vec<NewNotice> {
    let wants = |target: &&NotifySettings| {
        target.alerts.as_ref().is_none_or(|kinds| kinds.contains(&alert.kind))
    };
    // Opened anew, it is told anew; so it is when more came while it was muted.
    let key = format!("{}-{}-{}", alert.id, alert.opened.micros(), alert.count);
    let link = settings.console.as_deref().map(|console| link(console, alert));
    let body = |NotifySettings { kind, language, .. }: &NotifySettings| {
        let mut text = dolmen_watch::sentence(alert, *language);
        if let Some(call) = latest {
            text = format!("{text} {}", dolmen_watch::by(call, *language));
        }
        match kind {
            NotifyKind::Slack => {
                let link = link.iter().map(|link| format!(" {link}")).collect::<String>();
                json!({ "text": format!("dolmen: {text}{link}") })
            }
            NotifyKind::Webhook => {
                let alert = AlertRow::of(alert.clone(), *language);
                json!({ "id": key, "text": text, "link": link, "alert": alert })
            }
        }
    };
    let notice = |target: &NotifySettings| NewNotice {
        target: target.name.clone(),
        key: key.clone(),
        body: body(target).to_string(),
    };
    settings.notify.iter().filter(wants).map(notice).collect()
}

/// Where the console shows the calls of an alert, or else all alerts.
fn link(console: &str, alert: &Alert) -> String {
    let calls = dolmen_watch::query(alert)
        .and_then(|query| Url::parse_with_params(&format!("{console}/calls"), [("q", query)]).ok());
    calls.map_or_else(|| format!("{console}/alerts"), String::from)
}

/// Somebody looks at least so often whether something is to be sent.
const IDLE: Duration = Duration::from_secs(60);

/// Has everybody who is to be told served by a thread of his own, so that who does not answer keeps
/// nobody else waiting; whenever `told` says that there is something, until the other end goes.
pub(super) fn run(live: &Live, runtime: &Handle, told: &Receiver<()>) {
    let client = match client() {
        Ok(client) => client,
        Err(error) => return say(&format!("nobody outside can be told of alerts: {error}")),
    };
    thread::scope(|scope| {
        let mut serving: HashMap<String, Sender<()>> = HashMap::new();
        loop {
            for target in waiting(live) {
                let wake = serving.entry(target).or_insert_with_key(|target| {
                    let (wake, woken) = mpsc::channel();
                    let (target, client) = (target.clone(), client.clone());
                    scope.spawn(move || serve(live, runtime, &client, &target, &woken));
                    wake
                });
                // It ends with `wake` alone.
                _ = wake.send(());
            }
            if told.recv_timeout(IDLE) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    });
}

/// Those for whom there is something.
fn waiting(live: &Live) -> BTreeSet<String> {
    match live.store.outbox() {
        Ok(waiting) => waiting.into_iter().map(|notice| notice.target).collect(),
        Err(error) => {
            say(&format!("what is to be sent cannot be read: {error}"));
            BTreeSet::new()
        }
    }
}

/// Sends to one what is due, when it is woken and when the time has come.
fn serve(live: &Live, runtime: &Handle, client: &Client, target: &str, woken: &Receiver<()>) {
    let mut said = None;
    loop {
        let wait = round(live, runtime, client, target, &mut said);
        match woken.recv_timeout(wait) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn client() -> Result<Client, reqwest::Error> {
    // Somebody may have chosen one already; then that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build()
}

/// Sends everything to one that is due; how long until the next is. `said` is what was said last of
/// why he could not be told.
fn round(
    live: &Live,
    runtime: &Handle,
    client: &Client,
    name: &str,
    said: &mut Option<String>,
) -> Duration {
    let waiting = match live.store.outbox() {
        Ok(waiting) => waiting,
        Err(error) => {
            say(&format!("what is to be sent cannot be read: {error}"));
            return IDLE;
        }
    };
    let settings = live.current().settings;
    let target = settings.notify.iter().find(|target| target.name == name);
    let mut next = IDLE;
    for notice in waiting.into_iter().filter(|notice| notice.target == name) {
        let now = now();
        if notice.due > now {
            let micros = notice.due.micros().saturating_sub(now.micros()).max(0).unsigned_abs();
            next = next.min(Duration::from_micros(micros));
            continue;
        }
        let Some(target) = target else {
            // Whoever it was is not in the configuration any more.
            keep(live.store.remove_notice(notice.id));
            continue;
        };
        match runtime.block_on(send(client, target, &notice)) {
            Ok(()) => {
                *said = None;
                keep(live.store.remove_notice(notice.id));
            }
            Err(why) => {
                let wait = AGAIN[AGAIN.len().min(notice.attempts as usize + 1) - 1];
                let micros = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX);
                let due = Time::from_micros(now.micros().saturating_add(micros));
                keep(live.store.postpone_notice(notice.id, due));
                next = next.min(wait);
                if said.replace(why.clone()).as_ref() != Some(&why) {
                    say(&format!("`{name}` was not told of an alert, and will be: {why}"));
                }
            }
        }
    }
    next
}

fn keep(kept: Result<(), dolmen_store::StoreError>) {
    if let Err(error) = kept {
        say(&format!("cannot keep what was sent: {error}"));
    }
}

/// Why is said without the address: whoever knows it may send there.
async fn send(client: &Client, target: &NotifySettings, notice: &Notice) -> Result<(), String> {
    let mut request = client
        .post(&target.url)
        .header(CONTENT_TYPE, "application/json")
        .header("Idempotency-Key", &notice.key)
        .body(notice.body.clone());
    if let Some(token) = &target.token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let answer = request.send().await.map_err(|error| {
        let error = error.without_url();
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        format!("{error}{}", cause.unwrap_or_default())
    })?;
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(format!("it answered {status}")),
    }
}

fn now() -> Time {
    Time::from_micros(Timestamp::now().as_microsecond())
}
