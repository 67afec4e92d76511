//! Waiting, coming back, and going elsewhere.

use std::collections::HashMap;
use std::time::Duration;

use dolmen_bus::{Envelope, Message, Return, SettleError, Settled, Settlement, after};
use dolmen_model::Time;

use crate::tools::{Seen, done, failed, next, next_soon, policy, settings, softfail};
use crate::{Rig, Scene, within};

const SECOND: Duration = Duration::from_secs(1);

/// Ten subscribers of which one fails ten times: the other nine get exactly one delivery.
pub async fn a_retry_reaches_only_the_service_that_failed<R: Rig>(rig: R) {
    let names = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9"];
    let services: Vec<(&str, &[&str])> = names.iter().map(|name| (*name, &["k"][..])).collect();
    let scene = Scene::new(rig, &services).await;
    let sent = scene.publish("k", "1").await;
    let mut failing = scene.consume("s0").await;
    for attempt in 1..=10 {
        let mut delivery = next(failing.as_mut()).await;
        assert_eq!((&delivery.message.id, delivery.envelope.attempt), (&sent.id, attempt));
        let wait = softfail(&delivery, "s0", SECOND);
        delivery.receipt.settle(&wait).await.unwrap();
    }
    for name in &names[1..] {
        assert_eq!(scene.take_all(name).await.len(), 1, "{name}");
    }
}

/// `a.b-c` and `a-b.c` are two services, `a` and `a.b` too.
pub async fn names_with_dots_are_kept_apart<R: Rig>(rig: R) {
    let names = ["a", "a.b", "a.b-c", "a-b.c"];
    let services: Vec<(&str, &[&str])> = names.iter().map(|name| (*name, &["k"][..])).collect();
    let scene = Scene::new(rig, &services).await;
    let sent = scene.publish("k", "1").await;
    for name in names {
        let mut consumer = scene.consume(name).await;
        let mut delivery = next(consumer.as_mut()).await;
        let wait = softfail(&delivery, name, SECOND);
        delivery.receipt.settle(&wait).await.unwrap();
        drop(consumer);
    }
    for name in names {
        let mut consumer = scene.consume(name).await;
        let mut delivery = next(consumer.as_mut()).await;
        assert_eq!(delivery.message.id, sent.id);
        assert_eq!(delivery.message.routing_key, "k");
        assert_eq!(delivery.envelope.errors, [failed(name, 1)]);
        delivery.receipt.settle(&done()).await.unwrap();
        assert!(next_soon(consumer.as_mut()).await.is_none());
    }
}

/// Nothing comes back before it is due.
pub async fn a_message_is_never_early<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let clock = scene.clock();
    let mut consumer = scene.consume("a").await;
    let sent: Vec<Message> = (0..20).map(|n| Message::new("k", n.to_string())).collect();
    scene.bus.publish(sent).await.unwrap();
    let mut due = HashMap::new();
    for n in 0..20 {
        let mut delivery = next(consumer.as_mut()).await;
        let asked = after(clock.now(), SECOND * (1 + n % 3));
        let wait = softfail(&delivery, "a", SECOND * (1 + n % 3));
        delivery.receipt.settle(&wait).await.unwrap();
        due.insert(delivery.message.id, asked);
    }
    for _ in 0..20 {
        let mut delivery = next(consumer.as_mut()).await;
        let now = clock.now();
        assert!(now >= due[&delivery.message.id], "early");
        // The due time that travels is a promise; a broker's clock may be a moment behind ours.
        let promised = delivery.envelope.due_at.unwrap();
        assert!(after(now, Duration::from_millis(50)) >= promised, "{now} before {promised}");
        delivery.receipt.settle(&done()).await.unwrap();
    }
}

/// A short wait is not stuck behind a longer one.
pub async fn a_longer_wait_blocks_no_shorter_one<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let mut consumer = scene.consume("a").await;
    let delays = [60, 5, 2, 1].map(|seconds| scene.rig.lasting(SECOND * seconds));
    let mut ids = Vec::new();
    for delay in delays {
        ids.push(scene.publish("k", "1").await.id);
        let mut delivery = next(consumer.as_mut()).await;
        let wait = softfail(&delivery, "a", delay);
        delivery.receipt.settle(&wait).await.unwrap();
    }
    for id in ids[1..].iter().rev() {
        let mut delivery = next(consumer.as_mut()).await;
        assert_eq!(delivery.message.id, *id);
        delivery.receipt.settle(&done()).await.unwrap();
    }
}

