//! `cargo xtask bench serve`: what `dolmen serve` takes in, by kind of source.
//!
//! Each kind gets a server of its own and the same number of lines, as fast as they are taken. Two
//! times are measured: until everything was handed over (a network source has it on the disk by then)
//! and until the store has all of it.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::calls::generate;
use crate::shell::release;

/// Lines of one request.
const BATCH: usize = 1_000;
/// Requests at once.
const SENDERS: usize = 2;

/// How lines get there.
#[derive(Clone, Copy)]
enum Way {
    File,
    Tcp,
    Http,
    Bulk,
}

impl Way {
    const ALL: [(Self, &str); 4] = [
        (Self::File, "file"),
        (Self::Tcp, "tcp"),
        (Self::Http, "http, NDJSON"),
        (Self::Bulk, "http, _bulk"),
    ];
}

pub(crate) fn bench(args: &[String]) -> Result<()> {
    let mut lines = 1_000_000_u64;
    let mut program = None;
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let value = args.next().with_context(|| format!("{arg} wants a value"))?;
        match arg.as_str() {
            "--lines" => lines = value.parse().context("--lines wants a number")?,
            "--program" => program = Some(PathBuf::from(value)),
            _ => bail!("known: --lines N, --program FILE"),
        }
    }
    ensure!(lines >= 1_000, "--lines wants at least a thousand");
    let program = program.map_or_else(release, Ok)?;
    let scratch = tempfile::tempdir()?;
    let (access, documents) = (scratch.path().join("access"), scratch.path().join("documents"));
    generate::write(&access, &scratch.path().join("marks"), lines)?;
    generate::write_documents(&documents, lines)?;
    let cores = thread::available_parallelism()?;
    println!(
        "{cores} cores, {lines} lines a source, {SENDERS} senders over HTTP, {BATCH} lines a request"
    );
    println!(
        "{:<14} {:>14} {:>14} {:>11} {:>9}",
        "source", "taken, a s", "stored, a s", "processor", "memory"
    );
    for (way, name) in Way::ALL {
        let folder = scratch.path().join(name.replace(", ", "-"));
        fs::create_dir(&folder)?;
        let input = match way {
            Way::File | Way::Tcp => &access,
            Way::Http | Way::Bulk => &documents,
        };
        let server = Server::start(&program, &folder, way)?;
        let started = Instant::now();
        server.send(way, input, &folder)?;
        let taken = started.elapsed().as_secs_f64();
        server.wait_for(lines)?;
        let stored = started.elapsed().as_secs_f64();
        let (processor, memory) = server.used()?;
        let speed = |seconds: f64| lines as f64 / seconds;
        println!(
            "{name:<14} {:>14.0} {:>14.0} {processor:>9.1} s {:>6.0} MB",
            speed(taken),
            speed(stored),
            memory as f64 / 1e6
        );
    }
    Ok(())
}

struct Server {
    child: Child,
    console: SocketAddr,
    source: Option<SocketAddr>,
}

impl Server {
    fn start(program: &Path, folder: &Path, way: Way) -> Result<Self> {
        let log = folder.join("in.log");
        File::create(&log)?;
        let source = match way {
            Way::File => format!("path = \"{}\"", log.display()),
            Way::Tcp => "kind = \"tcp\"\nlisten = \"127.0.0.1:0\"".to_owned(),
            Way::Http | Way::Bulk => {
                "kind = \"http\"\nlisten = \"127.0.0.1:0\"\nformat = \"json\"".to_owned()
            }
        };
        fs::write(folder.join("dolmen.toml"), format!("[[source]]\nname = \"in\"\n{source}\n"))?;
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--store", "store"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let said = child.stderr.take().context("no standard error")?;
        let mut said = BufReader::new(said).lines();
        let mut after = |text: &str| -> Result<SocketAddr> {
            for line in said.by_ref() {
                if let Some((_, address)) = line?.split_once(text) {
                    return Ok(address.trim_end_matches('/').parse()?);
                }
            }
            bail!("the server ended before it said {text:?}")
        };
        let console = after("the console is at http://")?;
        let source = match way {
            Way::File => None,
            Way::Tcp | Way::Http | Way::Bulk => Some(after("listens on ")?),
        };
        // What it says afterwards is read, so that it never waits to say it.
        thread::spawn(move || said.for_each(drop));
        Ok(Self { child, console, source })
    }

