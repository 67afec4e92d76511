//! Agoram: an association moves to a message bus.
//!
//! A new member is announced once; two services listen. GoogleApps makes an account, and the API
//! it needs is down; WelcomeMail writes a mail. Each scene is a bus in a file of its own, with real
//! workers and a clock that is moved by hand, so that four hours and a half pass in a moment.

pub(crate) mod figures;
pub(crate) mod texts;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use dolmen_bus::{
    Clock, Contracts, Event, Failure, HandClock, Incoming, Message, Mode, Pattern, Policy,
    PolicySettings, Required, Return, ServiceSpec, Topology, Transport, What, Worker, until,
};
use dolmen_bus_sqlite::{Options, SqliteBus};
use dolmen_model::Time;
use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::json;
use tokio::sync::watch;

/// The key under which a member is announced.
const CREATED: &str = "notify.gram.user.created";
const GOOGLE_APPS: &str = "googleapps";
const WELCOME_MAIL: &str = "welcome-mail";

/// How long a scene may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is looked whether a scene went on.
const LOOK: Duration = Duration::from_millis(2);

/// The scenes.
#[derive(Debug)]
pub(crate) struct Story {
    /// What waited is published to everybody again, and the API never comes back.
    pub(crate) first_way: Scene,
    /// The same, but what waited returns to the service that failed.
    pub(crate) one_service: Scene,
    /// The API is back at the fourth attempt.
    pub(crate) back: Scene,
    /// The announcement breaks the agreed format.
    pub(crate) broken: Scene,
}

/// What happened to one message.
#[derive(Debug)]
pub(crate) struct Scene {
    /// The journal, oldest first.
    pub(crate) events: Vec<Event>,
    /// How many welcome mails were written.
    pub(crate) mails: u32,
    /// How often the Google API was asked.
    pub(crate) asked: u32,
}

/// How a scene goes.
struct Plan {
    name: &'static str,
    back: Return,
    /// From which request on the API answers.
    up_from: Option<u32>,
    body: &'static str,
}

/// Plays everything in files under `dir`.
pub(crate) async fn play(dir: &Path) -> Result<Story> {
    let folder = dir.join("agoram");
    fs::create_dir_all(&folder)
        .with_context(|| format!("failed to make the folder {}", folder.display()))?;
    let good = r#"{"id": 7, "mail": "gram@example.org"}"#;
    let plan = |name, back, up_from, body| Plan { name, back, up_from, body };
    let (exchange, service) = (Return::Exchange, Return::Service);
    Ok(Story {
        first_way: scene(&folder, plan("first-way", exchange, None, good)).await?,
        one_service: scene(&folder, plan("one-service", service, None, good)).await?,
        back: scene(&folder, plan("back", service, Some(4), good)).await?,
        broken: scene(&folder, plan("broken", service, None, r#"{"id": "seven"}"#)).await?,
    })
}

async fn scene(folder: &Path, plan: Plan) -> Result<Scene> {
    let path = folder.join(format!("{}.db", plan.name));
    // A story is told from its beginning.
    if path.exists() {
        fs::remove_file(&path).with_context(|| format!("failed to remove {}", path.display()))?;
    }
    let start = date(2026, 3, 2).at(8, 0, 0, 0).to_zoned(TimeZone::UTC)?.timestamp();
    let clock = Arc::new(HandClock::new(Time::from_micros(start.as_microsecond())));
    let options = Options { clock: Arc::clone(&clock) as _, ..Options::default() };
    let bus = Arc::new(SqliteBus::open(&path, options)?);
    let policy = PolicySettings { back: Some(plan.back), ..PolicySettings::default() };
    let policy = Policy::build(&policy, GOOGLE_APPS)?;
    let service = |name: &str, policy| -> Result<ServiceSpec> {
        Ok(ServiceSpec { name: name.to_owned(), listen: vec![Pattern::new(CREATED)?], policy })
    };
    let services =
        vec![service(GOOGLE_APPS, policy.clone())?, service(WELCOME_MAIL, Policy::default())?];
    bus.setup(&Topology { services }, Mode::Apply).await?;

    let (asked, mails) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let contract = json!({"type": "object", "properties": {"id": {"type": "integer"}}});
    let contracts = Arc::new(Contracts::new([(CREATED, contract)], Required::No)?);
    let (stop, stopped) = watch::channel(());
    let told = || {
        let mut stopped = stopped.clone();
        async move {
            // The sender outlives the workers.
            let _ = stopped.changed().await;
        }
    };
    let google = Worker::new(Arc::clone(&bus) as _, GOOGLE_APPS)
        .policy(policy)
        .contracts(contracts)
        .clock(Arc::clone(&clock) as _)
        .handle({
            let asked = Arc::clone(&asked);
            move |_: Incoming| {
                let request = asked.fetch_add(1, Ordering::SeqCst) + 1;
                let is_up = plan.up_from.is_some_and(|from| request >= from);
                async move {
                    if is_up { Ok(()) } else { Err(Failure::availability("Google API is down")) }
                }
            }
        })
        .run_until(told());
    let mail = Worker::new(Arc::clone(&bus) as _, WELCOME_MAIL)
        .clock(Arc::clone(&clock) as _)
        .handle({
            let mails = Arc::clone(&mails);
            move |_: Incoming| {
                mails.fetch_add(1, Ordering::SeqCst);
                async { Ok(()) }
            }
        })
        .run_until(told());

    let mut message = Message::new(CREATED, plan.body);
    message.producer = Some("gram".to_owned());
    let id = message.id.clone();
    bus.publish(vec![message]).await?;
    let conduct = async {
        let played = tokio::time::timeout(PATIENCE, conduct(&bus, &clock, &id)).await;
        stop.send_replace(());
        played.context("the story does not go on")?
    };
    let (google, mail, conducted) = tokio::join!(google, mail, conduct);
    google?;
    mail?;
    conducted?;
    let events = bus.trace(&id).await?;
    bus.close().await?;
    let count = |counter: &AtomicU32| counter.load(Ordering::SeqCst);
    Ok(Scene { events, mails: count(&mails), asked: count(&asked) })
}

/// Moves the clock to when the next message is due, until GoogleApps is done with its own and
/// nobody has work left.
async fn conduct(bus: &SqliteBus, clock: &HandClock, id: &str) -> Result<()> {
    let is_last = |event: &Event| {
        event.service.as_deref() == Some(GOOGLE_APPS)
            && matches!(event.what, What::Done | What::Hardfail)
    };
    loop {
        if let Some(left) =
            bus.waiting().await?.first().and_then(|next| until(clock.now(), next.due_at))
        {
            // Whoever else has the message finishes first: the story is told in one order.
            if bus.depths().await?.iter().all(|depth| depth.ready == 0) {
                clock.advance(left);
            }
        } else if bus.trace(id).await?.iter().any(is_last)
            && bus.depths().await?.iter().all(|depth| depth.ready == 0)
        {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}
