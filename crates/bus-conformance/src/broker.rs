//! A RabbitMQ of a test's own: its own files, ports, certificate and name server, gone with the
//! test process.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Where Debian's package keeps the server; the wrapper in the path insists on being root and on
/// the system's configuration.
const LIBRARY: &str = "/usr/lib/rabbitmq/lib";

/// What exists is in Mnesia's log, which log belongs to which queue in Ra's tables.
const SYNC: &str = "[ok = dets:sync(Table) || Table <- dets:all()], mnesia:sync_log().";

/// How long a broker may take to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a broker that was killed may take to start again. It reads its logs and recovers every
/// queue; beside other work that has taken more than two minutes in a proof that kills it 20 times,
/// and says nothing about what the proof is for.
const RECOVERY: Duration = Duration::from_secs(15 * 60);

/// A running broker.
#[derive(Debug)]
pub struct Broker {
    folder: PathBuf,
    /// The port of AMQP.
    pub amqp: u16,
    /// The port of AMQP through TLS.
    pub amqps: u16,
    /// The port of the management API.
    pub management: u16,
    server: PathBuf,
    /// What the server is started with.
    environment: Vec<(&'static str, String)>,
    /// The shell that watches over the broker: it ends it when its own input does.
    _watch: Child,
}

/// The broker of this test process; `None`, said once, where RabbitMQ is not installed.
pub fn shared() -> Option<&'static Broker> {
    static BROKER: OnceLock<Option<Broker>> = OnceLock::new();
    BROKER.get_or_init(Broker::own).as_ref()
}

/// The features of RabbitMQ 3.10 but for streams.
const WITHOUT_STREAMS: (&str, &str) = (
    "RABBITMQ_FEATURE_FLAGS",
    "quorum_queue,implicit_default_bindings,virtual_host_metadata,maintenance_mode_status,\
     user_limits",
);

impl Broker {
    /// One of a test's own, which it may kill; `None` where RabbitMQ is not installed.
    pub fn own() -> Option<Self> {
        Self::start("", ADVISED, &[])
    }

    /// One of a test's own with RabbitMQ's defaults, without what docs/bus.md advises.
    pub fn unadvised() -> Option<Self> {
        Self::start("", "", &[])
    }

    /// One that takes back what is not answered within so many seconds.
    pub fn impatient(seconds: u64) -> Option<Self> {
        Self::start(&format!("consumer_timeout = {}\n", seconds * 1000), ADVISED, &[])
    }

    /// One that has no streams.
    pub fn without_streams() -> Option<Self> {
        Self::start("", ADVISED, &[WITHOUT_STREAMS])
    }

    fn start(settings: &str, more_advanced: &str, more: &[(&'static str, &str)]) -> Option<Self> {
        let Some(server) = server() else {
            std::io::stderr()
                .write_all(format!("skipped: no RabbitMQ in {LIBRARY}\n").as_bytes())
                .ok();
            return None;
        };
        // Removed by the watch: a static is never dropped.
        let folder = tempfile::tempdir().unwrap().keep();
        let [amqp, amqps, management, distribution, names] = [(); 5].map(|()| own_port());
        certify(&folder);
        let path = |name: &str| folder.join(name).display().to_string();
        let (authority, certificate, key) = (path("ca.pem"), path("broker.pem"), path("key.pem"));
        let config = format!(
            "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
             listeners.ssl.1 = 127.0.0.1:{amqps}\n\
             ssl_options.cacertfile = {authority}\n\
             ssl_options.certfile = {certificate}\n\
             ssl_options.keyfile = {key}\n\
             management.tcp.ip = 127.0.0.1\n\
             management.tcp.port = {management}\n\
             collect_statistics_interval = 1000\n\
             log.console = false\n\
             {settings}"
        );
        fs::write(folder.join("rabbitmq.conf"), config).unwrap();
        fs::write(folder.join("enabled_plugins"), "[rabbitmq_management].\n").unwrap();
        fs::write(folder.join("advanced.config"), advanced(more_advanced)).unwrap();
        let mut environment = environment(&folder, distribution, names);
        environment.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let watch = watch(&server, &folder, names, &environment);
        let broker = Self { folder, amqp, amqps, management, server, environment, _watch: watch };
        broker.wait(PATIENCE);
        Some(broker)
    }

    /// The address to connect to.
    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.amqp)
    }

    /// The address to connect to through TLS.
    pub fn tls_url(&self) -> String {
        format!("amqps://guest:guest@localhost:{}/%2f", self.amqps)
    }

    /// The address of the management API.
    pub fn admin_url(&self) -> String {
        format!("http://guest:guest@127.0.0.1:{}", self.management)
    }

    /// The certificate of the authority that the broker's own is signed with, in PEM.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Has everything that was declared written to disk. The broker itself writes what exists within
    /// two seconds, and which log belongs to which queue once half a second has passed without a new
    /// queue; when it is killed it forgets what it had not written, and a queue without a log never
    /// has a leader.
    pub fn sync(&self) {
        let said = self.control(&["eval", SYNC]);
        assert!(said.starts_with("ok"), "{said}");
    }

