//! `cargo xtask release`: the program, built by profile.
//!
//! Built twice. The first program counts how often each of its branches is taken while it plays the
//! stories and reads generated lines; the second is laid out by these counts. Neither touches what
//! `cargo build` made: both have folders of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::bench::generate::{self, Style};
use crate::shell::{cargo, check, output, target};
use crate::{shell, ui};

/// Calls that the first program reads: enough that a report spills entries, and little enough to take
/// seconds.
const CALLS: u64 = 1_500_000;

/// Calls that it reads of each kind of log. A reader that was never used is laid out to be small, not to
/// be fast.
const OF_EACH: u64 = 100_000;

/// What these are derived again by.
const RULES: &str = "[[actor]]\nname = \"portal\"\nuser_agent = \"PortailWeb*\"\n";

/// Builds the program by profile, and says where it is.
pub(crate) fn run() -> Result<ExitCode> {
    let compiler = Compiler::find()?;
    ui::build()?;
    let folder = target().join("by-profile");
    let (counts, built) = (folder.join("counts"), folder.join("built"));
    // Counts of another program's branches would be refused, one by one; and cargo takes libraries that
    // were built by other counts for fresh.
    for old in [&counts, &built] {
        if old.exists() {
            fs::remove_dir_all(old)?;
        }
    }
    let counting = format!("-Cprofile-generate={}", counts.display());
    println!("building a program that counts its branches");
    let program = compiler.build(&folder.join("counting"), &[&counting])?;
    println!(
        "counting them: the stories, {CALLS} generated calls with their marks, other servers' logs"
    );
    train(&program)?;
    let profile = folder.join("dolmen.profdata");
    check(Command::new(&compiler.merge).arg("merge").arg("-o").arg(&profile).arg(&counts))?;
    println!("building the program by these counts");
    let by_counts = format!("-Cprofile-use={}", profile.display());
    // Most functions were never called, and that is no news.
    let quietly = "-Cllvm-args=-pgo-warn-missing-function=false";
    let program = compiler.build(&built, &[&by_counts, quietly])?;
    println!("{}", program.display());
    Ok(ExitCode::SUCCESS)
}

/// What builds the program.
struct Compiler {
    /// The machine it builds for: this one.
    host: String,
    /// Makes one profile of many counts.
    merge: PathBuf,
}

impl Compiler {
    fn find() -> Result<Self> {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let says =
            |args: &[&str]| output(Command::new(&rustc).args(args).current_dir(shell::root()));
        let version = says(&["-vV"])?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("rustc -vV does not say what machine this is")?.to_owned();
        let sysroot = says(&["--print", "sysroot"])?;
        let tools = Path::new(sysroot.trim()).join("lib/rustlib").join(&host).join("bin");
        let merge = tools.join("llvm-profdata");
        if !merge.is_file() {
            bail!(
                "{} is missing: install it with `rustup component add llvm-tools`",
                merge.display()
            );
        }
        Ok(Self { host, merge })
    }

    /// Builds the released program with these flags, in a folder of its own. Nothing else may differ
    /// between the two builds: functions are found among the counts by their names, which the
    /// settings of a profile are part of, and what is not found is passed over in silence.
    fn build(&self, folder: &Path, flags: &[&str]) -> Result<PathBuf> {
        let mut build = cargo();
        build.args(["build", "--release", "--locked", "--package", "dolmen", "--bin", "dolmen"]);
        // Named, so that what runs while it builds is built without these flags.
        build.args(["--target", &self.host]).arg("--target-dir").arg(folder);
        // As cargo passes them on: a folder's name may have blanks in it. Flags of the user's own
        // configuration do not apply.
        build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        check(&mut build)?;
        Ok(folder.join(&self.host).join("release/dolmen"))
    }
}

/// Has the program do what its users have it do.
fn train(program: &Path) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let (access, marks) = (scratch.path().join("access.log"), scratch.path().join("marks.jsonl"));
    generate::write(&access, &marks, CALLS)?;
    // No configuration and no store of this machine, and counts where they are looked for.
    fs::write(scratch.path().join("dolmen.toml"), "")?;
    let dolmen = |args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).current_dir(scratch.path()).stdin(Stdio::null());
        for name in ["DOLMEN_CONFIG", "DOLMEN_STORE", "LLVM_PROFILE_FILE"] {
            command.env_remove(name);
        }
        output(&mut command)
    };
    let files = ["access.log", "--marks", "marks.jsonl"];
    dolmen(&[&["report", "--json"], &files[..]].concat())?;
    dolmen(&[&["import", "--store", "store"], &files[..]].concat())?;
    for style in Style::ALL {
        let log = format!("{style:?}.log");
        generate::write_as(style, &scratch.path().join(&log), OF_EACH)?;
        let told = dolmen(&["report", "--json", &log])?;
        says(&told, "unparsed", 0)?;
        says(&told, "calls", OF_EACH)?;
        says(&dolmen(&["import", "--json", "--store", "styles", &log])?, "calls", OF_EACH)?;
    }
    for store in ["store", "styles"] {
        dolmen(&["report", "--json", "--store", store])?;
        dolmen(&["calls", "--json", "--store", store, "-n", "1000", "--where", "status>=500"])?;
        dolmen(&["store", "compact", "--store", store])?;
    }
    fs::write(scratch.path().join("dolmen.toml"), RULES)?;
    let derived = dolmen(&["rules", "apply", "--json", "--store", "styles"])?;
    says(&derived, "calls", OF_EACH * Style::ALL.len() as u64)?;
    dolmen(&["store", "verify", "--store", "styles"])?;
    dolmen(&["demo", "--check"]).map(drop)
}

/// What did nothing trains nothing.
fn says(answer: &str, key: &str, expected: u64) -> Result<()> {
    let answer: serde_json::Value = serde_json::from_str(answer)?;
    let found = &answer[key];
    ensure!(found.as_u64() == Some(expected), "`{key}` is {found}, where {expected} were written");
    Ok(())
}
