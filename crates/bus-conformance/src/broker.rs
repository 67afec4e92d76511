//! A RabbitMQ of a test's own: its own files, ports, certificate and name server, gone with the
//! test process.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Where Debian's package keeps the server; the wrapper in the path insists on being root and on
/// the system's configuration.
const LIBRARY: &str = "/usr/lib/rabbitmq/lib";

/// How long a broker may take to start.
const PATIENCE: Duration = Duration::from_secs(120);

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
    /// The shell that watches over the broker: it ends it when its own input does.
    _watch: Child,
}

/// The broker of this test process; `None`, said once, where RabbitMQ is not installed.
pub fn shared() -> Option<&'static Broker> {
    static BROKER: OnceLock<Option<Broker>> = OnceLock::new();
    BROKER.get_or_init(Broker::start).as_ref()
}

impl Broker {
    /// Starts a broker; `None` where RabbitMQ is not installed.
    fn start() -> Option<Self> {
        let Some(server) = server() else {
            std::io::stderr()
                .write_all(format!("skipped: no RabbitMQ in {LIBRARY}\n").as_bytes())
                .ok();
            return None;
        };
        // Removed by the watch: a static is never dropped.
        let folder = tempfile::tempdir().unwrap().keep();
        let [amqp, amqps, management, distribution, names] = free_ports();
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
             log.console = false\n"
        );
        fs::write(folder.join("rabbitmq.conf"), config).unwrap();
        fs::write(folder.join("enabled_plugins"), "[rabbitmq_management].\n").unwrap();
        fs::write(folder.join("advanced.config"), ADVANCED).unwrap();
        let watch = launch(&server, &folder, distribution, names);
        let broker = Self { folder, amqp, amqps, management, _watch: watch };
        broker.wait();
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

    /// Waits until the broker answers in AMQP.
    fn wait(&self) {
        let start = Instant::now();
        while let Err(error) = answers(self.amqp) {
            assert!(start.elapsed() < PATIENCE, "{error}\n{}", self.output());
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

/// Deliveries that are not answered are looked for every second, not every minute.
const ADVANCED: &str = "[{rabbit, [{channel_tick_interval, 1000}]}].\n";

/// The newest server that is installed.
fn server() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> =
        fs::read_dir(LIBRARY).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    versions.sort();
    Some(versions.pop()?.join("sbin/rabbitmq-server"))
}

/// Starts the name server and the broker under a shell that ends both when this process is gone,
/// however it went: its standard input is a pipe that we hold.
fn launch(server: &Path, folder: &Path, distribution: u16, names: u16) -> Child {
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
    let path = |name: &str| folder.join(name);
    Command::new("/bin/sh")
        .arg("-c")
        .arg(script)
        .current_dir(folder)
        .env("HOME", folder)
        .env("RABBITMQ_NODENAME", format!("dolmen{distribution}@localhost"))
        .env("RABBITMQ_MNESIA_BASE", path("mnesia"))
        .env("RABBITMQ_LOG_BASE", path("log"))
        .env("RABBITMQ_CONFIG_FILE", path("rabbitmq.conf"))
        .env("RABBITMQ_ADVANCED_CONFIG_FILE", path("advanced.config"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", path("enabled_plugins"))
        .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
        // The broker's own process; the script that starts it is another.
        .env("RABBITMQ_PID_FILE", path("broker.pid"))
        .env("RABBITMQ_DIST_PORT", distribution.to_string())
        .env("ERL_EPMD_PORT", names.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        // Few messages at a time: flush to disk soon, and use little of the machine.
        .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "+S 2:2 +sbwt none")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Ports that nobody listens on just now.
fn free_ports() -> [u16; 5] {
    let listeners = [(); 5].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
