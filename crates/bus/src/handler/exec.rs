use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};

use async_trait::async_trait;
use thiserror::Error;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::group::{Group, Guards, cannot_run, shell};
use super::{Handler, Incoming};
use crate::{Failure, Nature, Remedy};

/// Runs a shell command for each message.
///
/// The body is on standard input, the facts are in the environment (`DOLMEN_MESSAGE_ID`,
/// `DOLMEN_ROUTING_KEY`, `DOLMEN_ATTEMPT`, `DOLMEN_SERVICE`, `TRACEPARENT`, ...). The exit code
/// says what came of it ([`ExitCodes`]), the last lines of standard error say why. What it writes
/// to standard output appears on our standard error. It ends with this process, however that ends.
#[derive(Clone, Debug)]
pub struct Exec {
    command: String,
    folder: Option<PathBuf>,
    codes: ExitCodes,
    guards: Guards,
}

impl Exec {
    /// A command for `/bin/sh -c`.
    pub fn new(command: impl Into<String>) -> Self {
        let (codes, guards) = (ExitCodes::default(), Guards::default());
        Self { command: command.into(), folder: None, codes, guards }
    }

    /// Runs it in this folder; in the worker's own otherwise.
    #[must_use]
    pub fn folder(self, folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..self }
    }

    /// Other meanings of exit codes.
    #[must_use]
    pub fn exit_codes(self, codes: ExitCodes) -> Self {
        Self { codes, ..self }
    }

    /// The failure when it did not start: the message's own when its facts are too long for an
    /// environment, as those of the next may not be.
    fn not_started(&self, error: &std::io::Error) -> Failure {
        match error.kind() {
            ErrorKind::ArgumentListTooLong => {
                let what = "cannot be given the message's facts in its environment";
                Failure::technical(format!("{:?} {what}: {error}", self.command)).code("too-long")
            }
            _ => cannot_run(&self.command, &error.to_string()),
        }
    }
}

#[async_trait]
impl Handler for Exec {
    async fn handle(&self, incoming: Incoming) -> Result<(), Failure> {
        let mut command = shell(&self.command, self.folder.as_deref());
        environment(&mut command, &incoming);
        command.stdin(Stdio::piped()).stdout(our_stderr());
        let mut group = Group::start(command, &incoming.service, &self.guards)
            .map_err(|error| self.not_started(&error))?;
        if let Some(mut stdin) = group.child.stdin.take() {
            // A program that does not read its input may well be done with the message.
            match stdin.write_all(&incoming.body).await {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    tracing::warn!(service = %incoming.service, %error, "cannot write the body");
                }
                _ => {}
            }
        }
        let status = group.child.wait().await.map_err(|error| {
            Failure::technical(format!("cannot wait for {:?}: {error}", self.command)).softfail()
        })?;
        if status.success() {
            return Ok(());
        }
        let said = group.last_words().await;
        Err(self.codes.failure(&self.command, status, said))
    }
}

/// What a handler finds in its environment. A NUL cannot be there, so it is left out.
pub(super) fn environment(command: &mut Command, incoming: &Incoming) {
    let message = &incoming.message;
    let facts = [
        ("DOLMEN_MESSAGE_ID", Some(message.id.clone())),
        ("DOLMEN_ROUTING_KEY", Some(message.routing_key.clone())),
        ("DOLMEN_ATTEMPT", Some(incoming.attempt.to_string())),
        ("DOLMEN_SERVICE", Some(incoming.service.to_string())),
        ("DOLMEN_PRODUCER", message.producer.clone()),
        ("DOLMEN_TYPE", message.kind.clone()),
        ("DOLMEN_CORRELATION_ID", message.correlation_id.clone()),
        ("DOLMEN_CONTENT_TYPE", message.content_type.clone()),
        ("DOLMEN_REPLY_TO", message.reply_to.clone()),
        ("TRACEPARENT", incoming.traceparent.clone()),
        ("TRACESTATE", message.tracestate.clone()),
    ];
    for (name, value) in facts {
        match value {
            Some(value) => command.env(name, value.replace('\0', "")),
            // Not the value that we ourselves were started with.
            None => command.env_remove(name),
        };
    }
}

