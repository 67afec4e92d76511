//! What is typed wrongly, and what is asked for help.

use std::process::{Command, Stdio};

use crate::util::{Folder, text};

#[test]
fn an_unknown_command_is_wrong_usage() {
    let err = Folder::new().dolmen(&["reprot"]).refused(2);
    assert!(err.starts_with("dolmen: unrecognized subcommand 'reprot'"), "{err}");
    assert!(err.contains("'report'"), "{err}");
}

#[test]
fn an_unknown_option_is_wrong_usage() {
    let err = Folder::new().dolmen(&["report", "--jsn"]).refused(2);
    assert!(err.contains("'--json'"), "{err}");
}

#[test]
fn options_that_exclude_each_other_do() {
    for args in [["report", "--json", "--csv", "actors"], ["report", "--json", "--top", "3"]] {
        let err = Folder::new().dolmen(&args).refused(2);
        assert!(err.contains("cannot be used with"), "{err}");
    }
}

#[test]
fn values_are_checked() {
    for (args, what) in [
        (["report", "--top", "0"], "a number from 1 on, or `all`"),
        (["report", "--from", "yesterday"], "2026-03-01T08:30"),
        (["report", "--csv", "actor"], "actors"),
        (["report", "--color", "red"], "always"),
    ] {
        let err = Folder::new().dolmen(&args).refused(2);
        assert!(err.contains(what), "{args:?}: {err}");
    }
}

#[test]
fn nothing_typed_shows_the_way() {
    let output = Folder::new().dolmen(&[]).output();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let err = text(&output.stderr);
    assert!(err.contains("dolmen report /var/log/apache2/access.log"), "{err}");
}

#[test]
fn help_and_version_are_answers() {
    let folder = Folder::new();
    let version = folder.dolmen(&["--version"]).done();
    assert_eq!(version, format!("dolmen {}\n", env!("CARGO_PKG_VERSION")));
    let help = folder.dolmen(&["--help"]).done();
    for code in ["0  done", "1  failed", "2  wrong usage", "3  the answer is no"] {
        assert!(help.contains(code), "{help}");
    }
}

/// Every command has examples or says what it does in more than its name.
#[test]
fn every_command_explains_itself() {
    let folder = Folder::new();
    for command in
        [&["report"][..], &["config", "check"], &["config", "show"], &["completions"], &["man"]]
    {
        let help = folder.dolmen(&[command, &["--help"]].concat()).done();
        assert!(help.contains("Examples:"), "{command:?}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{command:?}");
    }
}

/// How a report ends whose standard output is this.
fn report_into(out: impl Into<Stdio>, args: &[&str]) -> (Option<i32>, String) {
    let folder = Folder::new();
    let line = "10.0.9.17 - - [01/Mar/2026:08:00:00 +0000] \"GET /a HTTP/1.1\" 200 1\n";
    folder.file("access.log", line);
    let mut command = Command::new(env!("CARGO_BIN_EXE_dolmen"));
    command.args(["report", "access.log"]).args(args).current_dir(folder.path()).env_clear();
    let output = command.stdin(Stdio::null()).stdout(out).output().unwrap();
    (output.status.code(), text(&output.stderr))
}

const OUTPUTS: [&[&str]; 3] = [&[], &["--json"], &["--csv", "endpoints"]];

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for args in OUTPUTS {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        assert_eq!(report_into(writer, args), (Some(0), String::new()), "{args:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    for args in OUTPUTS {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let (code, err) = report_into(full, args);
        assert_eq!(code, Some(1), "{args:?}");
        assert!(err.starts_with("dolmen: cannot write to standard output: No space"), "{err}");
    }
}
