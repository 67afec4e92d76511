//! `dolmen import`: each line once, in whatever order files come.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::util::Folder;
use crate::world::{CONFIG, World};

/// What both reports say, but for the order of files.
#[track_caller]
fn assert_same(mut stored: Value, mut files: Value, what: &str) {
    for report in [&mut stored, &mut files] {
        for list in ["files", "unparsed_lines"] {
            let rows = report[list].as_array_mut().unwrap();
            rows.sort_by_key(ToString::to_string);
        }
    }
    for (key, expected) in files.as_object().unwrap() {
        assert_eq!(&stored[key], expected, "{key}, {what}");
    }
}

fn report(folder: &Folder, args: &[&str]) -> Value {
    folder.dolmen(&[&["report", "--json"], args].concat()).json()
}

/// Folder of a world whose configuration names all its files.
fn folder(world: &World) -> Folder {
    let folder = Folder::new();
    folder.file("dolmen.toml", CONFIG);
    for (name, text) in &world.files {
        folder.file(name, text);
    }
    folder
}

/// The configuration without some sources, of which there is no file.
fn without(sources: &[&str]) -> String {
    let is_one =
        |block: &str| sources.iter().any(|name| block.contains(&format!("name = \"{name}\"")));
    let blocks: Vec<&str> = CONFIG.split("\n[[").filter(|block| !is_one(block)).collect();
    blocks.join("\n[[")
}

const QUESTIONS: [&[&str]; 9] = [
    &[],
    &["--from", "2026-03-01T08:00:20"],
    &["--from", "2026-03-01", "--to", "2026-03-01T08:01"],
    &["--where", "actor:unknown"],
    &["--where", "operation:transfer or joined:mark_only"],
    &["--where", "service:cards"],
    &["--where", "status>=400 and not path:/b*"],
    &["--where", "claimed:* and duration>10ms"],
    &["--where", "address:10.0.0.0/30"],
];

#[test]
fn the_store_reports_what_the_files_report_whatever_their_order() {
    for seed in 0..4 {
        let world = World::new(seed);
        let folder = folder(&world);
        let answers: Vec<Value> =
            QUESTIONS.iter().map(|question| report(&folder, question)).collect();
        assert!(answers[0]["repeated_ids"].as_u64() > Some(0), "{}", answers[0]);
        assert!(answers[0]["bypassed"].as_u64() > Some(0), "{}", answers[0]);
        assert!(answers[0]["disagreements"].as_u64() > Some(0), "{}", answers[0]);
        assert!(answers[0]["mark_only"].as_u64() > Some(0), "{}", answers[0]);
        let mut names: Vec<&String> = world.files.keys().collect();
        for order in 0..4 {
            let store = format!("store-{order}");
            if order == 0 {
                folder.dolmen(&["import", "--store", &store]).done();
            } else {
                // One by one: forwards, backwards, marks in the middle.
                match order {
                    1 => {}
                    2 => names.reverse(),
                    _ => names.sort_by_key(|name| (name.len() * 7 + seed as usize) % 5),
                }
                for name in &names {
                    let marks: &[&str] = if name.starts_with("app") { &["--marks"] } else { &[] };
                    let args = [&["import", "--store", &store][..], marks, &[name]].concat();
                    folder.dolmen(&args).done();
                }
            }
            for (question, expected) in QUESTIONS.iter().zip(&answers) {
                let args = [&["--store", &store], *question].concat();
                let what = format!("seed {seed}, order {order}, {question:?}");
                assert_same(report(&folder, &args), expected.clone(), &what);
            }
            folder.dolmen(&["import", "--store", &store]).done();
            assert_same(report(&folder, &["--store", &store]), answers[0].clone(), "again");
        }
    }
}

#[test]
fn the_corpus_is_reported_as_its_file_is() {
    let Ok(corpus) = std::env::var("DOLMEN_CORPUS") else {
        println!("skipped: no corpus");
        return;
    };
    let folder = Folder::new();
    let log = format!("{corpus}/access-logs/elastic-apache.log");
    folder.dolmen(&["import", &log, "--store", "s"]).done();
    let files = report(&folder, &[&log]);
    assert_eq!(files["calls"], json!(9_999));
    assert_same(report(&folder, &["--store", "s"]), files, "corpus");
    let window = ["--from", "2015-05-18", "--to", "2015-05-19T10:05:11", "--where", "status:404"];
    let files = report(&folder, &[&[log.as_str()], &window[..]].concat());
    assert_same(report(&folder, &[&["--store", "s"], &window[..]].concat()), files, "window");
}