/// Our standard error as somebody's standard output; nowhere when it is closed.
fn our_stderr() -> Stdio {
    match std::io::stderr().as_fd().try_clone_to_owned() {
        Ok(fd) => Stdio::from(fd),
        Err(_) => Stdio::null(),
    }
}

/// The exit codes by which a shell says that its program was ended by a signal.
const BY_SIGNAL: RangeInclusive<u8> = 129..=192;

/// What exit codes mean.
///
/// 0 is done; 75 (`EX_TEMPFAIL` of sysexits.h) a softfail, technical; 69 (`EX_UNAVAILABLE`) a
/// softfail, availability; 65 (`EX_DATAERR`) a hardfail, business; 126 and 127 (cannot be run)
/// pause the service; a signal, and 129 to 192 by which a shell reports one, is a softfail,
/// technical; every other code a hardfail, technical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExitCodes {
    meanings: BTreeMap<u8, (Nature, Remedy)>,
}

/// Why an exit code cannot get a meaning.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExitCodesError {
    /// 0 is done.
    #[error("exit code 0 is done, whatever else is wished")]
    Zero,
    /// No such word.
    #[error(
        "exit code {0}: {1:?} is not `softfail` or `hardfail` and a nature, as in \"softfail, availability\""
    )]
    Meaning(u8, String),
}

impl Default for ExitCodes {
    fn default() -> Self {
        let meanings = [
            (65, (Nature::Business, Remedy::Hardfail)),
            (69, (Nature::Availability, Remedy::Softfail)),
            (75, (Nature::Technical, Remedy::Softfail)),
            (126, (Nature::Technical, Remedy::Pause)),
            (127, (Nature::Technical, Remedy::Pause)),
        ];
        Self { meanings: BTreeMap::from(meanings) }
    }
}

impl ExitCodes {
    /// The same with one more meaning, written `softfail, availability`.
    pub fn map(mut self, code: u8, meaning: &str) -> Result<Self, ExitCodesError> {
        if code == 0 {
            return Err(ExitCodesError::Zero);
        }
        let wrong = || ExitCodesError::Meaning(code, meaning.to_owned());
        let (remedy, nature) = meaning.split_once(',').ok_or_else(wrong)?;
        let remedy = match remedy.trim() {
            "softfail" => Remedy::Softfail,
            "hardfail" => Remedy::Hardfail,
            _ => return Err(wrong()),
        };
        let natures = [Nature::Business, Nature::Technical, Nature::Availability];
        let nature =
            natures.into_iter().find(|known| known.as_str() == nature.trim()).ok_or_else(wrong)?;
        self.meanings.insert(code, (nature, remedy));
        Ok(self)
    }

    fn failure(&self, command: &str, status: ExitStatus, said: String) -> Failure {
        let text = |what: String| if said.is_empty() { what } else { said.clone() };
        let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX);
        let meaning = self.meanings.get(&code).cloned();
        // A shell whose program was ended by a signal says so with 128 and the signal's number.
        let behind_shell = BY_SIGNAL.contains(&code) && meaning.is_none();
        let behind_shell = behind_shell.then(|| i32::from(code - 128));
        if let Some(signal) = status.signal().or(behind_shell) {
            let text = text(format!("{command:?} was ended by signal {signal}"));
            return Failure::technical(text).softfail().code(format!("signal-{signal}"));
        }
        let (nature, remedy) = meaning.unwrap_or((Nature::Technical, Remedy::Hardfail));
        let text = text(format!("{command:?} ended with exit code {code}"));
        Failure { nature, remedy, ..Failure::technical(text) }.code(format!("exit-{code}"))
    }
}
