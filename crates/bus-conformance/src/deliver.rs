//! Deliveries and their ends.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use dolmen_bus::{ALONE_FROM, Message, SettleError, Settlement, What};

use crate::tools::{QUIET, consume, done, next, next_soon, softfail};
use crate::{Process, Rig, Scene};

/// Whoever loses a message without a word gets it again.
pub async fn a_delivery_without_an_answer_comes_again<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let sent = scene.publish("k", "1").await;
    let mut consumer = scene.consume("a").await;
    let first = next(consumer.as_mut()).await;
    assert_eq!((first.redeliveries, &first.message.id), (0, &sent.id));
    drop(first);
    let mut second = next(consumer.as_mut()).await;
    // A transport may have had it in hand once more.
    assert!((1..ALONE_FROM).contains(&second.redeliveries), "{}", second.redeliveries);
    assert_eq!(second.message.id, sent.id);
    assert_eq!(second.envelope.attempt, 1, "nobody said that it failed");
    second.receipt.settle(&done()).await.unwrap();
    assert!(next_soon(consumer.as_mut()).await.is_none());
}

/// What a killed worker was handling or had fetched is delivered to another; what it had
/// answered is not.
pub async fn a_killed_worker_loses_nothing<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let sent: Vec<Message> = (0..8).map(|n| Message::new("k", n.to_string())).collect();
    scene.bus.publish(sent.clone()).await.unwrap();
    let Process { transport, kill } = scene.rig.open().await;
    let mut doomed = consume(&transport, "a", 6).await;
    let mut answered = HashSet::new();
    for _ in 0..2 {
        let mut delivery = next(doomed.as_mut()).await;
        delivery.receipt.settle(&done()).await.unwrap();
        answered.insert(delivery.message.id.clone());
    }
    let handled = next(doomed.as_mut()).await;
    kill().await;
    let mut consumer = scene.consume("a").await;
    let mut came = HashSet::new();
    while came.len() < 6 {
        let mut delivery = next(consumer.as_mut()).await;
        delivery.receipt.settle(&done()).await.unwrap();
        came.insert(delivery.message.id);
    }
    assert!(came.is_disjoint(&answered));
    assert!(came.contains(&handled.message.id));
    drop((handled, doomed));
    assert!(next_soon(consumer.as_mut()).await.is_none());
}

/// Handing back is no attempt.
pub async fn what_is_handed_back_comes_again_untouched<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    scene.publish("k", "1").await;
    let mut consumer = scene.consume("a").await;
    let mut messages = Vec::new();
    for _ in 0..6 {
        let mut delivery = next(consumer.as_mut()).await;
        assert_eq!(delivery.envelope.attempt, 1);
        assert_eq!(delivery.envelope.errors, []);
        delivery.receipt.settle(&Settlement::HandBack).await.unwrap();
        messages.push(delivery.message);
    }
    messages.dedup();
    assert_eq!(messages.len(), 1);
}

/// Also when a transport sends it anew: what failed before is still known.
pub async fn what_is_handed_back_often_keeps_its_history<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    scene.publish("k", "1").await;
    let mut consumer = scene.consume("a").await;
    let mut delivery = next(consumer.as_mut()).await;
    let wait = softfail(&delivery, "a", Duration::from_secs(1));
    delivery.receipt.settle(&wait).await.unwrap();
    let mut first = next(consumer.as_mut()).await;
    assert_eq!((first.envelope.attempt, first.envelope.errors.len()), (2, 1));
    first.receipt.settle(&Settlement::HandBack).await.unwrap();
    for n in 1..=6 {
        let mut delivery = next(consumer.as_mut()).await;
        assert_eq!(delivery.envelope, first.envelope, "handed back {n} times");
        assert_eq!(delivery.message, first.message, "handed back {n} times");
        delivery.receipt.settle(&Settlement::HandBack).await.unwrap();
    }
}

/// The second answer comes too late, and says so.
pub async fn a_delivery_is_settled_once<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    scene.publish("k", "1").await;
    let mut consumer = scene.consume("a").await;
    let mut delivery = next(consumer.as_mut()).await;
    delivery.receipt.settle(&done()).await.unwrap();
    let again = delivery.receipt.settle(&Settlement::HandBack).await;
    assert!(matches!(again, Err(SettleError::Lost(_))), "{again:?}");
    assert!(next_soon(consumer.as_mut()).await.is_none());
}

/// A worker that is slow does not hoard.
pub async fn no_more_than_the_prefetch_is_out_at_a_time<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    for n in 0..3 {
        scene.publish("k", &n.to_string()).await;
    }
    let mut consumer = consume(&scene.bus, "a", 2).await;
    let mut first = next(consumer.as_mut()).await;
    let _second = next(consumer.as_mut()).await;
    assert!(next_soon(consumer.as_mut()).await.is_none());
    first.receipt.settle(&done()).await.unwrap();
    next(consumer.as_mut()).await;
}

