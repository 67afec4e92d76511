//! A running `dolmen serve` and a client of a few lines.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::clock::Clock;

/// Longer than anything here takes on a busy machine: only a test that has failed waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(180);

const SERVE: [&str; 5] = ["serve", "--listen", "127.0.0.1:0", "--store", "store"];

/// A folder with a configuration and logs.
pub(crate) struct Place {
    dir: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn append(&self, name: &str, content: impl AsRef<[u8]>) {
        let mut file = fs::OpenOptions::new().append(true).open(self.path(name)).unwrap();
        file.write_all(content.as_ref()).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        // A proof names another build of the program.
        let program = std::env::var_os("DOLMEN_PROGRAM");
        let mut command =
            Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_dolmen").into()));
        command.args(args).current_dir(self.dir.path()).env_clear();
        command.env("HOME", self.path("home"));
        command
    }

    /// What a command prints.
    pub(crate) fn dolmen(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{err}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a command with something on its standard input.
    pub(crate) fn run(&self, args: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A command that does not read has ended by then.
        _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    /// What is judged, whatever it comes to.
    pub(crate) fn verdict(&self, args: &[&str]) -> Value {
        let output = self.command(args).output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{err}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn serve(&self) -> Server {
        self.started(self.command(&SERVE))
    }

    /// The same, by a clock that the test sets.
    pub(crate) fn serve_by(&self, clock: &Clock) -> Server {
        let mut command = self.command(&SERVE);
        command.envs(clock.environment());
        self.started(command)
    }

    /// Serves with so many files open at most, as far as nobody raises that.
    pub(crate) fn serve_with_files(&self, most: u32) -> Server {
        let serve = self.command(&SERVE);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -S -n {most}; exec \"$0\" \"$@\"")]);
        command.arg(serve.get_program()).args(serve.get_args());
        command.current_dir(self.dir.path());
        self.started(command)
    }

    fn started(&self, mut command: Command) -> Server {
        let mut child = command.stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let address = wait_for(&said, "the console is at http://");
        let address = address.trim_end_matches('/').rsplit('/').next().unwrap().parse().unwrap();
        Server { child, address, said }
    }
}

/// The first line that holds this.
#[track_caller]
fn wait_for(said: &Receiver<String>, text: &str) -> String {
    let until = Instant::now() + PATIENCE;
    let mut all = Vec::new();
    while let Ok(line) = said.recv_timeout(until.saturating_duration_since(Instant::now())) {
        if line.contains(text) {
            return line;
        }
        all.push(line);
    }
    panic!("nobody said {text:?}, but {all:#?}");
}

pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    said: Receiver<String>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        let body = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

impl Server {
    /// The first line on standard error that holds this.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> String {
        wait_for(&self.said, text)
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let answer = self.ask("GET", path, &[], b"");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        ask(self.address, method, path, headers, body)
    }

    /// Asks again and again until the answer is right.
    #[track_caller]
    pub(crate) fn until(&self, path: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path);
            if is_right(&answer) {
                return answer;
            }
            assert!(Instant::now() < until, "{path} never came right: {answer:#}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks for the metrics until this line is among them.
    #[track_caller]
    pub(crate) fn counts(&self, line: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            let metrics = self.ask("GET", "/metrics", &[], b"");
            if metrics.text().lines().any(|one| one == line) {
                return;
            }
            assert!(Instant::now() < until, "never {line}: {}", metrics.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What is told from now on: the names of events and their data.
    pub(crate) fn events(&self) -> Events {
        self.events_in("en")
    }

    pub(crate) fn events_in(&self, language: &str) -> Events {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = self.address;
        let path = format!("/api/v1/events?lang={language}");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0);
        }
        Events { reader }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Asks it to end, as systemd does; how it ended.
    pub(crate) fn stop(self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.ended()
    }

    /// How it ended that was asked to.
    pub(crate) fn ended(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

pub(crate) struct Events {
    reader: BufReader<TcpStream>,
}

impl Events {
    /// The data of the next event of this name.
    pub(crate) fn next(&mut self, name: &str) -> Value {
        let mut event = String::new();
        let until = Instant::now() + PATIENCE;
        loop {
            let mut line = String::new();
            // While nothing happens the stream says that it is alive.
            assert!(Instant::now() < until, "nobody told of {name}");
            assert!(self.reader.read_line(&mut line).unwrap() > 0, "the stream ended");
            if let Some(name) = line.strip_prefix("event: ") {
                event = name.trim_end().to_owned();
            } else if let Some(data) = line.strip_prefix("data: ")
                && event == name
            {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}

pub(crate) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = format!("{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n", body.len());
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let sent = stream.write_all(&[request.as_bytes(), body].concat());
    let mut answer = Vec::new();
    // Who refuses a request need not take it to its end: the connection may break behind the answer.
    let read = stream.read_to_end(&mut answer).map(drop);
    assert!(sent.and(read).is_ok() || !answer.is_empty(), "{method} {path}: no answer");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_ascii_lowercase(), body: answer[end + 4..].to_vec() }
}

/// A path with its query escaped.
pub(crate) fn with(path: &str, query: &[(&str, &str)]) -> String {
    let escaped = |text: &str| -> String {
        let escape = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        };
        text.bytes().map(escape).collect()
    };
    let query: Vec<String> =
        query.iter().map(|(key, value)| format!("{key}={}", escaped(value))).collect();
    format!("{path}?{}", query.join("&"))
}

/// The corpus, where there is one.
pub(crate) fn corpus() -> Option<PathBuf> {
    let corpus = std::env::var_os("DOLMEN_CORPUS").map(PathBuf::from);
    if corpus.is_none() {
        eprintln!("skipped: no corpus (DOLMEN_CORPUS)");
    }
    corpus
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
