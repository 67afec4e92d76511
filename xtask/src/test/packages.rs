//! What the tests need beside Rust, and how a fresh machine gets it.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::shell;

/// A program that tests start, and the Debian package that has it.
struct Program {
    name: &'static str,
    package: &'static str,
}

const PROGRAMS: [Program; 4] = [
    Program { name: "apache2", package: "apache2" },
    Program { name: "chromium", package: "chromium" },
    Program { name: "nginx", package: "nginx" },
    Program { name: "rabbitmq-server", package: "rabbitmq-server" },
];

const INSTALL: &str = include_str!("install.sh");

/// Makes sure that everything is there: installs it as root, says what to do otherwise.
pub(super) fn install_missing() -> Result<()> {
    components()?;
    let missing = PROGRAMS.iter().filter(|program| shell::find(program.name).is_none());
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
