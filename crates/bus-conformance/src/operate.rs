//! Looking at the bus and mending it.

use std::ops::ControlFlow;
use std::time::Duration;

use async_trait::async_trait;
use dolmen_bus::{
    Aside, DrainError, Envelope, Event, FailedMessage, KeepError, KeepFailed, Message, Origin,
    Parcel, PublishError, Transport, TransportError, What,
};
use tokio::task::JoinSet;

use crate::tools::{Kept, done, hardfail, next, next_soon, softfail};
use crate::{Rig, Scene, within};

/// Ready, waiting and failed messages are counted service by service.
pub async fn depths_say_where_messages_are<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"]), ("b", &["k"])]).await;
    for n in 0..6 {
        scene.publish("k", &n.to_string()).await;
    }
    let mut consumer = crate::tools::consume(&scene.bus, "a", 3).await;
    for n in 0..3 {
        let mut delivery = next(consumer.as_mut()).await;
        let settlement = match n {
            0 => softfail(&delivery, "a", Duration::from_secs(3600)),
            1 => hardfail(&delivery, "a"),
            _ => done(),
        };
        delivery.receipt.settle(&settlement).await.unwrap();
    }
    consumer.close().await.unwrap();
    within("the depths", async {
        loop {
            let depths = scene.bus.depths().await.unwrap();
            let counts: Vec<(&str, u64, u64, u64)> = depths
                .iter()
                .map(|depth| (&*depth.service, depth.ready, depth.waiting, depth.failed))
                .collect();
            if counts == [("a", 3, 1, 1), ("b", 6, 0, 0)] {
                return;
            }
            // A broker's counters may lag behind.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

/// Everything that happened to one message, in order, with what one wants to know of it.
pub async fn the_journal_tells_a_message_s_story<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let sent = scene.publish("k", "body").await;
    scene.publish("other", "body").await;
    let mut consumer = scene.consume("a").await;
    let mut delivery = next(consumer.as_mut()).await;
    let wait = softfail(&delivery, "a", Duration::from_secs(1));
    delivery.receipt.settle(&wait).await.unwrap();
    let mut delivery = next(consumer.as_mut()).await;
    delivery.receipt.settle(&done()).await.unwrap();
    let story = scene.story(&sent, What::Done).await;
    let whats: Vec<(What, Option<&str>, u32)> =
        story.iter().map(|event| (event.what, event.service.as_deref(), event.attempt)).collect();
    assert_eq!(
        whats,
        [(What::Published, None, 1), (What::Softfail, Some("a"), 1), (What::Done, Some("a"), 2),]
    );
    assert_eq!(story[0].message, sent);
    assert_eq!(story[1].error(), Some(&crate::tools::failed("a", 1)));
    assert!(story[1].due_at.unwrap() >= story[1].at);
    assert_eq!(story[2].took, Some(Duration::from_millis(3)));
    assert_eq!(story[2].message.routing_key, "k");
    assert!(story.windows(2).all(|pair| pair[0].position < pair[1].position));
    assert_eq!(scene.bus.trace(&sent.id).await.unwrap(), story);
    assert!(scene.bus.trace("nobody").await.unwrap().is_empty());
}

/// A reader goes on where it was, and sees everything once.
pub async fn the_journal_is_read_on_from_where_one_was<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let mut sent = Vec::new();
    for n in 0..10 {
        sent.push(scene.publish("k", &n.to_string()).await.id);
    }
    let (mut position, mut seen) = (None, Vec::new());
    within("ten records", async {
        while seen.len() < 10 {
            for event in scene.bus.journal(position, 3).await.unwrap() {
                position = Some(event.position);
                seen.push(event.message.id);
            }
        }
    })
    .await;
    assert_eq!(seen, sent);
    assert_eq!(scene.bus.journal(position, 3).await.unwrap(), []);
    sent.push(scene.publish("k", "one more").await.id);
    let more = within("one more", async {
        loop {
            let more = scene.bus.journal(position, 3).await.unwrap();
            if !more.is_empty() {
                return more;
            }
        }
    })
    .await;
    assert_eq!(more.len(), 1);
    assert_eq!(Some(&more[0].message.id), sent.last());
}

/// Deliveries that end at the same time have a record each, which is read once however many are
/// read at a time.
pub async fn outcomes_of_the_same_time_are_records_of_their_own<R: Rig>(rig: R) {
    const COUNT: usize = 40;
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let sent: Vec<Message> = (0..COUNT).map(|n| Message::new("k", n.to_string())).collect();
    scene.bus.publish(sent.clone()).await.unwrap();
    let mut consumer = crate::tools::consume(&scene.bus, "a", 40).await;
    let mut deliveries = Vec::new();
    for _ in 0..COUNT {
        deliveries.push(next(consumer.as_mut()).await);
    }
    let mut settling = JoinSet::new();
    for (n, mut delivery) in deliveries.into_iter().enumerate() {
        let settlement = match n % 2 {
            0 => done(),
            _ => softfail(&delivery, "a", Duration::from_secs(60)),
        };
        settling.spawn(async move { delivery.receipt.settle(&settlement).await.unwrap() });
    }
    settling.join_all().await;
    let (mut position, mut events) = (None, Vec::new());
    within("a record each", async {
        while events.len() < 2 * COUNT {
            let page = scene.bus.journal(position, 7).await.unwrap();
            assert!(page.len() <= 7);
            position = page.last().map(|event| event.position).or(position);
            events.extend(page);
        }
    })
    .await;
    assert!(events.windows(2).all(|pair| pair[0].position < pair[1].position));
    assert_eq!(scene.bus.journal(None, 1000).await.unwrap(), events);
    for (n, message) in sent.iter().enumerate() {
        let mine: Vec<&Event> = events.iter().filter(|it| it.message.id == message.id).collect();
        let what = if n % 2 == 0 { What::Done } else { What::Softfail };
        let whats: Vec<What> = mine.iter().map(|event| event.what).collect();
        assert_eq!(whats, [What::Published, what]);
        assert_eq!(mine[1].service.as_deref(), Some("a"));
        assert_eq!(mine[1].error().is_some(), what == What::Softfail);
    }
    // From inside as from between.
    for at in [COUNT + 3, 2 * COUNT - 2] {
        let rest = scene.bus.journal(Some(events[at].position), 1000).await.unwrap();
        assert_eq!(rest, events[at + 1..]);
        let again = scene.bus.journal(events[at].position.before(), 1).await.unwrap();
        assert_eq!(again, events[at..=at]);
    }
}

/// What cannot be a service is told, and nothing is sent.
pub async fn nothing_is_sent_to_an_impossible_name<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    for name in ["", "Big", &"x".repeat(300)] {
        let (message, envelope) = (Message::new("k", "1"), Envelope::default());
        let error = scene.bus.send(name, vec![Parcel { message, envelope }]).await.unwrap_err();
        let is_name =
            matches!(error, PublishError::Unconfirmed { cause: TransportError::Name(_), .. });
        assert!(is_name, "{error}");
    }
    assert!(scene.bus.has_service("a").await.unwrap());
    assert!(!scene.bus.has_service("b").await.unwrap());
}

