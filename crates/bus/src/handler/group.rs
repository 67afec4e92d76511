//! A child process with everything it started, and the last lines it said.

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

/// A program in its own process group, killed with everything it started when this is dropped.
pub(super) struct Group {
    pub(super) child: Child,
    stderr: Option<JoinHandle<()>>,
    said: Arc<Mutex<VecDeque<String>>>,
    service: Arc<str>,
}

impl Group {
    /// Starts `/bin/sh -c command`.
    pub(super) fn start(mut command: Command, service: &Arc<str>) -> io::Result<Self> {
        let mut child =
            command.stderr(Stdio::piped()).process_group(0).kill_on_drop(true).spawn()?;
        let said = Arc::new(Mutex::new(VecDeque::with_capacity(LAST_LINES)));
        let stderr = child
            .stderr
            .take()
            .map(|stderr| tokio::spawn(listen(stderr, Arc::clone(&said), Arc::clone(service))));
        Ok(Self { child, stderr, said, service: Arc::clone(service) })
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
        // `id` is `None` once the child was waited for: then its number may be somebody else's.
        let id = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(id) = id
            && let Err(error) = kill_process_group(id, Signal::KILL)
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
