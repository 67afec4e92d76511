//! Real programs that send: what people have on their machines already.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::own::own_address;
use crate::server::{PATIENCE, Place, Server};

fn line(number: u32) -> String {
    format!(
        "10.0.0.{} - - [01/Mar/2026:10:00:{:02} +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"sh\"",
        1 + number / 60,
        number % 60
    )
}

pub(crate) fn lines(count: u32) -> String {
    (0..count).map(|number| line(number) + "\n").collect()
}

/// A source of this kind, and where it listens.
fn serve(kind: &str, format: &str) -> (Place, Server, SocketAddr) {
    let place = Place::new();
    place.file(
        "dolmen.toml",
        format!("[[source]]\nname = \"net\"\nkind = \"{kind}\"\nlisten = \"127.0.0.1:0\"\nformat = \"{format}\"\n"),
    );
    let server = place.serve();
    let address = server.says("listens on ").rsplit(' ').next().unwrap().parse().unwrap();
    (place, server, address)
}

/// A program that runs until it is asked to end.
pub(crate) struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        Self(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // An error says that it is gone already.
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _ = self.0.wait();
    }
}

/// A program that is not on every user's path.
pub(crate) fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/bin"].map(PathBuf::from));
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("these tests need {package}: sudo apt-get install {package}"))
}

pub(crate) fn all_are_there(server: &Server, count: u32) {
    server.until("/api/v1/panel", |panel| panel["calls"].as_u64() >= Some(u64::from(count)));
    assert_eq!(server.get("/api/v1/panel")["calls"], count);
    assert_eq!(server.get("/api/v1/unparsed")["total"], 0);
}

#[test]
fn netcat() {
    let (place, server, address) = serve("tcp", "combined");
    place.file("some.log", lines(500));
    let status = Command::new(program("nc", "netcat-openbsd"))
        .args(["-N", "127.0.0.1", &address.port().to_string()])
        .stdin(fs::File::open(place.path("some.log")).unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    all_are_there(&server, 500);
}

/// rsyslog with its files in a folder of its own; `action` is where the lines of `in.log` go.
pub(crate) fn rsyslog(place: &Place, action: &str) -> Running {
    let work = place.path("rsyslog");
    fs::create_dir(&work).unwrap();
    place.file("in.log", "");
    let configuration = format!(
        "global(workDirectory=\"{work}\")\nmodule(load=\"imfile\" mode=\"inotify\")\n\
         template(name=\"raw\" type=\"string\" string=\"%msg%\\n\")\n\
         template(name=\"document\" type=\"string\" string=\"%msg%\")\n\
         input(type=\"imfile\" File=\"{input}\" Tag=\"app:\")\n{action}\n",
        work = work.display(),
        input = place.path("in.log").display(),
    );
    let configuration = place.file("rsyslog.conf", configuration);
    let mut command = Command::new(program("rsyslogd", "rsyslog"));
    command.args(["-n", "-f"]).arg(configuration).arg("-i").arg(work.join("pid"));
    Running::start(&mut command)
}

#[test]
fn rsyslog_over_tcp() {
    let (place, server, address) = serve("tcp", "combined");
    let action = format!(
        "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{}\" protocol=\"tcp\" template=\"raw\")",
        address.port()
    );
    let _rsyslog = rsyslog(&place, &action);
    place.append("in.log", lines(300));
    all_are_there(&server, 300);
}

#[test]
fn rsyslog_as_to_elasticsearch() {
    let (place, server, address) = serve("http", "json");
    let action = format!(
        "module(load=\"omelasticsearch\")\n\
         action(type=\"omelasticsearch\" server=\"http://{address}/api/v1/elastic\" bulkmode=\"on\" \
         searchIndex=\"logs\" searchType=\"\" template=\"document\" queue.type=\"linkedList\")"
    );
    let _rsyslog = rsyslog(&place, &action);
    place.append("in.log", documents(300));
    all_are_there(&server, 300);
}

fn documents(count: u32) -> String {
    let document = |number: u32| {
        let time = format!("2026-03-01T10:{:02}:{:02}Z", number / 60, number % 60);
        let call = serde_json::json!({
            "time": time, "method": "GET", "path": "/a", "status": 200, "remote_addr": "10.0.0.1",
        });
        format!("{call}\n")
    };
    (0..count).map(document).collect()
}

#[test]
fn apache_with_a_piped_log() {
    let (place, server, address) = serve("tcp", "combined");
    let apache = own_address();
    let load =
        |name: &str| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n");
    let (modules, nc) = (load("mpm_event") + &load("authz_core"), program("nc", "netcat-openbsd"));
    place.file(
        "apache.conf",
        format!(
            "{modules}User \"#65534\"\nGroup \"#65534\"\nDefaultRuntimeDir .\nPidFile apache.pid\nErrorLog error.log\n\
             ServerName localhost\nListen {apache}\n\
             LogFormat \"%h %l %u %t \\\"%r\\\" %>s %b \\\"%{{Referer}}i\\\" \\\"%{{User-Agent}}i\\\"\" combined\n\
             CustomLog \"|{nc} 127.0.0.1 {}\" combined\n",
            address.port(),
            nc = nc.display(),
        ),
    );
    let mut command = Command::new(program("apache2", "apache2"));
    command.arg("-d").arg(place.path("")).args(["-f", "apache.conf", "-D", "FOREGROUND"]);
    let _apache = Running::start(&mut command);
    let until = Instant::now() + PATIENCE;
    let mut asked = 0;
    while asked < 20 {
        match TcpStream::connect(apache) {
            Ok(mut stream) => {
                stream.write_all(b"GET / HTTP/1.0\r\nUser-Agent: sh\r\n\r\n").unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
                asked += 1;
            }
            Err(error) => {
                assert!(Instant::now() < until, "Apache does not answer: {error}");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
    all_are_there(&server, 20);
}

/// A Python that has Elasticsearch's client; made once, beside the build's other output. An
/// error where there is no Python, no pip, or no package index.
fn python() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("elasticsearch");
    let python = folder.join("bin/python");
    let has = |python: &Path| {
        let check = Command::new(python).args(["-c", "import elasticsearch.helpers"]).output();
        check.is_ok_and(|output| output.status.success())
    };
    if has(&python) {
        return Ok(python);
    }
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(said.lines().last().unwrap_or("it says nothing").to_owned())
        }
        Err(error) => Err(error.to_string()),
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "elasticsearch"]))?;
    has(&python).then_some(python).ok_or_else(|| "what pip installed cannot be used".to_owned())
}

const SCRIPT: &str = r#"
import json, sys
from elasticsearch import Elasticsearch, helpers
client = Elasticsearch(sys.argv[1])
documents = [json.loads(line) for line in open(sys.argv[2])]
def actions():
    for number, document in enumerate(documents):
        yield {"_index": "logs", "_id": str(number), "_source": document}
first, _ = helpers.bulk(client, actions(), chunk_size=70)
# As after an answer that was lost.
again, _ = helpers.bulk(client, actions(), chunk_size=110)
print(json.dumps([client.info()["tagline"], first, again]))
"#;

#[test]
fn the_python_client_of_elasticsearch() {
    let python = match python() {
        Ok(python) => python,
        Err(why) => {
            println!("skipped: no Python with Elasticsearch's client: {why}");
            return;
        }
    };
    let (place, server, address) = serve("http", "json");
    place.file("documents", documents(300));
    let output = Command::new(python)
        .args(["-c", SCRIPT, &format!("http://{address}/api/v1/elastic")])
        .arg(place.path("documents"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&said[1], &said[2]), (&300.into(), &300.into()));
    all_are_there(&server, 300);
}