struct Broken;

#[async_trait]
impl KeepFailed for Broken {
    async fn keep(&self, _: Vec<FailedMessage>) -> Result<(), KeepError> {
        Err(KeepError("the disk is full".into()))
    }
}

/// First kept, then forgotten: a keeper that fails loses nothing.
pub async fn failed_messages_stay_until_they_are_kept<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let sent = scene.publish("k", "body").await;
    let mut consumer = scene.consume("a").await;
    let mut delivery = next(consumer.as_mut()).await;
    let settlement = hardfail(&delivery, "a");
    delivery.receipt.settle(&settlement).await.unwrap();
    let error = scene.bus.drain_failed(&Broken).await.unwrap_err();
    assert!(matches!(error, DrainError::Keep(_)), "{error}");
    let failed = scene.failed(1).await;
    assert_eq!(failed[0].message, sent);
    assert_eq!(failed[0].service, "a");
    assert_eq!(failed[0].envelope.reason.as_deref(), Some("hardfail"));
    assert_eq!(scene.drain().await, []);
    assert!(next_soon(consumer.as_mut()).await.is_none());
}

/// What lies aside, as somebody sees it who looks.
async fn seen(bus: &dyn Transport, aside: Aside) -> Vec<FailedMessage> {
    let mut seen = Vec::new();
    let mut see = |message| {
        seen.push(message);
        ControlFlow::Continue(())
    };
    bus.look(aside, &mut see).await.unwrap();
    seen
}

