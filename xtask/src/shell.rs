//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The cargo that runs this, as if it were typed in the workspace's folder.
pub(crate) fn cargo() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root());
    // `cargo xtask` describes xtask's own package in the environment. Build scripts that ask for
    // such a variable (ring's does) would run again, and all that stands on them be built again,
    // each time that somebody changes between this and a cargo of their own.
    for (name, _) in std::env::vars_os() {
        let of_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if of_package {
            command.env_remove(name);
        }
    }
    command
}

/// The workspace's folder.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// Builds the program with all optimisations but a profile, and says where it is.
pub(crate) fn release() -> Result<PathBuf> {
    check(cargo().args(["build", "--release", "--quiet", "--package", "dolmen"]))?;
    Ok(target().join("release/dolmen"))
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    // From where cargo runs, if it is relative.
    root().join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Runs a command; an error names it and what it said to the system.
pub(crate) fn check(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| failed(command))?;
    if !status.success() {
        bail!("{}: {status}", failed(command));
    }
    Ok(())
}

/// Runs a command and takes what it printed to standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| failed(command))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}\n{stderr}", failed(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where a program is: in `PATH`, or where Debian keeps its servers.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    let mut places = std::env::split_paths(&path).chain(system).map(|dir| dir.join(program));
    places.find(|place| place.is_file())
}

fn failed(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("failed to run {}", words.join(" "))
}
