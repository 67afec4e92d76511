//! Workers on this transport: the whole way of a message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use dolmen_bus::{
    Contracts, Exec, FailedMessage, Failure, Incoming, Message, Nature, Required, What, Worker,
};
use serde_json::json;
use tokio::sync::{Notify, Semaphore};

use crate::refusing::refuse;
use crate::tools::{Seen, next, next_soon, policy, settings};
use crate::{Rig, Scene, within};

fn down() -> Failure {
    Failure::availability("Google API is down")
}

/// The rule of ten, with a second for each half hour: ten deliveries, nine waits, one record with
/// ten errors, and the message kept.
pub async fn the_tenth_softfail_is_a_hardfail<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("googleapps", &["k"])]).await;
    let sent = scene.publish("k", "{\"id\": 7}").await;
    let seen = Seen::default();
    let worker = scene.worker("googleapps").policy(policy(&["1s"], 10)).handle({
        let seen = seen.clone();
        move |incoming| {
            seen.note(&incoming);
            async { Err(down()) }
        }
    });
    let ten = seen.clone();
    let summary = worker.run_until(async move { ten.reach(10).await }).await.unwrap();
    assert_eq!((summary.softfailed, summary.hardfailed), (9, 1));
    assert_eq!(seen.attempts(), (1..=10).collect::<Vec<u32>>());
    let failed = scene.failed(1).await;
    assert_eq!(failed[0].message, sent);
    assert_eq!(failed[0].service, "googleapps");
    assert_eq!(failed[0].envelope.errors.len(), 10);
    assert_eq!(failed[0].envelope.reason.as_deref(), Some("softfail number 10, the last"));
    let story = scene.story(&sent, What::Hardfail).await;
    let softfails = story.iter().filter(|event| event.what == What::Softfail);
    assert_eq!(softfails.count(), 9);
    let hardfails: Vec<_> = story.iter().filter(|event| event.what == What::Hardfail).collect();
    assert_eq!(hardfails.len(), 1);
    assert_eq!(hardfails[0].errors.len(), 10);
    assert_eq!(hardfails[0].message.body, sent.body);
    assert_eq!(hardfails[0].message.routing_key, "k");
}

/// Back at the fourth attempt: done, three errors in the journal, no hardfail.
pub async fn a_service_that_is_back_at_the_fourth_attempt_is_done<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("googleapps", &["k"])]).await;
    let sent = scene.publish("k", "1").await;
    let seen = Seen::default();
    let worker = scene.worker("googleapps").policy(policy(&["1s"], 10)).handle({
        let seen = seen.clone();
        move |incoming: Incoming| {
            assert_eq!(incoming.errors.len(), incoming.attempt as usize - 1);
            seen.note(&incoming);
            async move { if incoming.attempt < 4 { Err(down()) } else { Ok(()) } }
        }
    });
    let four = seen.clone();
    let summary = worker.run_until(async move { four.reach(4).await }).await.unwrap();
    assert_eq!((summary.softfailed, summary.done, summary.hardfailed), (3, 1, 0));
    let story = scene.story(&sent, What::Done).await;
    let whats: Vec<What> = story.iter().map(|event| event.what).collect();
    let expected = [What::Published, What::Softfail, What::Softfail, What::Softfail, What::Done];
    assert_eq!(whats, expected);
    assert_eq!(scene.drain().await, []);
}

/// A hardfail is never tried again: kept at once, in the journal exactly once, with the body.
pub async fn a_hardfail_is_kept_at_once_and_recorded_once<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let sent = scene.publish("k", "body").await;
    let worker = scene
        .worker("a")
        .handle(|_| async { Err(Failure::business("the address is taken").code("taken")) });
    let summary = worker.run_until_idle().await.unwrap();
    assert_eq!(summary.hardfailed, 1);
    let failed = scene.failed(1).await;
    let error = &failed[0].envelope.errors[0];
    assert_eq!(error.failure, Failure::business("the address is taken").code("taken"));
    assert_eq!((error.service.as_str(), error.attempt), ("a", 1));
    assert!(!error.host.is_empty());
    let story = scene.story(&sent, What::Hardfail).await;
    let whats: Vec<What> = story.iter().map(|event| event.what).collect();
    assert_eq!(whats, [What::Published, What::Hardfail]);
    assert_eq!(story[1].message.body, "body");
}