/// What nobody has decided about stays where all can see it: looking takes nothing, and deciding
/// about one message takes that one.
pub async fn looking_takes_nothing_and_deciding_takes_one<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let mut consumer = scene.consume("a").await;
    let mut sent = Vec::new();
    for n in 0..4 {
        sent.push(scene.publish("k", &n.to_string()).await);
        let mut delivery = next(consumer.as_mut()).await;
        let settlement = hardfail(&delivery, "a");
        delivery.receipt.settle(&settlement).await.unwrap();
    }
    let mut unheard = Vec::new();
    for n in 0..4 {
        unheard.push(scene.publish("unheard", &n.to_string()).await);
    }
    let other = scene.rig.open().await.transport;
    for (aside, sent) in [(Aside::Failed, &sent), (Aside::Unrouted, &unheard)] {
        let all = within("all of them", async {
            loop {
                let all = seen(&*scene.bus, aside).await;
                if all.len() == sent.len() {
                    return all;
                }
            }
        })
        .await;
        assert!(all.iter().map(|failed| &failed.message).eq(sent), "{aside:?}");
        for bus in [&other, &scene.bus, &other] {
            assert_eq!(seen(&**bus, aside).await, all, "{aside:?}");
        }
        // Two who look at once both see all of them.
        let both = tokio::join!(seen(&*other, aside), seen(&*scene.bus, aside));
        assert_eq!(both, (all.clone(), all.clone()), "{aside:?}");
        let kept = Kept::default();
        let mut wanted = |failed: &FailedMessage| failed.message.body == b"2"[..];
        assert_eq!(other.take(aside, &mut wanted, &kept).await.unwrap(), 1);
        let kept = kept.0.into_inner().unwrap();
        assert_eq!((kept.len(), &kept[0].message), (1, &sent[2]));
        let rest = [&all[..2], &all[3..]].concat();
        assert_eq!(seen(&*scene.bus, aside).await, rest, "{aside:?}");
        assert_eq!(scene.bus.take(aside, &mut wanted, &Kept::default()).await.unwrap(), 0);
    }
    assert_eq!(scene.bus.depths().await.unwrap()[0].failed, 3);
    assert_eq!(scene.bus.count_unrouted().await.unwrap(), 3);
    let reasons: Vec<_> =
        seen(&*scene.bus, Aside::Unrouted).await.into_iter().map(|it| it.envelope.reason).collect();
    assert_eq!(reasons, vec![Some("nobody listened to unheard".to_owned()); 3]);
}