    fn send(&self, way: Way, input: &Path, folder: &Path) -> Result<()> {
        let mut input = BufReader::with_capacity(1 << 20, File::open(input)?);
        let Some(source) = self.source else {
            let mut log = File::options().append(true).open(folder.join("in.log"))?;
            std::io::copy(&mut input, &mut log)?;
            return Ok(());
        };
        match way {
            Way::File => {}
            Way::Tcp => {
                let mut stream = TcpStream::connect(source)?;
                std::io::copy(&mut input, &mut stream)?;
            }
            Way::Http => post(source, "/api/v1/ingest/in", input, "")?,
            Way::Bulk => {
                post(source, "/api/v1/elastic/_bulk", input, "{\"create\":{\"_index\":\"in\"}}\n")?
            }
        }
        Ok(())
    }

    fn wait_for(&self, lines: u64) -> Result<()> {
        let sample = "dolmen_source_lines_total{source=\"in\",kind=\"calls\"} ";
        loop {
            let mut stream = TcpStream::connect(self.console)?;
            write!(stream, "GET /metrics HTTP/1.0\r\nHost: {}\r\n\r\n", self.console)?;
            let mut metrics = String::new();
            stream.read_to_string(&mut metrics)?;
            let stored = metrics.lines().find_map(|line| line.strip_prefix(sample));
            let stored: u64 = stored.map_or(Ok(0), str::parse)?;
            ensure!(stored <= lines, "{stored} lines in the store, {lines} were sent");
            if stored == lines {
                return Ok(());
            }
            // The server shall work, not answer.
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Processor time in seconds, and the most memory it had in bytes.
    fn used(&self) -> Result<(f64, u64)> {
        let of = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", self.child.id()));
        let stat = of("stat")?;
        // The name in parentheses may hold blanks; what follows it are the fields from the third on.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks = fields.skip(11).take(2).map(str::parse::<u64>);
        let ticks = ticks.sum::<Result<u64, std::num::ParseIntError>>()?;
        let status = of("status")?;
        let memory = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let memory = memory.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok((ticks as f64 / 100.0, memory.context("no VmHWM")? * 1024))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error says that it is gone already.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Posts batches of lines, `before` in front of each line.
fn post(source: SocketAddr, path: &str, input: impl BufRead + Send, before: &str) -> Result<()> {
    let input = Mutex::new(input);
    let batch = || -> Result<Vec<u8>> {
        let mut body = Vec::new();
        let Ok(mut input) = input.lock() else { bail!("another sender failed") };
        for _ in 0..BATCH {
            let start = body.len();
            body.extend_from_slice(before.as_bytes());
            if input.read_until(b'\n', &mut body)? == 0 {
                body.truncate(start);
                break;
            }
        }
        Ok(body)
    };
    let send = || -> Result<()> {
        let stream = TcpStream::connect(source)?;
        stream.set_nodelay(true)?;
        let mut answers = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        loop {
            let body = batch()?;
            if body.is_empty() {
                return Ok(());
            }
            loop {
                let head = format!(
                    "POST {path} HTTP/1.1\r\nHost: {source}\r\nContent-Length: {}\r\n\r\n",
                    body.len()
                );
                stream.write_all(head.as_bytes())?;
                stream.write_all(&body)?;
                match answer(&mut answers)? {
                    200 => break,
                    // The spool is full: come back.
                    429 => thread::sleep(Duration::from_millis(100)),
                    other => bail!("the server answered {other}"),
                }
            }
        }
    };
    thread::scope(|scope| {
        let senders: Vec<_> = (0..SENDERS).map(|_| scope.spawn(send)).collect();
        for sender in senders {
            sender.join().map_err(|_| anyhow::anyhow!("a sender broke"))??;
        }
        Ok(())
    })
}

/// Reads one answer, and gives its status.
fn answer(from: &mut impl BufRead) -> Result<u16> {
    let (mut status, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        ensure!(from.read_line(&mut line)? > 0, "the server closed the connection");
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if status.is_none() {
            status = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        } else if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    std::io::copy(&mut from.take(length), &mut std::io::sink())?;
    status.context("an answer without a status")
}