/// A to B to A: the second time is a failed message, not a circle.
pub async fn a_forwarding_loop_ends_as_a_failed_message<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("mail-a", &["k"]), ("mail-b", &["none"])]).await;
    let sent = scene.publish("k", "1").await;
    for (service, other) in [("mail-a", "mail-b"), ("mail-b", "mail-a")] {
        let worker = scene
            .worker(service)
            .handle(move |_| async move { Err(Failure::technical("not mine").forward_to(other)) });
        worker.run_until_idle().await.unwrap();
    }
    let failed = scene.failed(1).await;
    assert_eq!(failed[0].message, sent);
    assert_eq!(failed[0].service, "mail-b");
    let reason = failed[0].envelope.reason.as_deref().unwrap();
    assert!(reason.contains("mail-a"), "{reason}");
    let story = scene.story(&sent, What::Hardfail).await;
    let forwarded = story.iter().find(|event| event.what == What::Forwarded).unwrap();
    assert_eq!(forwarded.to.as_deref(), Some("mail-b"));
}

/// Different messages that fail for availability in a row pause the service; the others keep
/// their attempts; a probe finds out when it is back.
pub async fn an_outage_pauses_the_service_and_burns_no_attempts<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("googleapps", &["k"])]).await;
    let sent: Vec<Message> = (0..40).map(|n| Message::new("k", n.to_string())).collect();
    scene.bus.publish(sent).await.unwrap();
    let up = Arc::new(AtomicBool::new(false));
    let (tried, handled) = (Seen::default(), Seen::default());
    let policy = settings(&["1s"], 10, |settings| {
        settings.outage_after = Some(5);
        settings.probe_after = Some("2s".into());
    });
    let worker = scene.worker("googleapps").policy(policy).prefetch(8).handle({
        let (up, tried, handled) = (Arc::clone(&up), tried.clone(), handled.clone());
        move |incoming| {
            let up = up.load(Ordering::SeqCst);
            if up {
                handled.note(&incoming)
            } else {
                tried.note(&incoming)
            }
            async move { if up { Ok(()) } else { Err(down()) } }
        }
    });
    let all = handled.clone();
    let working = tokio::spawn(worker.run_until(async move { all.reach(40).await }));
    // Five that pause it, and two probes.
    tried.reach(7).await;
    up.store(true, Ordering::SeqCst);
    let summary = working.await.unwrap().unwrap();
    assert_eq!((summary.done, summary.hardfailed), (40, 0));
    let attempts = handled.attempts();
    let untouched = attempts.iter().filter(|&&attempt| attempt == 1).count();
    assert!(untouched >= 40 - tried.count(), "{untouched} of 40 untouched: {attempts:?}");
    assert!(tried.count() < 20, "{} attempts were burnt", tried.count());
    let events =
        scene.journal(|events| events.iter().any(|event| event.what == What::Resumed)).await;
    let pauses = events.iter().filter(|event| event.what == What::Paused).count();
    assert_eq!(pauses, 1);
}

/// A message that can never be handled follows the rule of ten; its service goes on.
pub async fn one_message_that_always_fails_pauses_nobody<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let bad = scene.publish("k", "bad").await;
    let seen = Seen::default();
    let policy = settings(&["1s"], 5, |settings| settings.outage_after = Some(2));
    let worker = scene.worker("a").policy(policy).handle({
        let seen = seen.clone();
        move |incoming| {
            seen.note(&incoming);
            async { Err(down()) }
        }
    });
    let five = seen.clone();
    let summary = worker.run_until(async move { five.reach(5).await }).await.unwrap();
    assert_eq!((summary.softfailed, summary.hardfailed), (4, 1));
    let story = scene.story(&bad, What::Hardfail).await;
    assert!(story.iter().all(|event| event.what != What::Paused));
}

