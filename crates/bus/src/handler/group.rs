//! A child process with everything it started, and the last lines it said.
//!
//! It runs in the process group of a guard: a shell that waits until its standard input ends, which
//! it does when we are gone, however that came (`kill -9`, too), and then kills its group. Otherwise
//! a handler would go on with a message that is being handled anew elsewhere. A child joins the group
//! before it runs a command, and cannot run one when the group is gone. The ways to ask the kernel
//! for the same (`PR_SET_PDEATHSIG`) need `unsafe` code between fork and exec, and reach the child
//! alone.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

use crate::Failure;
use crate::failure::MOST_TEXT_BYTES;

/// How much of standard error is kept as the error text.
const LAST_LINES: usize = 20;
/// Of these, how many bytes: what is said before them has room in an error text, too.
const MOST_BYTES: usize = MOST_TEXT_BYTES - 1024;

/// How much of one line of it.
const LONGEST_LINE: u64 = 2048;

/// After the program ended, how long what it left behind may keep its standard error open.
const LINGER: Duration = Duration::from_millis(200);

/// What a guard does. What ends us politely is not meant for it.
const GUARD: &str = "trap '' HUP INT TERM; read -r _; kill -KILL 0";

/// The leader of a process group, which kills it when this process is gone.
#[derive(Debug)]
struct Guard(Child);

impl Guard {
    fn start() -> io::Result<Self> {
        let mut guard = shell(GUARD, None);
        guard.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        guard.process_group(0).kill_on_drop(true).spawn().map(Self)
    }

    /// The number of its group; `None` once it ended.
    fn group(&mut self) -> Option<Pid> {
        match self.0.try_wait() {
            Ok(None) => Pid::from_raw(i32::try_from(self.0.id()?).ok()?),
            _ => None,
        }
    }
}

/// Guards that nobody is guarded by just now: one is enough for one program after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Guards(Arc<Mutex<Vec<Guard>>>);

impl Guards {
    fn take(&self) -> io::Result<(Guard, Pid)> {
        loop {
            let idle = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let is_new = idle.is_none();
            let mut guard = idle.map_or_else(Guard::start, Ok)?;
            match guard.group() {
                Some(group) => return Ok((guard, group)),
                // Somebody killed it.
                None if is_new => return Err(io::Error::other("its guard ended at once")),
                None => {}
            }
        }
    }

    fn put(&self, guard: Guard) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(guard);
    }
}

/// A program in a guarded process group, killed with everything it started when this is dropped.
pub(super) struct Group {
    pub(super) child: Child,
    guard: Option<Guard>,
    guards: Guards,
    stderr: Option<JoinHandle<()>>,
    said: Arc<Mutex<VecDeque<String>>>,
    service: Arc<str>,
}

impl Group {
    /// Starts a command, guarded.
    pub(super) fn start(
        mut command: Command,
        service: &Arc<str>,
        guards: &Guards,
    ) -> io::Result<Self> {
        let (guard, group) = guards.take()?;
        command.stderr(Stdio::piped()).process_group(group.as_raw_nonzero().get());
        let mut child = match command.kill_on_drop(true).spawn() {
            Ok(child) => child,
            Err(error) => {
                guards.put(guard);
                return Err(error);
            }
        };
        let (guard, guards) = (Some(guard), guards.clone());
        let said = Arc::new(Mutex::new(VecDeque::with_capacity(LAST_LINES)));
        let stderr = child
            .stderr
            .take()
            .map(|stderr| tokio::spawn(listen(stderr, Arc::clone(&said), Arc::clone(service))));
        Ok(Self { child, guard, guards, stderr, said, service: Arc::clone(service) })
    }

    /// The last lines of standard error, at most [`MOST_BYTES`] of them, to be asked for once the
    /// program has ended.
    pub(super) async fn last_words(&mut self) -> String {
        if let Some(stderr) = self.stderr.take()
            && tokio::time::timeout(LINGER, stderr).await.is_err()
        {
            tracing::debug!(service = %self.service, "standard error is still open after the end");
        }
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut room = MOST_BYTES;
        let fits = said.iter().rev().take_while(|line| match room.checked_sub(line.len() + 1) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        });
        let fits = fits.count();
        said.range(said.len() - fits..).map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut guard) = self.guard.take() else { return };
        // `None` once the child was waited for.
        if self.child.id().is_none() {
            return self.guards.put(guard);
        }
        // Without its guard the child alone is killed, as it is dropped.
        if let Some(group) = guard.group()
            && let Err(error) = kill_process_group(group, Signal::KILL)
        {
            tracing::warn!(service = %self.service, %error, "cannot kill the handler");
        }
    }
}

async fn listen(stderr: ChildStderr, said: Arc<Mutex<VecDeque<String>>>, service: Arc<str>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut reader).take(LONGEST_LINE).read_until(b'\n', &mut line).await;
        if !matches!(read, Ok(1..)) {
            return;
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        tracing::info!(%service, "{text}");
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() == LAST_LINES {
            said.pop_front();
        }
        said.push_back(text);
    }
}

/// `/bin/sh -c command` in a folder, or in ours: the shell says 126 and 127 when the command
/// cannot be run.
pub(super) fn shell(command: &str, folder: Option<&Path>) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    if let Some(folder) = folder {
        shell.current_dir(folder);
    }
    shell
}

/// The failure when a command cannot be run at all: no message is to blame.
pub(super) fn cannot_run(command: &str, why: &str) -> Failure {
    Failure::technical(format!("cannot run {command:?}: {why}")).code("cannot-run").pause()
}
