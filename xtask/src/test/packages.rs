//! What the tests need beside Rust, and how a fresh machine gets it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell;

/// A program that tests start, or a file of one below `/usr/lib`, and the Debian package that has it.
struct Program {
    name: &'static str,
    package: &'static str,
}

const PROGRAMS: [Program; 17] = [
    Program { name: "apache2", package: "apache2" },
    Program { name: "caddy", package: "caddy" },
    Program { name: "chromium", package: "chromium" },
    Program { name: "curl", package: "curl" },
    Program { name: "faketime/libfaketimeMT.so.1", package: "libfaketime" },
    Program { name: "haproxy", package: "haproxy" },
    Program { name: "nginx", package: "nginx" },
    Program { name: "nc", package: "netcat-openbsd" },
    Program { name: "openssl", package: "openssl" },
    Program { name: "rabbitmq-server", package: "rabbitmq-server" },
    // A reader of Parquet that is not ours comes into an environment of its own.
    Program { name: "ensurepip/__init__.py", package: "python3-venv" },
    Program { name: "rsyslogd", package: "rsyslog" },
    Program { name: "rsyslog/lmnsd_gtls.so", package: "rsyslog-gnutls" },
    Program { name: "rsyslog/lmnsd_ossl.so", package: "rsyslog-openssl" },
    Program { name: "rsyslog/omelasticsearch.so", package: "rsyslog-elasticsearch" },
    Program { name: "ruby", package: "ruby" },
    Program { name: "systemd-analyze", package: "systemd" },
];

impl Program {
    fn is_there(&self) -> bool {
        if !self.name.contains('/') {
            return shell::find(self.name).is_some();
        }
        // Below a folder of the machine's kind, such as x86_64-linux-gnu.
        let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
        let mut folders = folders.map(|folder| folder.path()).chain(["/usr/lib".into()]);
        folders.any(|folder| folder.join(self.name).exists())
    }
}

const INSTALL: &str = include_str!("install.sh");

/// Makes sure that everything is there: installs it as root, says what to do otherwise.
pub(super) fn install_missing() -> Result<()> {
    components()?;
    let missing = PROGRAMS.iter().filter(|program| !program.is_there());
    let missing: Vec<&str> = missing.map(|program| program.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if shell::find("apt-get").is_none() {
        bail!("the tests need {names}: install them with this system's package manager");
    }
    if shell::output(Command::new("id").arg("-u"))?.trim() != "0" {
        bail!(
            "the tests need {names}; install them and run this again:\n  \
             sudo apt-get install --no-install-recommends {names}"
        );
    }
    eprintln!("installing {names}");
    let mut install = Command::new("sh");
    install.args(["-c", INSTALL, "install.sh"]).args(&missing).stdin(Stdio::null());
    shell::check(&mut install).with_context(|| format!("failed to install {names}"))
}

/// rustfmt and clippy, which a minimal Rust does not bring.
fn components() -> Result<()> {
    let works = |tool: &str| {
        let mut cargo = shell::cargo();
        cargo.args([tool, "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
        cargo.status().is_ok_and(|status| status.success())
    };
    let missing: Vec<&str> = [("fmt", "rustfmt"), ("clippy", "clippy")]
        .into_iter()
        .filter(|(tool, _)| !works(tool))
        .map(|(_, component)| component)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if shell::find("rustup").is_none() {
        bail!("the tests need {names}: install them with the package manager that Rust came from");
    }
    let mut rustup = Command::new("rustup");
    rustup.args(["component", "add"]).args(&missing).current_dir(shell::root());
    shell::check(&mut rustup).with_context(|| format!("failed to add {names}"))
}