/// A missing program pauses the service; it fails no message, and works once it is there.
pub async fn a_handler_that_cannot_be_run_pauses_instead_of_failing<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let sent: Vec<Message> = (0..5).map(|n| Message::new("k", n.to_string())).collect();
    scene.bus.publish(sent.clone()).await.unwrap();
    let missing = Exec::new("/nonexistent/create-account");
    let summary = scene.worker("a").handle(missing).run_until_idle().await.unwrap();
    assert_eq!((summary.softfailed, summary.hardfailed, summary.done), (0, 0, 0));
    assert!(summary.handed_back >= 1);
    let summary = scene.worker("a").handle(Exec::new("cat")).run_until_idle().await.unwrap();
    assert_eq!(summary.done, 5);
    let events = scene.journal(|events| events.iter().any(|e| e.what == What::Done)).await;
    assert!(events.iter().filter(|e| e.what == What::Done).all(|event| event.attempt == 1));
}

/// A handler that cannot be run for one message: the others get through, and that one follows the
/// rule of ten.
pub async fn one_message_that_cannot_be_run_stops_no_service<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let bad = scene.publish("k", "bad").await;
    for _ in 0..5 {
        scene.publish("k", "good").await;
    }
    let seen = Seen::default();
    let policy = settings(&["1s"], 2, |settings| settings.probe_after = Some("1s".to_owned()));
    let worker = scene.worker("a").policy(policy).concurrency(1).handle({
        let seen = seen.clone();
        move |incoming: Incoming| {
            let is_bad = &incoming.body[..] == b"bad";
            if !is_bad {
                seen.note(&incoming);
            }
            async move {
                match is_bad {
                    true => Err(Failure::technical("no such command").pause()),
                    false => Ok(()),
                }
            }
        }
    });
    let told = async {
        seen.reach(5).await;
        // Somebody must get through between its pauses.
        let publishing = async {
            loop {
                scene.publish("k", "good").await;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::select! {
            story = scene.story(&bad, What::Hardfail) => story,
            () = publishing => Vec::new(),
        }
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let working = worker.run_until(async move { drop(stopped.await) });
    let both = async {
        let story = told.await;
        drop(stop);
        story
    };
    let (summary, story) = tokio::join!(working, both);
    assert_eq!(summary.unwrap().hardfailed, 1);
    let outcomes: Vec<What> = story.iter().map(|event| event.what).collect();
    let own = outcomes.iter().filter(|what| matches!(what, What::Softfail | What::Hardfail));
    assert_eq!(own.count(), 2, "{outcomes:?}");
}

/// A process that paused its service and ended cannot say that it works again: the next one does.
pub async fn a_new_process_that_gets_through_ends_a_pause<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"]), ("b", &["k"])]).await;
    scene.publish("k", "1").await;
    for service in ["a", "b"] {
        let missing = Exec::new("/nonexistent/create-account");
        scene.worker(service).handle(missing).run_until_idle().await.unwrap();
    }
    let events = scene
        .journal(|events| events.iter().filter(|event| event.what == What::Paused).count() == 2)
        .await;
    let paused = events.iter().find(|event| event.what == What::Paused).unwrap();
    let reason = paused.reason.as_deref().unwrap();
    assert!(reason.starts_with("the handler cannot be run: "), "{reason}");
    assert!(reason.contains("/nonexistent/create-account"), "{reason}");
    assert!(scene.bus.paused_at("a").await.unwrap().is_some());
    let summary = scene.worker("a").handle(Exec::new("cat")).run_until_idle().await.unwrap();
    assert_eq!(summary.done, 1);
    let resumed = |event: &dolmen_bus::Event| event.what == What::Resumed;
    let events = scene.journal(|events| events.iter().any(resumed)).await;
    assert_eq!(events.iter().filter(|event| resumed(event)).count(), 1);
    assert_eq!(scene.bus.paused_at("a").await.unwrap(), None);
    assert!(scene.bus.paused_at("b").await.unwrap().is_some(), "nobody handled anything there");
}

/// A handler may name anything as the service to forward to.
pub async fn what_is_forwarded_to_an_impossible_name_is_a_failed_message<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    scene.publish("k", "1").await;
    let worker = scene.worker("a").handle(|_: Incoming| async {
        Err(Failure::technical("not mine").forward_to("é".repeat(200)))
    });
    let summary = within("the end", worker.run_until_idle()).await.unwrap();
    assert_eq!((summary.forwarded, summary.hardfailed), (0, 1));
    let failed = scene.failed(1).await;
    let reason = failed[0].envelope.reason.as_deref().unwrap();
    assert!(reason.starts_with("forwarded to what is no service: "), "{reason}");
}