/// A retry goes to the service that failed and to no other, under the same id, and says where it
/// comes from; its attempts begin anew, its errors stay.
pub async fn a_failed_message_can_be_sent_to_its_service_again<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"]), ("b", &["k"])]).await;
    let sent = scene.publish("k", "body").await;
    assert_eq!(scene.take_all("b").await.len(), 1);
    let mut consumer = scene.consume("a").await;
    let mut delivery = next(consumer.as_mut()).await;
    let settlement = hardfail(&delivery, "a");
    delivery.receipt.settle(&settlement).await.unwrap();
    let failed = scene.failed(1).await.remove(0);
    let origin = Origin {
        replay_of: Some(sent.id.clone()),
        replayed_by: Some("root".into()),
        edited_from: None,
    };
    let errors = failed.envelope.errors.clone();
    let envelope = Envelope { attempt: 1, reason: None, origin, ..failed.envelope };
    let parcel = Parcel { message: failed.message, envelope };
    scene.bus.send(&failed.service, vec![parcel]).await.unwrap();
    let mut delivery = next(consumer.as_mut()).await;
    assert_eq!(delivery.message, sent);
    assert_eq!(delivery.envelope.attempt, 1);
    assert_eq!(delivery.envelope.errors, errors);
    assert_eq!(delivery.envelope.origin.replay_of.as_ref(), Some(&sent.id));
    delivery.receipt.settle(&done()).await.unwrap();
    assert_eq!(scene.take_all("b").await, []);
}

/// Removing a service never loses a message.
pub async fn a_service_with_ready_messages_is_not_removed<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    scene.publish("k", "1").await;
    let error = scene.bus.remove("a").await.unwrap_err();
    assert!(matches!(error, TransportError::Refused(_)), "{error}");
    // Somebody holds it: it is not ready, and would be lost all the same.
    let mut consumer = scene.consume("a").await;
    let held = next(consumer.as_mut()).await;
    let error = scene.bus.remove("a").await.unwrap_err();
    assert!(matches!(error, TransportError::Refused(_)), "{error}");
    drop(held);
    consumer.close().await.unwrap();
    assert_eq!(scene.take_all("a").await.len(), 1);
    scene.bus.remove("a").await.unwrap();
    let error = scene.bus.remove("a").await.unwrap_err();
    assert!(matches!(error, TransportError::NotSetUp(_)), "{error}");
}

/// What waits is listed with its due time. Where the transport says that it can, it is made due
/// or taken away; where it cannot, that is an error, not a silent nothing.
pub async fn waiting_messages_are_listed_and_reached_or_that_is_refused<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k"])]).await;
    let mut consumer = scene.consume("a").await;
    let mut ids = Vec::new();
    for hours in [2, 1] {
        ids.push(scene.publish("k", "1").await.id);
        let mut delivery = next(consumer.as_mut()).await;
        let wait = softfail(&delivery, "a", Duration::from_secs(hours * 3600));
        delivery.receipt.settle(&wait).await.unwrap();
    }
    let waiting = within("two that wait", async {
        loop {
            let waiting = scene.bus.waiting().await.unwrap();
            if waiting.len() == 2 {
                return waiting;
            }
        }
    })
    .await;
    assert_eq!([&waiting[1].message.id, &waiting[0].message.id], [&ids[0], &ids[1]]);
    assert!(waiting.iter().all(|w| w.service == "a" && w.envelope.attempt == 2));
    assert!(waiting[0].due_at < waiting[1].due_at);
    if !scene.bus.capabilities().reach_waiting {
        let error = scene.bus.release(&ids[0], "a").await.unwrap_err();
        assert!(matches!(error, TransportError::Unsupported { .. }), "{error}");
        let error = scene.bus.cancel(&ids[0], "a").await.unwrap_err();
        assert!(matches!(error, TransportError::Unsupported { .. }), "{error}");
        return;
    }
    assert!(scene.bus.release(&ids[0], "a").await.unwrap());
    let mut delivery = next(consumer.as_mut()).await;
    assert_eq!((&delivery.message.id, delivery.envelope.attempt), (&ids[0], 2));
    delivery.receipt.settle(&done()).await.unwrap();
    assert!(!scene.bus.release(&ids[0], "a").await.unwrap());
    assert!(scene.bus.cancel(&ids[1], "a").await.unwrap());
    assert_eq!(scene.failed(1).await[0].message.id, ids[1]);
    assert_eq!(scene.bus.waiting().await.unwrap(), []);
}
