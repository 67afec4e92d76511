//! A real worker in a real process, killed at six points: no message is lost, and a kill repeats
//! at most one delivery.
//!
//! The process is this test binary itself, told by its environment to be the worker.

#![allow(clippy::unwrap_used, reason = "tests: a panic is the report")]

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use dolmen_bus::{Failure, Incoming, Message, Mode, Pattern, Policy, PolicySettings, ServiceSpec};
use dolmen_bus::{Topology, Transport, Worker};
use dolmen_bus_conformance::within;
use dolmen_bus_sqlite::{Options, SqliteBus};

const FOLDER: &str = "DOLMEN_KILLED_FOLDER";
const POINT: &str = "DOLMEN_KILLED_POINT";

/// Where the worker dies.
const POINTS: [&str; 6] =
    ["before-work", "in-work", "after-work", "before-softfail", "before-hardfail", "after-done"];

fn options() -> Options {
    Options { lease: Duration::from_millis(1500), ..Options::default() }
}

fn die() -> ! {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
        .unwrap();
    unreachable!("killed")
}

/// Says in the file that this message was worked on.
fn work(folder: &Path, incoming: &Incoming) {
    let mut file =
        OpenOptions::new().create(true).append(true).open(folder.join("worked")).unwrap();
    writeln!(file, "{}", incoming.id).unwrap();
    file.sync_data().unwrap();
}

/// The worker's process. As a test of its own, without the environment, it has nothing to do.
#[test]
fn worker_process() {
    let (Some(folder), Ok(point)) = (std::env::var_os(FOLDER), std::env::var(POINT)) else {
        return;
    };
    let folder = PathBuf::from(folder);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async move {
        let bus = SqliteBus::open(&folder.join("bus.db"), options()).unwrap();
        let settings =
            PolicySettings { delays: Some(vec!["1s".into()]), ..PolicySettings::default() };
        let policy = Policy::build(&settings, "a").unwrap();
        let worker =
            Worker::new(Arc::new(bus), "a").policy(policy).handle(move |incoming: Incoming| {
                let (folder, point) = (folder.clone(), point.clone());
                async move {
                    let doomed = incoming.body == "doomed";
                    let at = |here: &str| doomed && point == here;
                    if at("before-work") {
                        die();
                    }
                    if incoming.body == "next" && point == "after-done" {
                        // The one before is done and acknowledged.
                        die();
                    }
                    work(&folder, &incoming);
                    if at("in-work") || at("after-work") {
                        // On disk, and nobody was told.
                        tokio::task::yield_now().await;
                        die();
                    }
                    if at("before-softfail") && incoming.attempt == 1 {
                        std::thread::spawn(|| die());
                        return Err(Failure::availability("down"));
                    }
                    if at("before-hardfail") {
                        std::thread::spawn(|| die());
                        return Err(Failure::business("no"));
                    }
                    Ok(())
                }
            });
        worker.run_until(std::future::pending()).await.unwrap();
    });
}

fn start(folder: &Path, point: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "worker_process"])
        .env(FOLDER, folder)
        .env(POINT, point)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_worker_repeats_at_most_one_delivery_and_loses_none() {
    for point in POINTS {
        let folder = tempfile::tempdir().unwrap();
        let bus = SqliteBus::open(&folder.path().join("bus.db"), options()).unwrap();
        let listen = vec![Pattern::new("k").unwrap()];
        let service = ServiceSpec { name: "a".into(), listen, policy: Policy::default() };
        bus.setup(&Topology { services: vec![service] }, Mode::Apply).await.unwrap();
        let sent: Vec<Message> = ["first", "doomed", "next", "last"]
            .into_iter()
            .map(|body| Message::new("k", body))
            .collect();
        bus.publish(sent.clone()).await.unwrap();
        let mut doomed = start(folder.path(), point);
        let status = tokio::task::block_in_place(|| doomed.wait().unwrap());
        assert!(!status.success(), "{point}: it was to be killed");
        let mut next = start(folder.path(), "never");
        // Everything is done or, where the worker managed to say so, a failed message.
        let over = |depths: &[dolmen_bus::Depth]| {
            depths.iter().all(|depth| (depth.ready, depth.waiting) == (0, 0))
        };
        within(point, async {
            while !over(&bus.depths().await.unwrap()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        next.kill().unwrap();
        next.wait().unwrap();
        let worked = std::fs::read_to_string(folder.path().join("worked")).unwrap();
        let mut times: HashMap<&str, u32> = HashMap::new();
        for id in worked.lines() {
            *times.entry(id).or_default() += 1;
        }
        for message in &sent {
            assert!(times.contains_key(&*message.id), "{point}: {:?} is lost", message.body);
        }
        let repeated: u32 = times.values().map(|times| times - 1).sum();
        assert!(repeated <= 1, "{point}: {repeated} deliveries were repeated");
    }
}