/// A handler, or a policy, may name a service that is not there, or no longer: the message is kept
/// as a failed one of the service that had it, with its errors and why.
pub async fn what_is_forwarded_to_nobody_is_a_failed_message<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    scene.publish("k", "1").await;
    let worker = scene
        .worker("a")
        .handle(|_: Incoming| async { Err(Failure::technical("not mine").forward_to("b")) });
    let summary = within("the end", worker.run_until_idle()).await.unwrap();
    assert_eq!((summary.forwarded, summary.hardfailed), (0, 1));
    scene.publish("k", "2").await;
    let fallback = settings(&["1s"], 1, |settings| settings.fallback = Some("b".into()));
    let worker = scene
        .worker("a")
        .policy(fallback)
        .handle(|_: Incoming| async { Err(Failure::availability("down")) });
    within("the end", worker.run_until_idle()).await.unwrap();
    for FailedMessage { envelope, service, .. } in scene.failed(2).await {
        assert_eq!(service, "a");
        let reason = "forwarded to b, and the bus has no such service";
        assert_eq!(envelope.reason.as_deref(), Some(reason));
        assert_eq!((envelope.attempt, envelope.errors.len()), (1, 1));
        assert!(envelope.forwarded_by.is_empty() && envelope.first_failed_at.is_some());
    }
    assert_eq!(scene.bus.count_unrouted().await.unwrap(), 0);
    let story =
        scene.journal(|events| events.iter().filter(|it| it.what == What::Hardfail).count() == 2);
    assert!(story.await.iter().all(|event| event.what != What::Forwarded));
}

/// A message that breaks its contract is a technical hardfail with the path, and no handler runs.
pub async fn a_broken_contract_is_a_hardfail_that_no_handler_sees<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    scene.publish("k", "{\"id\": \"seven\"}").await;
    scene.publish("k", "{\"id\": 7}").await;
    let schema = json!({"properties": {"id": {"type": "integer"}}});
    let contracts = Arc::new(Contracts::new([("k", schema)], Required::Yes).unwrap());
    let seen = Seen::default();
    let worker = scene.worker("a").contracts(contracts).handle({
        let seen = seen.clone();
        move |incoming| {
            seen.note(&incoming);
            async { Ok(()) }
        }
    });
    let summary = worker.run_until_idle().await.unwrap();
    assert_eq!((summary.done, summary.hardfailed, seen.count()), (1, 1, 1));
    let failed = scene.failed(1).await;
    let failure = &failed[0].envelope.errors[0].failure;
    assert_eq!(failure.nature, Nature::Technical);
    assert!(failure.text.contains("/id"), "{}", failure.text);
}

