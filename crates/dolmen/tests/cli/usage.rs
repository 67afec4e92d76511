//! What is typed wrongly, and what is asked for help.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::util::Folder;

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
    let err = crate::util::text(&output.stderr);
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

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = Folder::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_dolmen"))
        .args(["config", "show", "--default"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Closed before anything is read: what is written now, or later, breaks the pipe.
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""));
}
