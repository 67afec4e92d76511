//! A real worker in a real process, killed again and again at six points.
//!
//! The process is this test binary itself, told by its environment to be the worker. Each doomed
//! message kills one worker, which leaves a file that says so.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dolmen_bus::{Failure, Incoming, Message, Transport, Worker};
use dolmen_bus_conformance::broker;
use dolmen_bus_rabbitmq::{Options, RabbitBus};

use crate::rig::{Handled, Kept, Row, options, policy, publish, set_up, size};

const FOLDER: &str = "DOLMEN_PROOF_FOLDER";
const POINT: &str = "DOLMEN_PROOF_POINT";
const BUS: &str = "DOLMEN_PROOF_BUS";
const URL: &str = "DOLMEN_PROOF_URL";

/// Where the worker dies.
const POINTS: [&str; 6] =
    ["before work", "after work", "while acknowledging", "in a softfail", "in a hardfail", "after"];

fn die() -> ! {
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
        .unwrap();
    unreachable!("killed")
}

/// Dies while the answer is on its way: sooner or later by up to four milliseconds.
fn die_soon(incoming: &Incoming) {
    let byte = incoming.id.bytes().fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte));
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_micros(u64::from(byte) * 16));
        die()
    });
}

/// Whether this is the first time that the message comes to this point.
fn is_first(folder: &Path, incoming: &Incoming) -> bool {
    let file = folder.join(format!("killed-{}", incoming.id));
    OpenOptions::new().create_new(true).write(true).open(file).is_ok()
}

fn work(folder: &Path, incoming: &Incoming) {
    let mut file =
        OpenOptions::new().create(true).append(true).open(folder.join("worked")).unwrap();
    writeln!(file, "{}", incoming.id).unwrap();
}

/// The worker's process. As a test of its own, without the environment, it has nothing to do.
#[test]
fn worker_process() {
    let (Some(folder), Ok(point)) = (std::env::var_os(FOLDER), std::env::var(POINT)) else {
        return;
    };
    // Whose worker it is may have failed, and its broker is gone with it.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(1);
    });
    let folder = PathBuf::from(folder);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async move {
        let options = Options::new(std::env::var(BUS).unwrap(), std::env::var(URL).unwrap());
        let bus = RabbitBus::open(options).await.unwrap();
        let worker = Worker::new(Arc::new(bus), "a").policy(policy("1s")).handle(
            move |incoming: Incoming| {
                let (folder, point) = (folder.clone(), point.clone());
                async move {
                    let at = |here: &str| point == here && is_first(&folder, &incoming);
                    if at("before work") {
                        die();
                    }
                    if at("in a softfail") {
                        die_soon(&incoming);
                        return Err(Failure::availability("down"));
                    }
                    if at("in a hardfail") {
                        die_soon(&incoming);
                        return Err(Failure::business("no"));
                    }
                    work(&folder, &incoming);
                    if at("after work") {
                        die();
                    }
                    if at("while acknowledging") {
                        die_soon(&incoming);
                    }
                    if at("after") {
                        // The one before is done, this one is not.
                        std::thread::spawn(|| die());
                    }
                    Ok(())
                }
            },
        );
        worker.run_until(std::future::pending()).await.unwrap();
    });
}

fn start(folder: &Path, point: &str, options: &Options) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::worker_process"])
        .env(FOLDER, folder)
        .env(POINT, point)
        .env(BUS, &options.bus)
        .env(URL, &options.url)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// How long a worker may do nothing before what is left counts as lost.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long after everything is handled something may come twice.
const REPEATS: Duration = Duration::from_millis(2500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_worker_loses_nothing_and_repeats_at_most_one_delivery() {
    let Some(broker) = broker::shared() else { return };
    let kills = size(3, 200);
    for point in POINTS {
        let options = options(broker, &[1]);
        let bus = RabbitBus::open(options.clone()).await.unwrap();
        set_up(&bus, &["a"]).await;
        let folder = tempfile::tempdir().unwrap();
        let mut sent: HashSet<String> = HashSet::new();
        let (kept, mut died) = (Kept::default(), 0);
        let mut worker = start(folder.path(), point, &options);
        let mut changed = (0, Instant::now());
        // What comes twice comes at once, or after its wait.
        let mut quiet: Option<Instant> = None;
        while quiet.is_none_or(|since| since.elapsed() < REPEATS) {
            bus.drain_failed(&kept).await.unwrap();
            let handled = handled(&folder, &kept);
            if handled.lost(&sent) > 0 {
                quiet = None;
            } else if died < kills {
                // One worker that dies may take two messages' turn to kill one.
                let more: Vec<Message> =
                    (died..kills).map(|_| Message::new("a", "doomed")).collect();
                sent.extend(more.iter().map(|message| message.id.clone()));
                publish(&bus, more).await;
            } else {
                quiet.get_or_insert_with(Instant::now);
            }
            if handled.count() + died != changed.0 {
                changed = (handled.count() + died, Instant::now());
            }
            if changed.1.elapsed() > PATIENCE {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
            if let Some(status) = worker.try_wait().unwrap() {
                assert_eq!(status.signal(), Some(9), "{point}: a worker ended by itself: {status}");
                died += 1;
                worker = start(folder.path(), point, &options);
            }
        }
        worker.kill().unwrap();
        worker.wait().unwrap();
        let handled = handled(&folder, &kept);
        let row = Row::of(format!("{died} workers killed {point}"), &sent, &handled);
        row.print();
        assert_eq!(row.lost, 0, "{point}");
        assert!(died >= kills, "{point}: only {died} workers died");
        assert!(row.duplicates <= died, "{point}: more than one duplicate a kill");
    }
}

/// Messages that were worked on, and those that are failed messages.
fn handled(folder: &tempfile::TempDir, kept: &Kept) -> Handled {
    let handled = Handled::default();
    let worked = fs::read_to_string(folder.path().join("worked")).unwrap_or_default();
    worked.lines().for_each(|id| handled.note(id));
    kept.0.lock().unwrap().iter().for_each(|failed| handled.note(&failed.message.id));
    handled
}
