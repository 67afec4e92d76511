use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustix::io::ioctl_fionread;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};

use super::group::{Group, Guards, cannot_run, shell};
use super::{Handler, Incoming};
use crate::{Failure, Headers, Nature};

/// An answer longer than this is none.
const LONGEST_ANSWER: u64 = 1024 * 1024;

/// Keeps a program running and gives it one message at a time: a JSON line in, a JSON line out.
/// As many run side by side as messages are handled at a time, and none longer than this process.
///
/// In: `{"message_id", "routing_key", "service", "attempt", "body" or "body_base64", "headers",
/// "producer", "type", "correlation_id", "content_type", "reply_to", "time", "traceparent",
/// "tracestate"}`, what is absent left out. Out: `{"outcome": "done", "message_id"}`, or
/// `{"outcome": "softfail"|"hardfail"|"forward", "message_id", "nature", "error", "code",
/// "retry_after" (s), "service" (forward)}`.
///
/// `message_id` says which message is answered, and may be left out. With it, an answer that is
/// one too many is never taken for the answer to the next message, whenever it comes; without it,
/// only when it came before that message was given.
#[derive(Debug)]
pub struct Pipe {
    command: String,
    folder: Option<PathBuf>,
    idle: Mutex<Vec<Process>>,
    guards: Guards,
}

struct Process {
    group: Group,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Process").field(&self.group.child.id()).finish()
    }
}

impl Pipe {
    /// A command for `/bin/sh -c`, started when the first message comes.
    pub fn new(command: impl Into<String>) -> Self {
        let (idle, guards) = (Mutex::default(), Guards::default());
        Self { command: command.into(), folder: None, idle, guards }
    }

    /// Runs it in this folder; in the worker's own otherwise.
    #[must_use]
    pub fn folder(self, folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()), ..self }
    }

    /// A process that waits for a message and said nothing meanwhile. Others are given up: one that
    /// ended, and one whose last word would be taken for the answer to what it is given next.
    fn idle(&self, service: &str) -> Option<Process> {
        loop {
            let mut process = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
            let why = match (process.group.child.try_wait(), process.has_spoken()) {
                (Ok(None), false) => return Some(process),
                (Ok(None), true) => "said more than its answer".to_owned(),
                (Ok(Some(status)), _) => format!("ended while it had no message ({status})"),
                (Err(error), _) => error.to_string(),
            };
            tracing::warn!(service, why, "the handler is started anew");
        }
    }

    fn start(&self, service: &Arc<str>) -> Result<Process, Failure> {
        let mut command = shell(&self.command, self.folder.as_deref());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).env("DOLMEN_SERVICE", &**service);
        let mut group = Group::start(command, service, &self.guards)
            .map_err(|error| cannot_run(&self.command, &error.to_string()))?;
        match (group.child.stdin.take(), group.child.stdout.take()) {
            (Some(stdin), Some(stdout)) => {
                Ok(Process { group, stdin, stdout: BufReader::new(stdout) })
            }
            _ => Err(cannot_run(&self.command, "no pipe to it")),
        }
    }
}

#[async_trait]
impl Handler for Pipe {
    async fn handle(&self, incoming: Incoming) -> Result<(), Failure> {
        let question = Question::of(&incoming);
        let mut line = serde_json::to_vec(&question)
            .map_err(|error| Failure::technical(format!("cannot be written as JSON: {error}")))?;
        line.push(b'\n');
        // While it has a message the process is ours: dropped half way, it is killed.
        let idle = self.idle(&incoming.service);
        let is_new = idle.is_none();
        let mut process = match idle {
            Some(process) => process,
            None => self.start(&incoming.service)?,
        };
        let mut asked = process.ask(&line).await;
        if !is_new && matches!(asked, Err(AskError::NotRead)) {
            // It ended at the last moment, without having read anything of the message.
            process = self.start(&incoming.service)?;
            asked = process.ask(&line).await;
        }
        let answer = match asked {
            Ok(Some(answer)) => answer,
            Ok(None) | Err(AskError::NotRead) => return Err(self.ended(process).await),
            Err(AskError::Spoken) => {
                let what = "said something before it was given a message";
                return Err(softfail(format!("{:?} {what}", self.command)));
            }
            Err(AskError::Io(error)) => {
                return Err(softfail(format!("{:?}: {error}", self.command)));
            }
        };
        let outcome = Answer::read(&answer, &incoming.message.id).map_err(|why| {
            // It may be answering something else: start over with a new one.
            softfail(format!("{:?} answered what is no outcome: {why}", self.command))
        })?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(process);
        outcome
    }
}