/// Dropping the future of `next` half way loses no message.
pub async fn dropping_next_loses_nothing<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let mut consumer = consume(&scene.bus, "a", 5).await;
    let bus = Arc::clone(&scene.bus);
    let publishing = tokio::spawn(async move {
        for n in 0..200 {
            bus.publish(vec![Message::new("k", n.to_string())]).await.unwrap();
        }
    });
    let mut came = 0;
    crate::within("200 messages", async {
        while came < 200 {
            tokio::select! {
                delivery = consumer.next() => {
                    delivery.unwrap().receipt.settle(&done()).await.unwrap();
                    came += 1;
                }
                () = tokio::task::yield_now() => {}
            }
        }
    })
    .await;
    publishing.await.unwrap();
    assert!(next_soon(consumer.as_mut()).await.is_none());
}

/// What was fetched and not handed out is there for others, at once.
pub async fn closing_hands_back_what_was_fetched<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    for n in 0..10 {
        scene.publish("k", &n.to_string()).await;
    }
    let mut consumer = scene.consume("a").await;
    let mut taken = next(consumer.as_mut()).await;
    consumer.close().await.unwrap();
    let mut other = scene.consume("a").await;
    for _ in 0..9 {
        let mut delivery = next(other.as_mut()).await;
        assert_ne!(delivery.message.id, taken.message.id);
        delivery.receipt.settle(&done()).await.unwrap();
    }
    other.close().await.unwrap();
    // What was handed out can still be settled.
    taken.receipt.settle(&done()).await.unwrap();
    assert_eq!(scene.take_all("a").await, []);
}

/// Two workers of one service get each message once, not twice.
pub async fn two_workers_of_a_service_share_its_messages<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let other = scene.rig.open().await;
    let mut consumers =
        [consume(&scene.bus, "a", 1).await, consume(&other.transport, "a", 1).await];
    for n in 0..20 {
        scene.publish("k", &n.to_string()).await;
    }
    let mut ids = HashSet::new();
    for n in 0..20 {
        let mut delivery = next(consumers[n % 2].as_mut()).await;
        delivery.receipt.settle(&done()).await.unwrap();
        assert!(ids.insert(delivery.message.id), "delivered twice");
    }
    for consumer in &mut consumers {
        assert!(next_soon(consumer.as_mut()).await.is_none());
    }
}

/// From the third redelivery on a message is handed out alone: nothing else of its worker is
/// unsettled, and nothing else comes before it is settled.
pub async fn a_message_that_kills_its_worker_takes_no_neighbour_along<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let poison = scene.publish("k", "poison").await;
    let mut consumer = consume(&scene.bus, "a", 1).await;
    for redelivery in 0..ALONE_FROM {
        let delivery = next(consumer.as_mut()).await;
        assert_eq!(delivery.redeliveries, redelivery);
        drop(delivery);
    }
    consumer.close().await.unwrap();
    for n in 0..5 {
        scene.publish("k", &n.to_string()).await;
    }
    let mut consumer = scene.consume("a").await;
    let mut others: Vec<dolmen_bus::Delivery> = Vec::new();
    let mut suspect = crate::within("the poison", async {
        loop {
            let delivery = match tokio::time::timeout(QUIET, consumer.next()).await {
                Ok(delivery) => delivery.unwrap(),
                // The others must be settled first.
                Err(_) => {
                    for mut other in others.drain(..) {
                        other.receipt.settle(&done()).await.unwrap();
                    }
                    continue;
                }
            };
            if delivery.message.id == poison.id {
                return delivery;
            }
            others.push(delivery);
        }
    })
    .await;
    assert_eq!(others.len(), 0, "neighbours were out together with it");
    assert!(suspect.redeliveries >= ALONE_FROM);
    assert!(next_soon(consumer.as_mut()).await.is_none(), "a neighbour came before its end");
    suspect.receipt.settle(&done()).await.unwrap();
    drop(suspect);
    consumer.close().await.unwrap();
    scene.take_all("a").await;
}

/// Nothing goes round for ever.
pub async fn what_is_redelivered_too_often_is_a_failed_message<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let poison = scene.publish("k", "poison").await;
    let mut consumer = scene.consume("a").await;
    let mut deliveries = 0;
    let failed = crate::within("a failed message", async {
        loop {
            while let Some(delivery) = next_soon(consumer.as_mut()).await {
                drop(delivery);
                deliveries += 1;
                assert!(deliveries <= scene.rig.redelivery_limit() + 1, "it goes round for ever");
            }
            let failed = scene.drain().await;
            if !failed.is_empty() {
                return failed;
            }
        }
    })
    .await;
    assert!(deliveries > ALONE_FROM);
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].message.id, poison.id);
    assert_eq!(failed[0].message.body, poison.body);
    assert_eq!(failed[0].message.routing_key, poison.routing_key);
    assert_eq!(failed[0].service, "a");
    // The journal knows it too, though no worker had a word in it.
    let story = scene.story(&poison, What::Hardfail).await;
    assert_eq!(story.len(), 2, "{story:?}");
    assert_eq!((story[1].service.as_deref(), &story[1].message.body), (Some("a"), &poison.body));
    assert!(story[1].reason.as_deref().is_some_and(|reason| reason.starts_with("delivered")));
}
