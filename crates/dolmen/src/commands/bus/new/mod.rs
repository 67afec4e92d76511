//! A beginner's first service, written to a folder.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use dolmen_bus::{check_key, check_name};

use crate::exit::{Exit, UsageError};
use crate::terminal;

/// Write a first service: a handler, its contract, a test, a systemd unit
///
/// Everything is in one folder and runs at once, on a bus in a file. Nothing that exists is
/// overwritten.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct NewArgs {
    /// The name of the service
    name: String,
    /// The language of the handler
    #[arg(long, value_name = "LANGUAGE", value_enum)]
    lang: Language,
    /// What it listens to [default: request.NAME.greet]
    #[arg(long, value_name = "KEY")]
    listen: Option<String>,
    /// Where to write it [default: ./NAME]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

const EXAMPLES: &str = "Example:
  dolmen bus new hello --lang python
  cd hello
  ./test.sh";

/// A language that handlers can be written in from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Language {
    /// POSIX shell
    Sh,
    /// Python 3
    Python,
    /// Ruby
    Ruby,
}

impl Language {
    const fn extension(self) -> &'static str {
        match self {
            Self::Sh => "sh",
            Self::Python => "py",
            Self::Ruby => "rb",
        }
    }

    const fn handler(self) -> &'static str {
        match self {
            Self::Sh => include_str!("handler.sh"),
            Self::Python => include_str!("handler.py"),
            Self::Ruby => include_str!("handler.rb"),
        }
    }
}

/// Whether a file is a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Program,
    Text,
}

pub(super) fn run(args: NewArgs) -> anyhow::Result<Exit> {
    let NewArgs { name, lang, listen, dir } = args;
    check_name(&name).map_err(|error| UsageError(error.to_string()))?;
    let key = listen.unwrap_or_else(|| format!("request.{name}.greet"));
    // The contract and the test need a key, not a pattern.
    check_key(&key).map_err(|error| UsageError(format!("--listen: {error}")))?;
    let folder = dir.unwrap_or_else(|| PathBuf::from(&name));
    let fill = |template: &str| {
        template
            .replace("{name}", &name)
            .replace("{key}", &key)
            .replace("{extension}", lang.extension())
    };
    let files = [
        (format!("handler.{}", lang.extension()), lang.handler(), Kind::Program),
        ("dolmen.toml".to_owned(), include_str!("dolmen.toml"), Kind::Text),
        (format!("contracts/{key}.json"), include_str!("contract.json"), Kind::Text),
        ("test.sh".to_owned(), include_str!("test.sh"), Kind::Program),
        (format!("{name}.service"), include_str!("unit.service"), Kind::Text),
    ];
    if let Some((path, ..)) = files.iter().find(|(path, ..)| folder.join(path).exists()) {
        let path = folder.join(path);
        return Err(UsageError(format!(
            "{} exists already, and nothing was written: choose another name or --dir",
            path.display()
        ))
        .into());
    }
    let mut out = terminal::stdout();
    for (path, template, kind) in files {
        let path = folder.join(path);
        write(&path, &fill(template), kind)
            .with_context(|| format!("failed to write {}", path.display()))?;
        writeln!(out, "{}", path.display())?;
    }
    writeln!(out, "\nTry it: cd {} && ./test.sh", folder.display())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str, kind: Kind) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)?;
    if kind == Kind::Program {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