    /// `rabbitmqctl` with these arguments; what it says.
    pub fn control(&self, arguments: &[&str]) -> String {
        let control = self.server.with_file_name("rabbitmqctl");
        let output = Command::new(control)
            .args(arguments)
            .current_dir(&self.folder)
            .envs(self.environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Kills the broker, as a power cut would; returns when it is gone.
    pub fn kill(&self) {
        let pid = fs::read_to_string(self.folder.join("broker.pid")).unwrap();
        let pid = pid.trim();
        let killed = Command::new("kill").args(["-9", pid]).status().unwrap();
        assert!(killed.success(), "process {pid} cannot be killed");
        let start = Instant::now();
        while Path::new("/proc").join(pid).exists() {
            assert!(start.elapsed() < PATIENCE, "process {pid} does not go");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts it again after it was killed, on the same files and ports; returns when it answers.
    pub fn restart(&self) {
        let output = fs::File::options().append(true).open(self.folder.join("output")).unwrap();
        let mut starter = Command::new(&self.server)
            .current_dir(&self.folder)
            .envs(self.environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        self.wait(RECOVERY);
        // It ends with the broker, which the watch ends at last.
        std::thread::spawn(move || starter.wait());
    }

    /// Waits until the broker answers in AMQP.
    fn wait(&self, patience: Duration) {
        let start = Instant::now();
        while let Err(error) = answers(self.amqp) {
            assert!(start.elapsed() < patience, "{error}\n{}", self.output());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn output(&self) -> String {
        fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }
}

/// Whether a broker begins to speak AMQP when it is asked to.
fn answers(port: u16) -> std::io::Result<()> {
    const METHOD: u8 = 1;
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"AMQP\x00\x00\x09\x01")?;
    let mut first = [0];
    stream.read_exact(&mut first)?;
    match first {
        [METHOD] => Ok(()),
        _ => Err(std::io::Error::other("this is not AMQP")),
    }
}

/// An authority, and a certificate for this machine that it signed.
fn certify(folder: &Path) {
    let authority_key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, "dolmen test authority");
    let authority = parameters.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(parameters, authority_key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let write = |name: &str, pem: String| fs::write(folder.join(name), pem).unwrap();
    write("ca.pem", authority.pem());
    write("broker.pem", certificate.pem());
    write("key.pem", key.serialize_pem());
}

/// What RabbitMQ's old configuration file alone can say: deliveries that are not answered are looked
/// for every second, not every minute; and `more`.
fn advanced(more: &str) -> String {
    format!("[{{rabbit, [{{channel_tick_interval, 1000}}{more}]}}].\n")
}

/// What docs/bus.md advises: what a queue could not hand on is tried again after ten seconds, not
/// after three minutes.
const ADVISED: &str = ", {dead_letter_worker_publisher_confirm_timeout, 10000}";

/// The newest server that is installed.
fn server() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        fs::read_dir(LIBRARY).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    versions.sort();
    Some(versions.pop()?.join("sbin/rabbitmq-server"))
}

/// Starts the name server and the broker under a shell that ends both when this process is gone,
/// however it went: its standard input is a pipe that we hold.
fn watch(server: &Path, folder: &Path, names: u16, environment: &[(&str, String)]) -> Child {
    let script = format!(
        "epmd -port {names} -address 127.0.0.1 & names=$!\n\
         '{server}' > output 2>&1 < /dev/null & starter=$!\n\
         cat > /dev/null\n\
         kill -9 $(cat broker.pid) $starter\n\
         kill $names\n\
         wait\n\
         rm -rf '{folder}'\n",
        server = server.display(),
        folder = folder.display(),
    );
    Command::new("/bin/sh")
        .arg("-c")
        .arg(script)
        .current_dir(folder)
        .envs(environment.iter().map(|(name, value)| (*name, value)))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn environment(folder: &Path, distribution: u16, names: u16) -> Vec<(&'static str, String)> {
    let path = |name: &str| folder.join(name).display().to_string();
    vec![
        ("HOME", folder.display().to_string()),
        ("RABBITMQ_NODENAME", format!("dolmen{distribution}@localhost")),
        ("RABBITMQ_MNESIA_BASE", path("mnesia")),
        ("RABBITMQ_LOG_BASE", path("log")),
        ("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf")),
        ("RABBITMQ_ADVANCED_CONFIG_FILE", path("advanced.config")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins")),
        ("RABBITMQ_CONF_ENV_FILE", "/dev/null".to_owned()),
        // The broker's own process; the script that starts it is another.
        ("RABBITMQ_PID_FILE", path("broker.pid")),
        ("RABBITMQ_DIST_PORT", distribution.to_string()),
        ("ERL_EPMD_PORT", names.to_string()),
        ("ERL_EPMD_ADDRESS", "127.0.0.1".to_owned()),
        // Few messages at a time: flush to disk soon, and use little of the machine.
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none".to_owned()),
    ]
}

/// A port that stays ours until we listen on it, and while a broker that was killed starts again: none
/// that the system gives to whoever wants any (from 32,768 on, ip(7)). Where one looks first is
/// another place for each process.
fn own_port() -> u16 {
    const FIRST: u16 = 10_000;
    const PORTS: u32 = 22_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let start = std::process::id().wrapping_mul(61) % PORTS;
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + u16::try_from((start + n) % PORTS).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
