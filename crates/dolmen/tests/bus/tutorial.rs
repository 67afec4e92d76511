//! `bus new`, and the tutorials: every command is run, and says what the text shows.

use std::path::Path;
use std::process::Command;

use dolmen_bus_conformance::broker;

use crate::util::{Folder, text};

/// Stands between what two commands print.
const MARK: &str = "\u{1}";

/// `sh` that finds the program under test, in a folder.
fn sh(folder: &Path, script: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_dolmen")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", &format!("exec 2>&1 < /dev/null\n{script}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("HOME", folder.join("home"))
        .env("COLUMNS", "120")
        .env_remove("DOLMEN_BUS")
        .env_remove("DOLMEN_CONFIG")
        .output()
        .unwrap();
    text(&output.stdout)
}

/// The commands of a text, each with what it shows after it.
fn sessions(text: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        match (line, line.strip_prefix("$ ")) {
            ("```console", _) => is_inside = true,
            ("```", _) => is_inside = false,
            (_, Some(command)) if is_inside => commands.push((command.to_owned(), Vec::new())),
            (line, None) if is_inside => commands.last_mut().unwrap().1.push(line.to_owned()),
            _ => {}
        }
    }
    commands
}

/// Whether a line is as it is shown: `…` stands for any text.
fn is_as_shown(line: &str, shown: &str) -> bool {
    let mut rest = line;
    for (n, part) in shown.split('…').enumerate() {
        let part = part.trim();
        match rest.find(part) {
            Some(at) if n > 0 || at == line.len() - line.trim_start().len() || part.is_empty() => {
                rest = &rest[at + part.len()..];
            }
            _ => return false,
        }
    }
    shown.ends_with('…') || rest.trim().is_empty()
}

/// Whether all lines are: `…` alone stands for any lines.
fn are_as_shown(lines: &[&str], shown: &[String]) -> bool {
    match shown.split_first() {
        None => lines.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=lines.len()).any(|n| are_as_shown(&lines[n..], rest))
        }
        Some((first, rest)) => lines
            .split_first()
            .is_some_and(|(line, lines)| is_as_shown(line, first) && are_as_shown(lines, rest)),
    }
}

fn play(tutorial: &str) {
    play_in(&Folder::new(), tutorial);
}

fn play_in(folder: &Folder, tutorial: &str) {
    let commands = sessions(tutorial);
    assert!(commands.len() > 15);
    let script: String =
        commands.iter().map(|(command, _)| format!("{command}\nprintf '{MARK}'\n")).collect();
    let printed = sh(folder.path(), &script);
    for ((command, shown), printed) in commands.iter().zip(printed.split(MARK)) {
        let lines: Vec<&str> = printed.lines().collect();
        assert!(
            are_as_shown(&lines, shown),
            "$ {command}\n{printed}\nis not\n{}",
            shown.join("\n")
        );
    }
}

#[test]
fn the_tutorial_is_true() {
    play(include_str!("../../../../docs/first-service.md"));
}

#[test]
fn the_french_tutorial_is_true() {
    play(include_str!("../../../../docs/premier-service.md"));
}

/// The association's story on RabbitMQ, on the broker of the tests.
#[test]
fn the_agoram_story_is_true() {
    let Some(broker) = broker::shared() else { return };
    let story = include_str!("../../../../docs/agoram.md");
    let (_, configuration) = story.split_once("```toml\n").unwrap();
    let (configuration, _) = configuration.split_once("```").unwrap();
    let here = configuration
        .replace("amqp://agoram:secret@localhost/%2f", &broker.url())
        .replace("http://agoram:secret@localhost:15672", &broker.admin_url());
    assert!(here.contains(&broker.url()) && here.contains(&broker.admin_url()));
    let folder = Folder::new();
    folder.file("dolmen.toml", here);
    play_in(&folder, story);
}

#[test]
fn a_first_service_works_in_every_language() {
    for (lang, program) in [("sh", "sh"), ("python", "python3"), ("ruby", "ruby")] {
        let folder = Folder::new();
        if sh(folder.path(), &format!("command -v {program}")).is_empty() {
            eprintln!("skipped: {lang}, for there is no {program}");
            continue;
        }
        let new = ["bus", "new", "my.service-1", "--lang", lang, "--listen", "some.key"];
        folder.dolmen(&new).done();
        assert_eq!(sh(folder.path(), "./my.service-1/test.sh"), "ok\n", "{lang}");
        let refused = folder.dolmen(&new).refused(2);
        assert!(refused.contains("exists already, and nothing was written"), "{refused}");
    }
}

/// The unit is one that systemd takes, and its service may write where its bus is: a dynamic user
/// could not.
#[test]
fn systemd_takes_the_unit() {
    let folder = Folder::new();
    folder.dolmen(&["bus", "new", "my.service-1", "--lang", "sh"]).done();
    let place = folder.path().join("my.service-1");
    let unit = std::fs::read_to_string(place.join("my.service-1.service")).unwrap();
    let says = |line: &str| unit.lines().any(|other| other == line);
    assert!(says("ExecStart=/usr/local/bin/dolmen bus work --service my.service-1"), "{unit}");
    assert!(says("WorkingDirectory=/opt/my.service-1") && says("User=dolmen"), "{unit}");
    if sh(folder.path(), "command -v systemd-analyze").is_empty() {
        eprintln!("skipped: there is no systemd-analyze");
        return;
    }
    let here = unit
        .replace("/usr/local/bin/dolmen", env!("CARGO_BIN_EXE_dolmen"))
        .replace("/opt/my.service-1", place.to_str().unwrap());
    folder.file("my.service-1.service", here);
    let verify = "systemd-analyze verify --man=no ./my.service-1.service && echo taken";
    assert_eq!(sh(folder.path(), verify), "taken\n");
    // It would say what it does not take.
    folder.file("other.service", "[Service]\nExecStart=/bin/true\nNoSuchSetting=1\n");
    let said = sh(folder.path(), "systemd-analyze verify --man=no ./other.service");
    assert!(said.contains("NoSuchSetting"), "{said}");
}

#[test]
fn a_test_that_should_fail_fails() {
    let folder = Folder::new();
    folder.dolmen(&["bus", "new", "hello", "--lang", "sh"]).done();
    folder.file("hello/handler.sh", "#!/bin/sh\nexit 0\n");
    let said = sh(folder.path(), "./hello/test.sh && echo passed");
    assert!(said.starts_with("one message should be done"), "{said}");
}

#[test]
fn names_and_keys_are_checked() {
    let folder = Folder::new();
    let refused = folder.dolmen(&["bus", "new", "Hello", "--lang", "sh"]).refused(2);
    assert!(refused.contains("lower-case"), "{refused}");
    let args = ["bus", "new", "hello", "--lang", "sh", "--listen", "a.#"];
    let refused = folder.dolmen(&args).refused(2);
    assert!(refused.contains("--listen: routing key"), "{refused}");
    let refused = folder.dolmen(&["bus", "new", "hello", "--lang", "perl"]).refused(2);
    assert!(refused.contains("python"), "{refused}");
}

#[test]
fn what_is_shown_is_compared() {
    let shown = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect::<Vec<_>>();
    assert!(are_as_shown(&["a", "b 12 c"], &shown(&["…", "b … c"])));
    assert!(are_as_shown(&["  at  x"], &shown(&["  at …"])));
    assert!(!are_as_shown(&["b 12 d"], &shown(&["b … c"])));
    assert!(!are_as_shown(&["a", "b"], &shown(&["a"])));
    assert!(!are_as_shown(&["xa"], &shown(&["a"])));
}
