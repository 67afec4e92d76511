//! Publishing and listening.

use dolmen_bus::{
    Bytes, Message, MessageError, Mode, PublishError, Subscription, TransportError, WorkerError,
};
use dolmen_model::Time;
use serde_json::json;

use crate::tools::{next, next_soon};
use crate::{Rig, Scene};

/// What was confirmed reaches every service that listens.
pub async fn what_was_confirmed_reaches_every_service_that_listens<R: Rig>(rig: R) {
    let scene = Scene::new(
        rig,
        &[
            ("googleapps", &["notify.gram.user.created"]),
            ("welcome-mail", &["notify.#"]),
            ("other", &["request.#"]),
        ],
    )
    .await;
    let sent: Vec<Message> =
        (0..50).map(|n| Message::new("notify.gram.user.created", n.to_string())).collect();
    scene.bus.publish(sent.clone()).await.unwrap();
    assert_eq!(ids(&scene.take_all("googleapps").await), ids(&sent));
    assert_eq!(ids(&scene.take_all("welcome-mail").await), ids(&sent));
    assert_eq!(scene.take_all("other").await, []);
}

fn ids(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.id.as_str()).collect()
}

/// Two patterns of one service that hear the same message are no two deliveries.
pub async fn a_service_with_two_patterns_that_match_gets_one_copy<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["x.*", "#.y", "x.y"])]).await;
    scene.publish("x.y", "1").await;
    assert_eq!(scene.take_all("a").await.len(), 1);
}

/// `*` is one word, `#` any number of words, as in AMQP.
pub async fn patterns_hear_what_they_should<R: Rig>(rig: R) {
    let keys = ["a", "a.b", "a.b.c", "a..c", "b.a.b", "a.b-c.d"];
    let cases: [(&str, &str, &[usize]); 6] = [
        ("one", "a.*", &[1]),
        ("many", "a.#", &[0, 1, 2, 3, 5]),
        ("middle", "a.*.c", &[2, 3]),
        ("end", "#.b", &[1, 4]),
        ("both", "*.#.b", &[1, 4]),
        ("all", "#", &[0, 1, 2, 3, 4, 5]),
    ];
    let patterns: Vec<[&str; 1]> = cases.iter().map(|(_, pattern, _)| [*pattern]).collect();
    let services: Vec<(&str, &[&str])> =
        cases.iter().zip(&patterns).map(|((name, ..), pattern)| (*name, &pattern[..])).collect();
    let scene = Scene::new(rig, &services).await;
    scene.bus.publish(keys.iter().map(|key| Message::new(*key, "")).collect()).await.unwrap();
    for (name, pattern, heard) in cases {
        let messages = scene.take_all(name).await;
        let found: Vec<&str> = messages.iter().map(|message| &*message.routing_key).collect();
        let expected: Vec<&str> = heard.iter().map(|&at| keys[at]).collect();
        assert_eq!(found, expected, "{pattern}");
    }
}

/// Body, properties and headers travel untouched, whatever they hold.
pub async fn a_message_comes_back_as_it_was_sent<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let mut full = Message::new("notify.é", vec![0, 159, 146, 150, 255]);
    full.headers = [
        ("softfail-count", json!(4)),
        ("cloudEvents:source", json!("/gram")),
        ("negative", json!(-5_000_000_000_i64)),
        ("share", json!(0.25)),
        ("flag", json!(true)),
        ("nothing", json!(null)),
        ("list", json!(["a", 1, {"b": false}])),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    full.producer = Some("gram".into());
    full.kind = Some("event".into());
    full.correlation_id = Some("c-1".into());
    full.content_type = Some("application/octet-stream".into());
    full.reply_to = Some("reply.gram".into());
    full.time = Some(Time::from_micros(1_790_000_000_000_000));
    full.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
    full.tracestate = Some("vendor=1".into());
    let empty = Message::new("empty", "");
    let large = Message::new("large", Bytes::from(vec![7; 3 << 20]));
    let sent = vec![full, empty, large];
    scene.bus.publish(sent.clone()).await.unwrap();
    let came = scene.take_all("a").await;
    assert_eq!(came.len(), 3);
    for (came, sent) in came.iter().zip(&sent) {
        assert!(came == sent, "{} came back as another", sent.routing_key);
    }
}