/// A bug and a handler that hangs are softfails: the next version may do better.
pub async fn a_panic_and_the_time_limit_are_softfails<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let panics = scene.publish("k", "panics").await;
    let hangs = scene.publish("k", "hangs").await;
    let worker =
        scene.worker("a").policy(policy(&["1h"], 2)).time_limit(Duration::from_millis(50)).handle(
            |incoming: Incoming| async move {
                assert_ne!(incoming.body, "panics", "as it does");
                std::future::pending().await
            },
        );
    let summary = worker.run_until_idle().await.unwrap();
    assert_eq!(summary.softfailed, 2);
    for (message, code) in [(panics, "panic"), (hangs, "time-limit")] {
        let story = scene.story(&message, What::Softfail).await;
        let failure = &story.last().unwrap().error().unwrap().failure;
        assert_eq!(failure.code.as_deref(), Some(code));
        assert_eq!(failure.nature, Nature::Technical);
    }
}

/// Told to stop, a worker finishes what it handles and hands back the rest, for others at once.
pub async fn stopping_lets_handlers_finish_and_hands_back_the_rest<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    for n in 0..10 {
        scene.publish("k", &n.to_string()).await;
    }
    let started = Arc::new(Semaphore::new(0));
    let finish = Arc::new(Semaphore::new(0));
    let worker = scene.worker("a").concurrency(2).prefetch(6).handle({
        let (started, finish) = (Arc::clone(&started), Arc::clone(&finish));
        move |_| {
            let (started, finish) = (Arc::clone(&started), Arc::clone(&finish));
            async move {
                started.add_permits(1);
                finish.acquire().await.unwrap().forget();
                Ok(())
            }
        }
    });
    let stop = Arc::new(Notify::new());
    let told = Arc::clone(&stop);
    let working = tokio::spawn(worker.run_until(async move { told.notified().await }));
    within("two handlers", started.acquire_many(2)).await.unwrap().forget();
    stop.notify_one();
    // Others get the rest while the two still run.
    let mut consumer = scene.consume("a").await;
    let mut others = Vec::new();
    for _ in 0..8 {
        others.push(next(consumer.as_mut()).await);
    }
    finish.add_permits(2);
    let summary = within("the end", working).await.unwrap().unwrap();
    assert_eq!((summary.done, summary.handed_back, summary.lost), (2, 0, 0));
    assert_eq!(started.available_permits(), 0, "a third handler was started");
    assert!(next_soon(consumer.as_mut()).await.is_none());
}

/// A handler that does not end within the grace time is stopped; its message is not lost and
/// not failed.
pub async fn after_the_grace_time_messages_are_handed_back<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let sent = scene.publish("k", "1").await;
    let seen = Seen::default();
    let worker = scene.worker("a").grace(Duration::from_millis(20)).handle({
        let seen = seen.clone();
        move |incoming| {
            seen.note(&incoming);
            std::future::pending()
        }
    });
    let one = seen.clone();
    let running = worker.run_until(async move { one.reach(1).await });
    let summary = within("the end", running).await.unwrap();
    assert_eq!((summary.handed_back, summary.done), (1, 0));
    let mut consumer = scene.consume("a").await;
    let delivery = next(consumer.as_mut()).await;
    assert_eq!((&delivery.message, delivery.envelope.attempt), (&sent, 1));
}

/// While nobody confirms where a message goes next, the answer is repeated, not the work.
pub async fn a_handler_is_not_run_again_because_the_answer_waits<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    scene.publish("k", "1").await;
    let runs = Arc::new(AtomicUsize::new(0));
    let refusals = Arc::new(AtomicUsize::new(0));
    let bus = refuse(Arc::clone(&scene.bus), 3, Arc::clone(&refusals));
    let worker = Worker::new(bus, "a").clock(scene.clock()).handle({
        let runs = Arc::clone(&runs);
        move |_| {
            runs.fetch_add(1, Ordering::SeqCst);
            async { Ok(()) }
        }
    });
    let summary = worker.run_until_idle().await.unwrap();
    assert_eq!(summary.done, 1);
    assert_eq!((runs.load(Ordering::SeqCst), refusals.load(Ordering::SeqCst)), (1, 3));
}
