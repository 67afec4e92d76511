//! A RabbitMQ of our own: its own files, ports and name server, gone with the test process.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Where Debian's package keeps the server; the wrapper in the path insists on being root and on
/// the system's configuration.
const LIBRARY: &str = "/usr/lib/rabbitmq/lib";

/// How long a broker may take to start.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running broker.
pub(crate) struct Broker {
    folder: PathBuf,
    pub(crate) amqp: u16,
    /// The shell that watches over the broker: it ends it when its own input does.
    _watch: Child,
}

/// The broker of this test process; `None`, said once, where RabbitMQ is not installed.
pub(crate) fn shared() -> Option<&'static Broker> {
    static BROKER: OnceLock<Option<Broker>> = OnceLock::new();
    BROKER.get_or_init(Broker::start).as_ref()
}

impl Broker {
    /// Starts a broker; `None` where RabbitMQ is not installed.
    fn start() -> Option<Self> {
        let Some(server) = server() else {
            eprintln!("skipped: no RabbitMQ in {LIBRARY}");
            return None;
        };
        // Removed by the watch: a static is never dropped.
        let folder = tempfile::tempdir().unwrap().keep();
        let [amqp, management, distribution, names] = free_ports();
        let config = format!(
            "listeners.tcp.1 = 127.0.0.1:{amqp}\n\
             management.tcp.ip = 127.0.0.1\n\
             management.tcp.port = {management}\n\
             log.console = false\n"
        );
        fs::write(folder.join("rabbitmq.conf"), config).unwrap();
        fs::write(folder.join("enabled_plugins"), "[rabbitmq_management].\n").unwrap();
        fs::write(folder.join("advanced.config"), ADVANCED).unwrap();
        let watch = launch(&server, &folder, distribution, names);
        let broker = Self { folder, amqp, _watch: watch };
        broker.wait();
        Some(broker)
    }

    /// The address to connect to.
    pub(crate) fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.amqp)
    }

    /// Waits until the broker answers in AMQP.
    fn wait(&self) {
        let start = Instant::now();
        let url = self.url();
        // On a thread of its own: a runtime cannot wait inside another.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut builder = tokio::runtime::Builder::new_current_thread();
                builder.enable_all().build().unwrap().block_on(async {
                    while let Err(error) =
                        lapin::Connection::connect(&url, lapin::ConnectionProperties::default())
                            .await
                    {
                        assert!(start.elapsed() < PATIENCE, "{error}\n{}", self.output());
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                });
            });
        });
    }

    fn output(&self) -> String {
        fs::read_to_string(self.folder.join("output")).unwrap_or_default()
    }
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
fn free_ports() -> [u16; 4] {
    let listeners = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
