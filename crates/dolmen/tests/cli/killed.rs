//! `dolmen import`, `store compact` and `rules apply`, killed: what was committed stays, and running
//! them again ends as if they had never been disturbed. `cargo xtask prove store` does the same some
//! hundred times.

use std::fmt::Write as _;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::util::Folder;

/// Enough lines for several commits.
pub(crate) fn logs(folder: &Folder) {
    let (mut calls, mut marks) = (String::new(), String::new());
    for n in 0..70_000_u64 {
        let (minute, second) = (n / 60 % 60, n % 60);
        let (hour, day) = (n / 3600 % 24, 1 + n / 86_400);
        writeln!(
            calls,
            r#"10.0.0.{} - - [{day:02}/Mar/2026:{hour:02}:{minute:02}:{second:02} +0000] "GET /api/account/{n}/movements?page={} HTTP/1.1" 200 {n} "https://bank.example/portal/accounts/overview" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Portail/4.2" "{n:032x}""#,
            n % 7,
            n % 11,
        )
        .unwrap();
        if n % 3 != 0 {
            writeln!(
                marks,
                r#"{{"time":"2026-03-{day:02}T{hour:02}:{minute:02}:{second:02}.5Z","request_id":"{n:032x}","operation":"balance"}}"#
            )
            .unwrap();
        }
    }
    folder.file("access.log", calls);
    folder.file("app.jsonl", marks);
}

const FORMAT: &str = r#"%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" "%{X-Request-Id}o""#;

pub(crate) fn arguments(command: &str) -> Vec<&str> {
    vec![command, "access.log", "--format", FORMAT, "--marks", "app.jsonl", "--json"]
}

/// Starts a command on the store and kills it as soon as so many files lie in `segments/`; whether it
/// had to be killed.
fn killed_at(folder: &Folder, args: &[&str], files: usize) -> bool {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dolmen"))
        .args(args)
        .args(["--store", "s"])
        .current_dir(folder.path())
        .env_clear()
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    loop {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if files_in_segments(folder) >= files {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        std::thread::yield_now();
    }
}

fn files_in_segments(folder: &Folder) -> usize {
    fs::read_dir(folder.path().join("s/segments")).map_or(0, Iterator::count)
}

/// What the store says, by its cubes and by its rows.
fn answers(folder: &Folder, store: &str) -> [Value; 2] {
    [&[][..], &["--where", "status<999 or joined:mark_only"]].map(|more| {
        let args = [&["report", "--json", "--store", store], more].concat();
        folder.dolmen(&args).json()
    })
}

#[test]
fn compaction_and_derivation_that_are_killed_go_on_where_they_were() {
    let folder = Folder::new();
    logs(&folder);
    let import = [&arguments("import")[..], &["--store", "s"]].concat();
    folder.dolmen(&import).done();
    folder.file(
        "dolmen.toml",
        "[store]\nkeep = 'forever'\n[[actor]]\nname = 'portal'\nuser_agent = '*Portail*'\n",
    );
    for work in [&["store", "compact"][..], &["rules", "apply"]] {
        let undisturbed = work[1];
        folder.dolmen(&["store", "backup", undisturbed, "--store", "s"]).done();
        folder.dolmen(&[work, &["--store", undisturbed]].concat()).done();
        let expected = answers(&folder, undisturbed);
        // While the first segment is being written, and when it is there.
        let before = files_in_segments(&folder);
        let killed = [1, 2].map(|more| killed_at(&folder, work, before + more));
        assert!(killed[0], "{work:?} ended before it wrote anything");
        folder.dolmen(&[work, &["--store", "s"]].concat()).done();
        assert_eq!(answers(&folder, "s"), expected, "{work:?}");
        assert!(folder.dolmen(&["store", "verify", "--store", "s"]).done().contains("whole"));
    }
    assert!(answers(&folder, "s")[0]["actors"].to_string().contains("portal"));
}

#[test]
fn an_import_that_is_killed_goes_on_where_it_was() {
    let folder = Folder::new();
    logs(&folder);
    // While the first segment is being written, between segments, after a commit.
    let import = arguments("import");
    let killed = [1, 2, 3].map(|files| killed_at(&folder, &import, files));
    assert!(killed[0], "it ended before it wrote anything");
    folder.dolmen(&[&arguments("import")[..], &["--store", "s"]].concat()).done();
    let answer = |mut report: Value| {
        for key in ["files", "unparsed_lines"] {
            report[key] = Value::Null;
        }
        report
    };
    let expected = answer(folder.dolmen(&arguments("report")).json());
    let report = |more: &[&str]| {
        let args = [&["report", "--json", "--store", "s"], more].concat();
        answer(folder.dolmen(&args).json())
    };
    assert_eq!(report(&[]), expected, "cubes");
    assert_eq!(report(&["--where", "status<999 or joined:mark_only"]), expected, "rows");
    assert!(folder.dolmen(&["store", "verify", "--store", "s"]).done().contains("whole"));
    let again = folder.dolmen(&[&arguments("import")[..], &["--store", "s"]].concat()).json();
    assert_eq!((&again["calls"], &again["marks"]), (&Value::from(0), &Value::from(0)));
}