/// Attempt, errors and due time come back with the message; the body and the producer's headers
/// stay the producer's.
pub async fn the_history_travels_with_the_message<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let mut sent = Message::new("k.one", "not json {");
    sent.headers.insert("softfail-count".into(), 4.into());
    sent.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
    scene.bus.publish(vec![sent.clone()]).await.unwrap();
    let mut consumer = scene.consume("a").await;
    let mut errors = Vec::new();
    for attempt in 1..=3 {
        let mut delivery = next(consumer.as_mut()).await;
        assert_eq!(delivery.message, sent);
        assert_eq!(delivery.envelope.attempt, attempt);
        assert_eq!(delivery.envelope.errors, errors);
        assert_eq!(delivery.envelope.first_failed_at, errors.first().map(|first| first.time));
        assert_eq!(delivery.redeliveries, 0, "a wait is no redelivery");
        let wait = softfail(&delivery, "a", SECOND);
        errors.push(failed("a", attempt));
        delivery.receipt.settle(&wait).await.unwrap();
    }
}

/// A delay that the transport does not have is rounded up, and it says to what.
pub async fn a_wait_is_as_long_as_asked_or_longer<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let clock = scene.clock();
    let mut consumer = scene.consume("a").await;
    // The longest that each may become: to the next wait that the rig has.
    let longest = [1_000, 2_000, 10_000, 100_000_000];
    for (millis, longest) in [1_000, 1_300, 7_000, 100_000_000].into_iter().zip(longest) {
        scene.publish("k", "1").await;
        let mut delivery = next(consumer.as_mut()).await;
        let asked = after(clock.now(), Duration::from_millis(millis.min(86_400_000)));
        let wait = softfail(&delivery, "a", Duration::from_millis(millis));
        let settled = delivery.receipt.settle(&wait).await.unwrap();
        let Settled::Until(due) = settled else { panic!("{settled:?}") };
        assert!(due >= asked, "{due} for {millis} ms, not {asked}");
        let latest = after(clock.now(), Duration::from_millis(longest));
        assert!(due <= latest, "{due} for {millis} ms, after {latest}");
    }
}

/// A wait that must end early enough is rather a shorter one than one that is rounded up beyond that;
/// and there is none that would end in the past.
pub async fn a_wait_ends_no_later_than_it_may<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let clock = scene.clock();
    let mut consumer = scene.consume("a").await;
    scene.publish("k", "1").await;
    let mut delivery = next(consumer.as_mut()).await;
    let wait = |delay: u64, last: Time| match softfail(&delivery, "a", SECOND * 7) {
        Settlement::Wait { back, envelope, took, .. } => {
            let delay = Duration::from_secs(delay);
            Settlement::Wait { delay, latest: Some(last), back, envelope, took }
        }
        other => other,
    };
    // A rig may have no wait between a minute and an hour.
    let last = after(clock.now(), SECOND * 1000);
    let past = Time::from_micros(clock.now().micros() - 1_000_000);
    let (past, shorter) = (wait(1, past), wait(1500, last));
    let error = delivery.receipt.settle(&past).await.unwrap_err();
    assert!(matches!(error, SettleError::NoWay(_)), "{error}");
    let settled = delivery.receipt.settle(&shorter).await.unwrap();
    let Settled::Until(due) = settled else { panic!("{settled:?}") };
    assert!(clock.now() < due && due <= last, "{due}, not by {last}");
}

async fn welcome_mails<R: Rig>(rig: R, back: Return) -> (usize, usize) {
    let key = "notify.gram.user.created";
    let scene = Scene::new(rig, &[("googleapps", &[key]), ("welcome-mail", &[key])]).await;
    let (tried, mailed) = (Seen::default(), Seen::default());
    let policy = settings(&["1s"], 10, |settings| settings.back = Some(back));
    let google = scene.worker("googleapps").listen(key).policy(policy).handle({
        let tried = tried.clone();
        move |incoming| {
            tried.note(&incoming);
            async { Err(dolmen_bus::Failure::availability("Google API is down")) }
        }
    });
    let mail = scene.worker("welcome-mail").handle({
        let mailed = mailed.clone();
        move |incoming| {
            mailed.note(&incoming);
            async { Ok(()) }
        }
    });
    let stop = tokio_util::sync::CancellationToken::new();
    let stopped = stop.clone();
    let google = tokio::spawn(google.run_until(async move { stopped.cancelled().await }));
    let stopped = stop.clone();
    let mail = tokio::spawn(mail.run_until(async move { stopped.cancelled().await }));
    scene.publish(key, "{\"id\": 7}").await;
    tried.reach(10).await;
    let failed = scene.failed(1).await;
    assert_eq!(failed[0].service, "googleapps");
    // A mail that is still on its way must be seen too.
    tokio::time::sleep(crate::tools::QUIET).await;
    stop.cancel();
    google.await.unwrap().unwrap();
    mail.await.unwrap().unwrap();
    (tried.count(), mailed.count())
}