#[test]
fn a_file_that_grows_a_line_at_a_time_counts_each_line_once() {
    let world = World::new(9);
    let (name, text) = world.files.iter().find(|(name, _)| name.starts_with("proxy")).unwrap();
    let folder = Folder::new();
    folder.file("dolmen.toml", CONFIG);
    let mut lines_added = 0;
    for cut in [1, 700, 701, 4_000, 4_097, 9_000, text.len() - 1] {
        folder.file(name, &text[..cut]);
        let summary = folder.dolmen(&["import", name, "--store", "s", "--json"]).json();
        lines_added += summary["files"][0]["lines_added"].as_u64().unwrap();
        let whole = text[..cut].iter().filter(|&&byte| byte == b'\n').count() as u64;
        assert_eq!(lines_added, whole, "after {cut} bytes: {summary}");
    }
    // The last line has no end: it waits, unless the file is complete.
    folder.file(name, &text[..text.len() - 1]);
    let summary = folder.dolmen(&["import", name, "--store", "s", "--json", "--final"]).json();
    assert_eq!(summary["files"][0], json!({"path": name, "status": "grown", "lines_added": 1}));
    folder.file(name, text);
    assert_eq!(report(&folder, &["--store", "s"])["calls"], report(&folder, &[name])["calls"]);
}

#[test]
fn a_known_file_is_known_by_any_name_and_packed() {
    let world = World::new(3);
    let text = world.files.iter().find(|(name, _)| name.starts_with("proxy")).unwrap().1;
    let folder = Folder::new();
    folder.file("access.log", text);
    let args = ["import", "access.log", "./access.log.1", "--store", "s", "--json"];
    folder.file("access.log.1", text);
    let summary = folder.dolmen(&args).json();
    assert_eq!(summary["files"][0]["status"], json!("new"));
    assert_eq!(summary["files"][1]["status"], json!("known"));
    assert_eq!(summary["files"][1]["lines_added"], json!(0));
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, text).unwrap();
    folder.file("old/access.log.2.gz", packed.finish().unwrap());
    let again = ["import", "old/access.log.2.gz", "--store", "s", "--json"];
    let summary = folder.dolmen(&again).json();
    assert_eq!(summary["files"][0]["status"], json!("known"), "{summary}");
    // Through a pipe, too.
    let summary = folder.dolmen(&["import", "-", "--store", "s", "--json"]).input(text).json();
    assert_eq!(summary["files"][0]["status"], json!("known"), "{summary}");
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let world = World::new(5);
    let (name, text) = world.files.iter().find(|(name, _)| name.starts_with("proxy")).unwrap();
    let folder = Folder::new();
    folder.file(name, text);
    let half = text.len() / 2;
    let import = |bytes: &[u8]| {
        folder.dolmen(&["import", "-", "--store", "s", "--json"]).input(bytes).json()
    };
    let lines = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\n').count();
    // It ends in the middle of a line, of which the rest comes the next time.
    let first = lines(&text[..half]);
    assert!(first > 10 && text[half - 1] != b'\n');
    let file = |status, lines: usize| json!({"path": "-", "status": status, "lines_added": lines});
    let summary = import(&text[..half]);
    assert_eq!(summary["files"], json!([file("new", first)]), "{summary}");
    let summary = import(text);
    assert_eq!(summary["files"], json!([file("grown", lines(text) - first)]), "{summary}");
    let summary = import(text);
    assert_eq!(summary["files"], json!([file("known", 0)]), "{summary}");
    let summary = import(b"");
    assert_eq!(summary["files"], json!([file("empty", 0)]), "{summary}");
    // The rest of another log.
    let mut other = text.clone();
    other[..half].fill(b'x');
    assert_eq!(import(&other[half..])["files"][0]["status"], json!("new"));
    let read = report(&folder, &[name])["calls"].as_u64().unwrap();
    assert!(report(&folder, &["--store", "s"])["calls"].as_u64().unwrap() >= read);
}