/// A batch is checked before anything of it is sent.
pub async fn one_bad_message_in_a_batch_and_none_is_sent<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let mut reserved = Message::new("good", "");
    reserved.headers.insert("x-death".into(), json!([]));
    for bad in [Message::new("a.*", ""), Message::new("", ""), reserved] {
        let batch = vec![Message::new("good", ""), bad];
        let error = scene.bus.publish(batch).await.unwrap_err();
        let PublishError::Message { index, cause } = error else { panic!("{error}") };
        assert_eq!(index, 1);
        assert!(matches!(cause, MessageError::Key(_) | MessageError::Reserved(_)));
    }
    assert_eq!(scene.take_all("a").await, []);
}

/// What nobody listens to blocks nobody and is visible.
pub async fn what_nobody_listens_to_is_visible<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["heard"])]).await;
    let lost = scene.publish("unheard", "1").await;
    scene.publish("heard", "2").await;
    assert_eq!(scene.take_all("a").await.len(), 1);
    assert_eq!(scene.bus.count_unrouted().await.unwrap(), 1);
    let unrouted = scene.bus.unrouted(10).await.unwrap();
    assert_eq!(ids(&unrouted), [&lost.id]);
    // Looking does not take.
    assert_eq!(scene.bus.unrouted(10).await.unwrap().len(), 1);
}

/// A producer that has its confirmation may die.
pub async fn what_was_confirmed_survives_its_producer<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["#"])]).await;
    let producer = scene.rig.open().await;
    let messages: Vec<Message> = (0..20).map(|n| Message::new("k", n.to_string())).collect();
    producer.transport.publish(messages.clone()).await.unwrap();
    (producer.kill)().await;
    assert_eq!(ids(&scene.take_all("a").await), ids(&messages));
}

/// A service that does not exist is an error that names the remedy, not a silent wait.
pub async fn a_service_that_was_not_set_up_is_refused<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[]).await;
    let want = Subscription { service: "nobody".into(), prefetch: 1 };
    let error = scene.bus.subscribe(&want).await.err().unwrap();
    assert!(matches!(error, TransportError::NotSetUp(_)), "{error}");
    assert!(error.to_string().contains("dolmen bus setup"), "{error}");
    let run = scene.worker("nobody").handle(|_| async { Ok(()) }).run_until_idle();
    let error = run.await.unwrap_err();
    assert!(matches!(error, WorkerError::Transport(TransportError::NotSetUp(_))), "{error}");
    // A worker that says what it listens to sets itself up.
    scene.publish("k", "before").await;
    let run = scene.worker("somebody").listen("k").handle(|_| async { Ok(()) }).run_until_idle();
    assert_eq!(run.await.unwrap().done, 0);
    scene.publish("k", "after").await;
    assert_eq!(scene.take_all("somebody").await.len(), 1);
}

/// Setup is idempotent and keeps what is there.
pub async fn setting_up_twice_changes_nothing<R: Rig>(rig: R) {
    let services: [(&str, &[&str]); 2] = [("a", &["k"]), ("b", &["k", "l.#"])];
    let scene = Scene::new(rig, &services).await;
    scene.publish("k", "1").await;
    if scene.bus.capabilities().show_changes {
        assert_eq!(scene.set_up(&services, Mode::Show).await, []);
    }
    scene.set_up(&services, Mode::Apply).await;
    assert_eq!(scene.take_all("a").await.len(), 1);
    assert_eq!(scene.take_all("b").await.len(), 1);
}

/// Where stale patterns can be seen they are removed.
pub async fn what_a_service_no_longer_names_is_no_longer_heard<R: Rig>(rig: R) {
    let scene = Scene::new(rig, &[("a", &["k", "l"])]).await;
    if !scene.bus.capabilities().show_changes {
        return;
    }
    let shown = scene.set_up(&[("a", &["k", "m"])], Mode::Show).await;
    assert_eq!(shown.len(), 2, "{shown:?}");
    let mut consumer = scene.consume("a").await;
    scene.publish("l", "showing changes nothing").await;
    let mut delivery = next(consumer.as_mut()).await;
    delivery.receipt.settle(&crate::tools::done()).await.unwrap();
    let changed = scene.set_up(&[("a", &["k", "m"])], Mode::Apply).await;
    assert_eq!(changed, shown);
    scene.publish("l", "no longer heard").await;
    assert!(next_soon(consumer.as_mut()).await.is_none());
}