/// The association's first way: every retry of one service reaches the other again.
pub async fn return_to_the_exchange_sends_ten_welcome_mails<R: Rig>(rig: R) {
    assert_eq!(welcome_mails(rig, Return::Exchange).await, (10, 10));
}

/// The way that works: ten deliveries to the service that fails, one mail.
pub async fn return_to_the_service_sends_one_welcome_mail<R: Rig>(rig: R) {
    assert_eq!(welcome_mails(rig, Return::Service).await, (10, 1));
}

fn forward(envelope: Envelope, from: &str, to: &str) -> Settlement {
    let mut envelope = envelope;
    envelope.record(failed(from, envelope.attempt));
    envelope.forwarded_by.push(from.to_owned());
    envelope.attempt = 1;
    envelope.service = Some(to.to_owned());
    Settlement::Forward { service: to.to_owned(), envelope, took: SECOND }
}

/// Another service gets the same message, with its errors, and nobody else does.
pub async fn forwarding_keeps_the_id_and_the_history<R: Rig>(rig: R) {
    let scene =
        Scene::new(rig, &[("mail-a", &["k"]), ("mail-b", &["other"]), ("third", &["k"])]).await;
    let sent = scene.publish("k", "1").await;
    let mut consumer = scene.consume("mail-a").await;
    let mut delivery = next(consumer.as_mut()).await;
    let settlement = forward(delivery.envelope.clone(), "mail-a", "mail-b");
    delivery.receipt.settle(&settlement).await.unwrap();
    let mut other = scene.consume("mail-b").await;
    let mut delivery = next(other.as_mut()).await;
    assert_eq!(delivery.message, sent);
    assert_eq!(delivery.envelope.attempt, 1);
    assert_eq!(delivery.envelope.errors, [failed("mail-a", 1)]);
    assert_eq!(delivery.envelope.forwarded_by, ["mail-a"]);
    delivery.receipt.settle(&done()).await.unwrap();
    assert!(next_soon(consumer.as_mut()).await.is_none());
    assert_eq!(scene.take_all("third").await.len(), 1);
}

/// A service that does not exist swallows nothing: there is no way to it, and the delivery is as it
/// was.
pub async fn nothing_is_forwarded_to_nobody<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("mail-a", &["k"])]).await;
    scene.publish("k", "1").await;
    let mut consumer = scene.consume("mail-a").await;
    let mut delivery = next(consumer.as_mut()).await;
    let settlement = forward(delivery.envelope.clone(), "mail-a", "nobody");
    let error = delivery.receipt.settle(&settlement).await.unwrap_err();
    assert_eq!(error, SettleError::NoWay("the bus has no service nobody".into()));
    delivery.receipt.settle(&done()).await.unwrap();
    assert_eq!(scene.bus.count_unrouted().await.unwrap(), 0);
    assert!(next_soon(consumer.as_mut()).await.is_none());
}

async fn unrouted<R: Rig>(scene: &Scene<R>, ids: &[String]) {
    within("all of them unrouted", async {
        loop {
            let unrouted = scene.bus.unrouted(10_000).await.unwrap();
            if unrouted.len() >= ids.len() {
                let mut found: Vec<&String> = unrouted.iter().map(|message| &message.id).collect();
                let mut ids: Vec<&String> = ids.iter().collect();
                found.sort_unstable();
                ids.sort_unstable();
                assert_eq!(found, ids);
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}

/// A service is deleted while its messages wait: all of them become visible, and the messages of
/// another service that wait with them come on time.
pub async fn messages_that_wait_for_a_removed_service_are_visible_and_delay_nobody<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("gone", &["k"]), ("stays", &["k"])]).await;
    let sent: Vec<Message> = (0..50).map(|n| Message::new("k", n.to_string())).collect();
    scene.bus.publish(sent.clone()).await.unwrap();
    for service in ["gone", "stays"] {
        let mut consumer = scene.consume(service).await;
        for _ in &sent {
            let mut delivery = next(consumer.as_mut()).await;
            // Long enough to remove the service before the first is due, on a busy machine too.
            let wait = softfail(&delivery, service, scene.rig.lasting(SECOND * 25));
            delivery.receipt.settle(&wait).await.unwrap();
        }
        consumer.close().await.unwrap();
        if service == "gone" {
            scene.bus.remove(service).await.unwrap();
        }
    }
    let seen = Seen::default();
    let worker = scene.worker("stays").policy(policy(&["1s"], 10)).handle({
        let seen = seen.clone();
        move |incoming| {
            seen.note(&incoming);
            async { Ok(()) }
        }
    });
    let all = seen.clone();
    worker.run_until(async move { all.reach(50).await }).await.unwrap();
    let ids: Vec<String> = sent.into_iter().map(|message| message.id).collect();
    unrouted(&scene, &ids).await;
}