#[test]
fn a_line_that_never_ends_is_given_up() {
    let world = World::new(5);
    let text = world.files.iter().find(|(name, _)| name.starts_with("proxy")).unwrap().1;
    let folder = Folder::new();
    let mut input = text.clone();
    input.resize(text.len() + (66 << 20), b'x');
    let output = folder.dolmen(&["import", "-", "--store", "s", "--json"]).input(&input).output();
    let (summary, said) = (crate::util::text(&output.stdout), crate::util::text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("- was read only in part: a line is longer than 64 MiB"), "{said}");
    let summary: Value = serde_json::from_str(&summary).unwrap();
    let lines = text.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(summary["files"][0]["status"], json!("broken"));
    assert_eq!(summary["files"][0]["lines_added"], json!(lines), "what came before it is kept");
}

/// Somebody watches: the bar tells how much is left, and how long it takes.
#[test]
fn a_terminal_is_told_the_time_that_is_left() {
    let world = World::new(6);
    let (name, text) = world.files.iter().find(|(name, _)| name.starts_with("proxy")).unwrap();
    let folder = Folder::new();
    folder.file("big.log", text.repeat(1 + (4 << 20) / text.len()));
    // While the pipe is open, the import is under way.
    let pipe = folder.path().join("pipe");
    let ran = |command: &mut Command| {
        command.stdout(Stdio::null()).status().is_ok_and(|status| status.success())
    };
    if !ran(Command::new("mkfifo").arg(&pipe)) || !ran(Command::new("script").arg("--version")) {
        println!("skipped: no mkfifo or script");
        return;
    }
    let dolmen = env!("CARGO_BIN_EXE_dolmen");
    let mut terminal = Command::new("script")
        .args(["--quiet", "--flush", "--command"])
        .arg(format!("TERM=xterm '{dolmen}' import big.log pipe --store s --json"))
        .arg("typescript")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (said, hears) = mpsc::channel();
    let mut shown = terminal.stdout.take().unwrap();
    let listener = std::thread::spawn(move || {
        let (mut all, mut some) = (Vec::new(), [0; 1_024]);
        while let Ok(read @ 1..) = shown.read(&mut some) {
            all.extend_from_slice(&some[..read]);
            if String::from_utf8_lossy(&all).contains(" left") {
                let _ = said.send(());
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    });
    // As much as its format is found from, and a little of what is read.
    let mut writer = OpenOptions::new().write(true).open(&pipe).unwrap();
    let beginning = text.repeat(1 + (100 << 10) / text.len());
    writer.write_all(&beginning[..100 << 10]).unwrap();
    let told = hears.recv_timeout(Duration::from_secs(180));
    drop(writer);
    assert!(terminal.wait().unwrap().success());
    let shown = listener.join().unwrap();
    assert_eq!(told, Ok(()), "{shown}");
    let bar = shown.split('\r').find(|bar| bar.contains(" left")).unwrap();
    assert!(bar.contains(" %  ") && bar.contains(" lines/s, "), "{bar:?} of {name}");
}

#[test]
fn a_file_that_was_rewritten_is_left_alone_and_said() {
    let world = World::new(4);
    let text = world.files.iter().find(|(name, _)| name.starts_with("proxy")).unwrap().1;
    assert!(text.len() > 10_000);
    let folder = Folder::new();
    folder.file("access.log", text);
    folder.dolmen(&["import", "access.log", "--store", "s"]).done();
    let mut other = text.clone();
    other.extend_from_slice(text);
    let end = text.len();
    other[end - 200..end - 190].copy_from_slice(b"##########");
    folder.file("access.log", &other);
    let output = folder.dolmen(&["import", "access.log", "--store", "s", "--json"]).output();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.contains("access.log was left alone"), "{err}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["files"][0]["status"], json!("changed"));
}

/// Somebody's copy of the beginning of a log that was read further: it has nothing new, and keeps
/// nobody else from being read.
#[test]
fn a_shorter_copy_of_a_known_file_has_nothing_new() {
    let folder = Folder::new();
    let line = |n: usize| {
        format!(
            "10.0.0.1 - - [02/Mar/2026:09:00:{:02} +0000] \"GET /{n} HTTP/1.1\" 200 {n}\n",
            n % 60
        )
    };
    for (long, short) in [(400, 200), (400, 10), (8, 5)] {
        let text: String = (0..long).map(line).collect();
        let end = text.match_indices('\n').nth(short - 1).unwrap().0 + 1;
        let (log, copy, other) =
            (format!("{short}.log"), format!("{short}.bak"), format!("{short}.new"));
        folder.file(&log, &text);
        folder.file(&copy, &text[..end]);
        folder.file(&other, line(1000 + long));
        let store = format!("s{short}");
        let import = |files: &[&str]| {
            folder
                .dolmen(&[&["import", "--json", "--final", "--store", &store], files].concat())
                .json()
        };
        assert_eq!(import(&[&log])["calls"], json!(long));
        let done = import(&[&copy, &other]);
        assert_eq!(done["calls"], json!(1), "{done}");
        assert_eq!(done["files"][0]["status"], json!("known"), "{done}");
        assert_eq!(done["files"][0]["lines_added"], json!(0), "{done}");
    }
}

#[test]
fn a_store_that_is_not_there_is_said() {
    let folder = Folder::new();
    let err = folder.dolmen(&["report", "--store", "none"]).refused(1);
    assert!(err.contains("none holds no store: import a log first"), "{err}");
}

#[test]
fn an_id_that_too_many_lines_carry_joins_nothing_in_the_store_either() {
    for (lines, joined) in [(5_000, 3), (5_001, 1)] {
        let folder = Folder::new();
        folder.file("dolmen.toml", without(&["backend"]));
        let call = |second: usize, id: &str| {
            let (minute, second) = (second / 60, second % 60);
            format!(
                "10.0.0.1 - - [01/Mar/2026:08:{minute:02}:{second:02} +0000] \"GET /a HTTP/1.1\" 200 5 \
                 \"-\" \"curl/8\" \"{id}\" 700\n"
            )
        };
        let mark = |id: &str| {
            format!(
                r#"{{"time":"2026-03-01T08:00:00Z","id":"{id}","op":"balance","service":null}}"#
            ) + "\n"
        };
        folder
            .file("proxy-1.log", (0..4_998).map(|n| call(n / 3, "undefined")).collect::<String>());
        let rest = (4_998..9_998).map(|n| call(n / 3, "undefined")).collect::<String>();
        folder.file("proxy-2.log", rest + &call(2, "own"));
        folder.file("app.jsonl", mark("own") + &mark("undefined").repeat(lines - 4_998));
        let files = report(&folder, &[]);
        assert_eq!(files["joined"].as_u64() > Some(1), joined > 1, "{}", files["joined"]);
        for order in [["proxy-1.log", "proxy-2.log"], ["proxy-2.log", "proxy-1.log"]] {
            let store = &format!("{}.store", order[0]);
            folder.dolmen(&["import", "--store", store, order[0]]).done();
            folder.dolmen(&["import", "--store", store, "--marks", "app.jsonl"]).done();
            folder.dolmen(&["import", "--store", store, order[1]]).done();
            assert_same(report(&folder, &["--store", store]), files.clone(), store);
        }
    }
}

/// Lines wait for a format that reads them; what the store says then is what it would have said.
#[test]
fn a_mended_format_reaches_lines_that_were_imported_before() {
    let world = World::new(5);
    let folder = folder(&world);
    let format = CONFIG.lines().find(|line| line.starts_with("format")).unwrap();
    let broken = CONFIG.replacen(format, "format = '%h %t \"%{X-Request-Id}o\"'", 1);
    folder.file("dolmen.toml", &broken);
    folder.dolmen(&["import", "--store", "s"]).done();
    let before = report(&folder, &["--store", "s"]);
    let proxy = world.files.iter().filter(|(name, _)| name.starts_with("proxy"));
    let lines: usize = proxy.map(|(_, text)| text.split(|&byte| byte == b'\n').count() - 1).sum();
    assert_eq!(before["unparsed"], json!(lines));
    // Nothing is to be had of it as long as the format is what it is.
    let apply = || folder.dolmen(&["rules", "apply", "--store", "s", "--json"]).json();
    assert_eq!(apply()["read_again"], json!(0));
    folder.file("dolmen.toml", CONFIG);
    folder.dolmen(&["import", "--store", "fresh"]).done();
    let unparsed = report(&folder, &["--store", "fresh"])["unparsed"].as_u64().unwrap();
    assert!(unparsed > 0);
    assert_eq!(apply()["read_again"], json!(lines as u64 - unparsed));
    for question in QUESTIONS {
        let [mut stored, mut fresh] =
            ["s", "fresh"].map(|store| report(&folder, &[question, &["--store", store]].concat()));
        for report in [&mut stored, &mut fresh] {
            for file in report["files"].as_array_mut().unwrap() {
                // It was read with another.
                file["format"].take();
            }
        }
        assert_same(stored, fresh, &format!("{question:?}"));
    }
    let coverage = |store| folder.dolmen(&["store", "status", "--json", "--store", store]).json();
    let lines = |status: &Value| {
        let of = |source: &Value| {
            (source["source"].clone(), source["kind"].clone(), source["lines"].clone())
        };
        status["sources"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(lines(&coverage("s")), lines(&coverage("fresh")));
    assert_eq!(apply()["read_again"], json!(0));
    folder.dolmen(&["store", "verify", "--store", "s"]).done();
}

/// Calls of one id and one second: which of them gets the mark is a matter of what they say.
#[test]
fn calls_of_one_instant_are_told_apart_by_what_they_say() {
    let call = |path: &str, status: u16| {
        format!(
            "10.0.0.1 - - [01/Mar/2026:08:00:00 +0000] \"GET {path} HTTP/1.1\" {status} 5 \"-\" \
             \"curl/8\" \"same\" 700\n"
        )
    };
    let mark = r#"{"time":"2026-03-01T08:00:01Z","id":"same","op":"balance","service":null}"#;
    let mut answers = Vec::new();
    for (one, other) in [("proxy-1.log", "proxy-2.log"), ("proxy-2.log", "proxy-1.log")] {
        let folder = Folder::new();
        folder.file("dolmen.toml", without(&["backend"]));
        folder.file(one, call("/a/late", 500));
        folder.file(other, call("/a/early", 200));
        folder.file("app.jsonl", format!("{mark}\n"));
        let joined = |more: &[&str]| {
            let args = [&["report", "--json", "--where", "joined:joined"], more].concat();
            let mut report = folder.dolmen(&args).json();
            report["files"].take();
            report
        };
        answers.push(joined(&[]));
        for (store, parts) in
            [("all", &[&[][..]][..]), ("parts", &[&[one][..], &[other], &["--marks", "app.jsonl"]])]
        {
            for part in parts {
                folder.dolmen(&[&["import", "--store", store], *part].concat()).done();
            }
            answers.push(joined(&["--store", store]));
        }
    }
    assert_eq!(answers[0]["endpoints"].as_array().unwrap().len(), 1, "{}", answers[0]);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[test]
fn a_line_cut_by_a_rotation_is_put_together_as_a_report_does() {
    let line = |second: u32, path: &str| {
        format!(
            "10.0.0.1 - - [01/Mar/2026:08:00:{second:02} +0000] \"GET {path} HTTP/1.1\" 200 5 \"-\" \
             \"curl/8\" \"id-{second}\" 700\n"
        )
    };
    let cut = line(2, "/cut");
    let (front, back) = cut.split_at(40);
    let folder = Folder::new();
    folder.file("dolmen.toml", without(&["backend", "app"]));
    folder.file("proxy-1.log", line(1, "/a") + front);
    folder.file("proxy-2.log", back.to_owned() + &line(3, "/b"));
    folder.file("proxy-3.log", "no line of any log\n");
    let files = report(&folder, &[]);
    assert_eq!((&files["calls"], &files["unparsed"]), (&json!(3), &json!(1)));
    for (store, more) in [("complete", &["--final"][..]), ("left", &[])] {
        let import = || {
            let args = [&["import", "--json", "--store", store], more].concat();
            folder.dolmen(&args).json()
        };
        let done = import();
        assert_eq!((&done["calls"], &done["unparsed"]), (&json!(3), &json!(1)), "{done}");
        assert_same(report(&folder, &["--store", store]), files.clone(), store);
        let cut = report(&folder, &["--store", store, "--where", "path:/cut"]);
        assert_eq!(cut["calls"], json!(1));
        assert_eq!(import()["calls"], json!(0));
        folder.dolmen(&["store", "verify", "--store", store]).done();
    }
}