impl Pipe {
    /// The failure when the process ended instead of answering.
    async fn ended(&self, mut process: Process) -> Failure {
        drop(process.stdin);
        let status = process.group.child.wait().await;
        let said = process.group.last_words().await;
        let how = status.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        if let Ok(Some(126 | 127)) = status.map(|status| status.code()) {
            return cannot_run(&self.command, if said.is_empty() { &how } else { &said });
        }
        softfail(format!("{:?} ended instead of answering ({how})\n{said}", self.command))
    }
}

fn softfail(text: String) -> Failure {
    Failure::technical(text).softfail()
}

/// Why a process gave no answer, though it may be alive.
enum AskError {
    /// It closed its input before it read anything.
    NotRead,
    /// Something was there before it was asked.
    Spoken,
    Io(std::io::Error),
}

impl From<std::io::Error> for AskError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl Process {
    /// Whether something that it wrote was not read yet.
    fn has_spoken(&self) -> bool {
        // When nobody can tell, asking it will.
        !self.stdout.buffer().is_empty() || ioctl_fionread(self.stdout.get_ref()).unwrap_or(0) > 0
    }

    /// One line in, one line out; `None` when the process ended.
    async fn ask(&mut self, line: &[u8]) -> Result<Option<Vec<u8>>, AskError> {
        if self.has_spoken() {
            return Err(AskError::Spoken);
        }
        let first = match self.stdin.write(line).await {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Err(AskError::NotRead),
            written => written?,
        };
        let line = &line[first..];
        let mut answer = Vec::new();
        let mut reader = (&mut self.stdout).take(LONGEST_ANSWER);
        let write = async {
            self.stdin.write_all(line).await?;
            self.stdin.flush().await
        };
        // Both at once: it may answer, or fill its output, before it has read everything.
        let (written, read) = tokio::join!(write, reader.read_until(b'\n', &mut answer));
        if read? == 0 {
            return Ok(None);
        }
        written?;
        Ok(Some(answer))
    }
}

#[derive(Serialize)]
struct Question<'a> {
    message_id: &'a str,
    routing_key: &'a str,
    service: &'a str,
    attempt: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(skip_serializing_if = "Headers::is_empty")]
    headers: &'a Headers,
    #[serde(skip_serializing_if = "Option::is_none")]
    producer: Option<&'a str>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<dolmen_model::Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracestate: Option<&'a str>,
}

impl<'a> Question<'a> {
    fn of(incoming: &'a Incoming) -> Self {
        let message = &*incoming.message;
        let body = std::str::from_utf8(&message.body).ok();
        Self {
            message_id: &message.id,
            routing_key: &message.routing_key,
            service: &incoming.service,
            attempt: incoming.attempt,
            body,
            body_base64: body.is_none().then(|| STANDARD.encode(&message.body)),
            headers: &message.headers,
            producer: message.producer.as_deref(),
            kind: message.kind.as_deref(),
            correlation_id: message.correlation_id.as_deref(),
            content_type: message.content_type.as_deref(),
            reply_to: message.reply_to.as_deref(),
            time: message.time,
            traceparent: incoming.traceparent.as_deref(),
            tracestate: message.tracestate.as_deref(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Done,
    Softfail,
    Hardfail,
    Forward,
}

#[derive(Deserialize)]
struct Answer {
    outcome: Outcome,
    message_id: Option<String>,
    nature: Option<Nature>,
    #[serde(default)]
    error: String,
    code: Option<String>,
    retry_after: Option<f64>,
    service: Option<String>,
}

impl Answer {
    /// What the answer to a message says; `Err` when it says nothing that can be understood, or
    /// something about another message.
    fn read(line: &[u8], message_id: &str) -> Result<Result<(), Failure>, String> {
        let answer: Self = serde_json::from_slice(line).map_err(|error| error.to_string())?;
        if let Some(other) = answer.message_id.as_deref().filter(|&id| id != message_id) {
            return Err(format!("it is about message {other:?}, and {message_id} was asked"));
        }
        let failure = |usual| {
            let failure = match answer.nature.unwrap_or(usual) {
                Nature::Business => Failure::business(&answer.error),
                Nature::Technical => Failure::technical(&answer.error),
                Nature::Availability => Failure::availability(&answer.error),
            };
            let retry_after = answer.retry_after.map(Duration::try_from_secs_f64).transpose();
            let retry_after = retry_after.map_err(|error| format!("retry_after: {error}"))?;
            Ok::<_, String>(Failure { code: answer.code.clone(), retry_after, ..failure })
        };
        Ok(match answer.outcome {
            Outcome::Done => Ok(()),
            Outcome::Softfail => Err(failure(Nature::Availability)?.softfail()),
            Outcome::Hardfail => Err(failure(Nature::Technical)?.hardfail()),
            Outcome::Forward => {
                let service = answer.service.as_deref().ok_or("forward without a service")?;
                Err(failure(Nature::Technical)?.forward_to(service))
            }
        })
    }
}
