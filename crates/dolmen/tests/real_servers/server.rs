//! A real Apache, nginx, HAProxy or Caddy in a scratch folder, at an address of its own, stopped when it is
//! dropped.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::own::own_address;

/// How long anything may take that a server does by itself; far more than it ever needs.
const PATIENCE: Duration = Duration::from_secs(180);

/// A look in between is cheap, and nothing is decided by how long one waits.
const PAUSE: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Apache,
    Nginx,
    Haproxy,
    Caddy,
}

impl Kind {
    /// As `dolmen proxy` is told.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Apache => "apache",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Caddy => "caddy",
        }
    }

    /// The names a program may have, and Debian's package of it.
    fn programs(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Apache => (&["apache2", "httpd"], "apache2"),
            Self::Nginx => (&["nginx"], "nginx"),
            Self::Haproxy => (&["haproxy"], "haproxy"),
            Self::Caddy => (&["caddy"], "caddy"),
        }
    }

    /// The program, which is not on every user's path.
    fn program(self) -> PathBuf {
        let (names, package) = self.programs();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders: Vec<_> = std::env::split_paths(&path)
            .chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")])
            .collect();
        let found = names
            .iter()
            .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
            .find(|program| program.is_file());
        found.unwrap_or_else(|| {
            panic!("these tests need {package}: sudo apt-get install {package} (or run `cargo xtask test`, which installs what tests need)")
        })
    }

    /// The server with its paths in `dir` and the configuration in `dir/server.conf`.
    fn command(self, dir: &Path) -> Command {
        let mut command = Command::new(self.program());
        match self {
            Self::Apache => command.arg("-d").arg(dir).args(["-f", "server.conf"]),
            Self::Nginx => command.arg("-p").arg(dir).args(["-c", "server.conf"]),
            Self::Haproxy => command.args(["-f", "server.conf"]),
            // Neither here nor in a user's home does it find other things.
            Self::Caddy => command.env("XDG_DATA_HOME", dir).env("XDG_CONFIG_HOME", dir),
        };
        command.current_dir(dir).stdin(Stdio::null());
        command
    }

    /// Has it finish what it is at, write its log lines and leave.
    fn graceful(self) -> Signal {
        match self {
            // Apache's documentation of graceful-stop.
            Self::Apache => Signal::WINCH,
            Self::Nginx => Signal::QUIT,
            Self::Haproxy => Signal::USR1,
            Self::Caddy => Signal::TERM,
        }
    }

    fn error_log(self) -> &'static str {
        match self {
            Self::Apache => "dolmen-apache-error.log",
            Self::Nginx => "dolmen-nginx-error.log",
            // It writes no file: what it says is on standard error.
            Self::Haproxy | Self::Caddy => "none",
        }
    }

    /// How its configuration is checked.
    fn check(self) -> &'static [&'static str] {
        match self {
            Self::Apache | Self::Nginx => &["-t"],
            Self::Haproxy => &["-c"],
            Self::Caddy => &["validate", "--adapter", "caddyfile", "--config", "server.conf"],
        }
    }

    /// Written after the port was taken; HAProxy writes none in the foreground.
    fn pid_file(self) -> Option<&'static str> {
        match self {
            Self::Apache => Some("dolmen-apache.pid"),
            Self::Nginx => Some("dolmen-nginx.pid"),
            Self::Haproxy | Self::Caddy => None,
        }
    }
}

/// A folder that the workers of a server started by root can enter too.
pub(crate) fn scratch() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

/// What the server says of a configuration: whether it would start with it, and its words.
pub(crate) fn check(kind: Kind, dir: &Path, configuration: &str) -> (ExitStatus, String) {
    fs::write(dir.join("server.conf"), configuration).unwrap();
    let output = kind.command(dir).args(kind.check()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status, String::from_utf8_lossy(&said).into_owned())
}

/// A server that accepts connections.
#[derive(Debug)]
pub(crate) struct Server {
    kind: Kind,
    dir: Arc<TempDir>,
    address: SocketAddr,
    /// `None` once it was stopped.
    child: Option<Child>,
}

impl Server {
    /// Starts a server. `configuration` is told the address to listen at and the folder that relative
    /// paths start at.
    pub(crate) fn start(kind: Kind, configuration: impl Fn(SocketAddr, &Path) -> String) -> Self {
        let dir = Arc::new(scratch());
        let address = own_address();
        let (status, said) = check(kind, dir.path(), &configuration(address, dir.path()));
        assert!(status.success(), "{kind:?} does not start: {said}");
        let good = [
            "Syntax OK",
            "test is successful",
            "Configuration file is valid",
            "Valid configuration",
        ];
        assert!(good.iter().any(|good| said.contains(good)), "{said}");
        let stderr = File::create(dir.path().join("stderr")).unwrap();
        let mut command = kind.command(dir.path());
        match kind {
            Kind::Apache => command.args(["-D", "FOREGROUND"]),
            Kind::Nginx => command.args(["-g", "daemon off;"]),
            Kind::Haproxy => &mut command,
            Kind::Caddy => {
                command.args(["run", "--adapter", "caddyfile", "--config", "server.conf"])
            }
        };
        let stdout = match kind {
            Kind::Apache | Kind::Nginx | Kind::Caddy => Stdio::null(),
            // As `dolmen proxy haproxy` says.
            Kind::Haproxy => File::create(dir.path().join("dolmen-access.log")).unwrap().into(),
        };
        let child = command.stdout(stdout).stderr(stderr).spawn().unwrap();
        let mut server = Self { kind, dir, address, child: Some(child) };
        assert!(server.is_ready(), "{kind:?} did not start: {}", server.said());
        server
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it, and waits until all its log lines are written.
    pub(crate) fn stop(mut self) -> Stopped {
        let status = self.end(self.kind.graceful());
        assert!(status.is_some_and(|status| status.success()), "{:?}: {}", self.kind, self.said());
        Stopped { dir: Arc::clone(&self.dir) }
    }

    /// Whether it accepts connections; false when it gave up.
    fn is_ready(&mut self) -> bool {
        let pid_file = self.kind.pid_file().map(|name| self.dir.path().join(name));
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some()) {
                return false;
            }
            if pid_file.as_ref().is_none_or(|file| file.exists())
                && TcpStream::connect(self.address).is_ok()
            {
                return true;
            }
            thread::sleep(PAUSE);
        }
        panic!("{:?} does not answer: {}", self.kind, self.said());
    }

    /// What it complained about.
    fn said(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        read("stderr") + &read(self.kind.error_log())
    }

    /// Ends it by its own number and reaps it; `None` when it had to be killed.
    fn end(&mut self, signal: Signal) -> Option<ExitStatus> {
        let mut child = self.child.take()?;
        // An error says that it is gone already.
        let _ = kill_process(Pid::from_child(&child), signal);
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = child.try_wait().unwrap() {
                return Some(status);
            }
            thread::sleep(PAUSE);
        }
        let _ = child.kill();
        let _ = child.wait();
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A test failed: nothing is waited for but the end.
        self.end(Signal::TERM);
    }
}

/// What a stopped server left behind.
#[derive(Debug)]
pub(crate) struct Stopped {
    dir: Arc<TempDir>,
}

impl Stopped {
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The lines of requests in a log; bytes that are not UTF-8 as U+FFFD.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let bytes = fs::read(self.path(name)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        // HAProxy says in its log that it stops.
        text.lines().filter(|line| !line.starts_with("Proxy ")).map(str::to_owned).collect()
    }
}
