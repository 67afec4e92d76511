//! Work that other commands hand over: this process writes the store, and they do not.

use std::fs::{self, DirBuilder, File};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use dolmen_collect::Progress;
use dolmen_console::Event;
use dolmen_model::Time;
use dolmen_store::Store;
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::UnixListener;
use tokio::runtime::Handle;

use super::live::Live;
use super::say;
use crate::commands::store::command::compact_here;
use crate::commands::{import, rules};
use crate::exit;
use crate::handover::{self, Answer, Job, Work};
use crate::settings::{Asked, Settings};

/// How often whoever waits is told how far it is.
const TICK: Duration = Duration::from_millis(200);

/// Takes jobs until the runtime ends.
pub(super) fn listen(live: &Arc<Live>, runtime: &Handle) -> anyhow::Result<()> {
    let folder = handover::folder(live.store.path());
    let cannot = || format!("cannot take jobs in {}", folder.display());
    // Nobody else may enter, so nobody else reaches what is in it.
    DirBuilder::new().recursive(true).mode(0o700).create(&folder).with_context(cannot)?;
    handover::sweep(&folder).with_context(cannot)?;
    let open = File::open(&folder).with_context(cannot)?;
    // A path to a socket may have a hundred bytes, and a store lies where it lies.
    let socket = format!("/proc/self/fd/{}/{}", open.as_raw_fd(), handover::SOCKET);
    // Who holds the store is alone: a socket that is there was left by a crash.
    _ = fs::remove_file(&socket);
    let listener = {
        let _runtime = runtime.enter();
        UnixListener::bind(&socket).with_context(cannot)?
    };
    let live = Arc::clone(live);
    runtime.spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) if is_friend(&stream) => {
                    let live = Arc::clone(&live);
                    tokio::task::spawn_blocking(move || match stream.into_std() {
                        Ok(stream) => take(&live, &stream),
                        Err(error) => say(&format!("a job could not be taken: {error}")),
                    });
                }
                Ok(_) => say("a job of another user was refused"),
                Err(error) => {
                    say(&format!("jobs cannot be taken for a while: {error}"));
                    tokio::time::sleep(TICK).await;
                }
            }
        }
    });
    Ok(())
}

/// The user who serves, or root.
fn is_friend(stream: &tokio::net::UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

fn take(live: &Live, stream: &UnixStream) {
    let answer = match stream.set_nonblocking(false).map_err(Into::into).and_then(|()| read(stream))
    {
        Ok(job) => work(live, job, stream),
        Err(error) => Err(error),
    };
    let answer = match answer {
        Ok(value) => Answer::Done(value),
        Err(error) => {
            let exit = exit::code_of(&error) as u8;
            Answer::Failed { message: format!("{error:#}"), exit }
        }
    };
    // Who asked may be gone by now; what was done is done.
    _ = send(stream, &answer);
}

fn read(stream: &UnixStream) -> anyhow::Result<Job> {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    let of: Value = serde_json::from_str(&line).context("this is no job")?;
    let ours = env!("CARGO_PKG_VERSION");
    if of["version"] != ours {
        bail!("`dolmen serve` is version {ours}, this is another: use the same, or stop it first");
    }
    Ok(serde_json::from_value(of)?)
}

fn send(mut stream: &UnixStream, answer: &Answer) -> anyhow::Result<()> {
    Ok(writeln!(stream, "{}", serde_json::to_string(answer)?)?)
}

/// Does it, and tells meanwhile how far it is.
fn work(live: &Live, job: Job, stream: &UnixStream) -> anyhow::Result<Value> {
    let progress = Progress::default();
    thread::scope(|scope| {
        let (working, ended) = mpsc::channel::<()>();
        let seen = &progress;
        scope.spawn(move || {
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let (total, bytes, lines) = (seen.total(), seen.bytes(), seen.lines());
                if send(stream, &Answer::Progress { total, bytes, lines }).is_err() {
                    return;
                }
            }
        });
        let done = run(live, job, &progress);
        drop(working);
        done
    })
}

fn run(live: &Live, job: Job, progress: &Progress) -> anyhow::Result<Value> {
    let Job { config, work, .. } = job;
    let folder = std::path::absolute(live.store.path())?;
    let settings = Settings::load(&Asked::exactly(config, folder))?;
    match work {
        Work::Import(work) => {
            // Files that are followed are read by one at a time.
            let _round = work.is_nothing().then(|| live.round());
            // The journal of the bus is followed anyway.
            let outcome = import::import(&settings, &live.store, work, None, progress)?;
            live.tell_committed(&outcome.imported);
            Ok(serde_json::to_value(outcome)?)
        }
        Work::ApplyRules => {
            let _alone = live.deriver.rewriting();
            let done = rules::derive_all(&settings, &live.store)?;
            live.recompile()?;
            live.console.tell(Event::Rules(live.console.rules()));
            Ok(serde_json::to_value(done)?)
        }
        Work::Say(word) => Ok(live.store.say(&word, now())?.id.into()),
        Work::TakeBack(id) => Ok(live.store.take_back(id, now())?.into()),
        Work::Compact => {
            let _alone = live.deriver.rewriting();
            Ok(serde_json::to_value(compact_here(&settings, &live.store)?)?)
        }
    }
}

fn now() -> Time {
    Time::from_micros(Timestamp::now().as_microsecond())
}
