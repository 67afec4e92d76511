//! `dolmen calls`, `dolmen store` and `dolmen rules`: what is in the store, and its upkeep.

use std::fs;

use serde_json::{Value, json};

use crate::util::Folder;
use crate::world::{CONFIG, World};

/// A folder whose store holds a world.
fn imported() -> Folder {
    let folder = Folder::new();
    folder.file("dolmen.toml", CONFIG);
    for (name, text) in &World::new(1).files {
        folder.file(name, text);
    }
    folder.dolmen(&["import", "--store", "s"]).done();
    folder
}

fn on_store(folder: &Folder, args: &[&str]) -> String {
    folder.dolmen(&[args, &["--store", "s"]].concat()).done()
}

fn objects(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn calls_come_newest_first_as_they_were_logged() {
    let folder = imported();
    let calls = objects(&on_store(&folder, &["calls", "--json"]));
    let report = folder.dolmen(&["report", "--store", "s", "--json"]).json();
    assert_eq!(json!(calls.len()), report["calls"]);
    let times: Vec<&str> = calls.iter().map(|call| call["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b));
    let lines = on_store(&folder, &["calls", "-n", "5", "--where", "source:proxy"]);
    let logs = [
        fs::read_to_string(folder.path().join("proxy-1.log")).unwrap(),
        fs::read_to_string(folder.path().join("proxy-2.log")).unwrap(),
    ]
    .concat();
    assert_eq!(lines.lines().count(), 5);
    for line in lines.lines() {
        assert!(logs.lines().any(|logged| logged == line), "{line}");
    }
    let err = folder.dolmen(&["calls", "--store", "s", "--where", "sttaus:1"]).refused(2);
    assert!(err.contains("did you mean `status`?"), "{err}");
}

#[test]
fn a_request_is_shown_with_its_hops_and_marks() {
    let folder = imported();
    let calls = objects(&on_store(
        &folder,
        &["calls", "--json", "--where", "source:proxy and joined:joined and not request_id:test"],
    ));
    let asked = |id: &str| -> Value {
        serde_json::from_str(&on_store(&folder, &["calls", "--id", id, "--json"])).unwrap()
    };
    let requests = calls.iter().map(|call| asked(call["request_id"].as_str().unwrap()));
    let mut with_hop = requests.filter(|request| request["calls"].as_array().unwrap().len() == 2);
    let request = with_hop.next().unwrap();
    let mut roles: Vec<&str> =
        request["calls"].as_array().unwrap().iter().map(|c| c["role"].as_str().unwrap()).collect();
    roles.sort_unstable();
    assert_eq!(roles, ["call", "hop"]);
    assert!(!request["marks"].as_array().unwrap().is_empty());
    let id = request["calls"][0]["request_id"].as_str().unwrap();
    let page = on_store(&folder, &["calls", "--id", id]);
    assert!(page.contains("1 call, 1 hop, "), "{page}");
    let unknown = folder.dolmen(&["calls", "--id", "nobody", "--store", "s"]).output();
    assert_eq!(unknown.status.code(), Some(3));
}

#[test]
fn the_store_says_what_it_holds_and_a_damaged_segment_is_named() {
    let folder = imported();
    let status = folder.dolmen(&["store", "status", "--store", "s", "--json"]).json();
    let rows: u64 =
        status["segments"].as_array().unwrap().iter().map(|s| s["rows"].as_u64().unwrap()).sum();
    let lines: usize = World::new(1)
        .files
        .values()
        .map(|text| text.iter().filter(|&&byte| byte == b'\n').count())
        .sum();
    assert_eq!(rows, lines as u64);
    assert!(on_store(&folder, &["store", "status"]).contains("backend"));
    assert!(on_store(&folder, &["store", "verify"]).contains("whole"));
    let segments = folder.path().join("s/segments");
    let mut names: Vec<_> =
        fs::read_dir(&segments).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    let mut bytes = fs::read(&names[0]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&names[0], bytes).unwrap();
    let output = folder.dolmen(&["store", "verify", "--store", "s"]).output();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stdout).unwrap();
    let name = names[0].file_name().unwrap().to_str().unwrap();
    assert!(said.contains(name) && said.contains("restore this file from a backup"), "{said}");
    // What is counted is counted still.
    assert_eq!(folder.dolmen(&["report", "--store", "s"]).output().status.code(), Some(0));
}

#[test]
fn a_damaged_segment_stops_only_what_needs_it() {
    let folder = Folder::new();
    folder.file("dolmen.toml", format!("{CONFIG}\n[store]\nkeep = \"forever\"\n"));
    for (name, text) in &World::new(2).files {
        folder.file(name, text);
        let marks: &[&str] = if name.starts_with("app") { &["--marks"] } else { &[] };
        folder.dolmen(&[&["import", "--store", "s"][..], marks, &[name]].concat()).done();
    }
    let report = |more: &[&str]| {
        let output =
            folder.dolmen(&[&["report", "--json", "--store", "s"], more].concat()).output();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap(), said)
    };
    let query = ["--where", "status:200 or joined:mark_only"];
    let (all, some) = (report(&[]), report(&query));
    let verdict = || {
        let output = folder.dolmen(&["verdict", "--store", "s", "--json"]).output();
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    // Operation, service, caller and calls; the order tells who called last, to the minute or the hour.
    let callers = |verdict: &Value| -> Vec<String> {
        let operations = verdict["operations"].as_array().unwrap().iter();
        let of = |one: &Value| {
            let callers = one["callers"].as_array().unwrap().clone().into_iter();
            let entered = format!("{} on {}", one["operation"], one["service"]);
            let who =
                |caller: &Value| ["actor", "address", "user_agent"].map(|key| caller[key].clone());
            callers.map(move |caller| format!("{entered} {:?} {}", who(&caller), caller["calls"]))
        };
        let mut callers: Vec<String> = operations.flat_map(of).collect();
        callers.sort();
        callers
    };
    let (judged, before) = verdict();
    assert!(before["lacking"].as_array().unwrap().is_empty(), "{before}");
    let files = fs::read_dir(folder.path().join("s/segments")).unwrap();
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.to_str().unwrap().ends_with("-calls.parquet"));
    paths.sort();
    let path = paths.swap_remove(1);
    let name = path.file_name().unwrap().to_str().unwrap();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, vec![0; bytes.len()]).unwrap();
    // The report of all time counts what it cannot read.
    assert_eq!(report(&[]), all);
    let (code, lacking, said) = report(&query);
    assert_eq!((code, &lacking["unreadable"][0]["segment"]), (Some(1), &json!(name)));
    assert!(lacking["calls"].as_u64() < some.1["calls"].as_u64(), "{lacking}");
    assert!(said.contains(name) && said.contains("restore this file from a backup"), "{said}");
    let text = folder.dolmen(&["report", "--store", "s", query[0], query[1]]).output();
    assert!(String::from_utf8(text.stdout).unwrap().contains("cannot be read."));
    let exported =
        folder.dolmen(&["store", "export", "--format", "ndjson", "--store", "s"]).output();
    let lines = exported.stdout.iter().filter(|&&byte| byte == b'\n').count() as u64;
    assert_eq!(exported.status.code(), Some(1));
    assert!(lines > 0 && Some(lines) < all.1["calls"].as_u64(), "{lines}");
    // Who called is known by hours where no line tells.
    let (code, after) = verdict();
    assert_eq!((code, callers(&after)), (judged, callers(&before)));
    assert!(!callers(&after).is_empty());
    assert!(after["lacking"][0].as_str().unwrap().contains(name), "{after}");
    // A mark whose call may be in it waits.
    let mark = r#"{"time":"2026-03-01T08:00:00Z","id":"nobody","op":"balance","service":null}"#;
    folder.file("app-3.jsonl", format!("{mark}\n"));
    let imported = folder.dolmen(&["import", "--store", "s", "--marks", "app-3.jsonl"]);
    let (_, said) = imported.done_with_notes();
    assert!(said.contains(name) && said.contains("Marks of its calls wait"), "{said}");
    for args in [&["store", "compact"][..], &["rules", "apply"]] {
        let output = folder.dolmen(&[args, &["--store", "s", "--json"]].concat()).output();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let done: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(done["unreadable"][0]["segment"], json!(name), "{args:?}");
        assert!(done["segments"].as_u64().or(done["segments_joined"].as_u64()) > Some(0), "{done}");
    }
    let copied = folder.dolmen(&["store", "backup", "copy", "--store", "s", "--json"]).output();
    assert_eq!(copied.status.code(), Some(1));
    let copied: Value = serde_json::from_slice(&copied.stdout).unwrap();
    assert_eq!(copied["unreadable"][0]["segment"], json!(name), "{copied}");
    assert_eq!(folder.dolmen(&["report", "--store", "copy"]).output().status.code(), Some(0));
    fs::write(&path, bytes).unwrap();
    folder.dolmen(&["store", "backup", "whole", "--store", "s"]).done();
    for args in [&["store", "compact"][..], &["rules", "apply"], &["store", "verify"]] {
        folder.dolmen(&[args, &["--store", "s"]].concat()).done();
    }
    let (code, mut whole, _) = report(&query);
    assert_eq!(code, Some(0));
    // But for the mark that came meanwhile.
    let (marks, files) = (whole["marks"].as_u64().unwrap(), whole["files"].take());
    assert!(!files.to_string().is_empty());
    assert_eq!((marks, &whole["calls"]), (some.1["marks"].as_u64().unwrap() + 1, &some.1["calls"]));
}

#[test]
fn a_damaged_catalog_says_what_to_do() {
    let folder = imported();
    fs::write(folder.path().join("s/catalog.sqlite"), b"no database at all, whatever it is")
        .unwrap();
    for args in [&["report"][..], &["calls"], &["store", "status"], &["import"]] {
        let err = folder.dolmen(&[args, &["--store", "s"]].concat()).refused(1);
        assert!(err.contains("is damaged") && err.contains("restore a backup"), "{err}");
    }
}

#[test]
fn compaction_and_backup_change_no_answer() {
    let folder = Folder::new();
    folder.file("dolmen.toml", format!("{CONFIG}\n[store]\nkeep = \"forever\"\n"));
    let world = World::new(2);
    for (name, text) in &world.files {
        folder.file(name, text);
        let marks: &[&str] = if name.starts_with("app") { &["--marks"] } else { &[] };
        folder.dolmen(&[&["import", "--store", "s"][..], marks, &[name]].concat()).done();
    }
    let report = |store: &str, more: &[&str]| {
        folder.dolmen(&[&["report", "--json", "--store", store], more].concat()).json()
    };
    let questions: [&[&str]; 2] = [&[], &["--where", "status:200 or joined:mark_only"]];
    let before = questions.map(|more| report("s", more));
    let compacted = folder.dolmen(&["store", "compact", "--store", "s", "--json"]).json();
    assert!(compacted["amendments_folded"].as_u64() > Some(0), "{compacted}");
    assert!(compacted["segments_joined"].as_u64() > compacted["segments_made"].as_u64());
    assert_eq!(questions.map(|more| report("s", more)), before);
    folder.dolmen(&["store", "backup", "copy", "--store", "s"]).done();
    assert_eq!(questions.map(|more| report("copy", more)), before);
    let err = folder.dolmen(&["store", "backup", "copy", "--store", "s"]).refused(1);
    assert!(err.contains("exists already"), "{err}");
    assert!(on_store(&folder, &["store", "verify"]).contains("whole"));
}

#[test]
fn calls_are_exported() {
    let folder = imported();
    let calls = on_store(&folder, &["calls", "--json"]).lines().count();
    let ndjson = on_store(&folder, &["store", "export", "--format", "ndjson"]);
    assert_eq!(objects(&ndjson).len(), calls);
    let csv = on_store(&folder, &["store", "export", "--format", "csv"]);
    assert!(csv.starts_with("time,"), "{csv}");
    let args = ["store", "export", "--format", "parquet", "-o", "calls.parquet", "--store", "s"];
    let (_, said) = folder.dolmen(&args).done_with_notes();
    assert_eq!(said, format!("dolmen: {calls} calls written to calls.parquet\n"));
    assert!(fs::read(folder.path().join("calls.parquet")).unwrap().starts_with(b"PAR1"));
}

#[test]
fn new_rules_reach_the_whole_history() {
    let folder = imported();
    let named = "[[actor]]\nname = 'bash'\nuser_agent = 'curl/*'\n[[actor]]\nname = 'nobody'\n\
                 user_agent = 'never/*'\n[[operation]]\nname = 'other'\npath = '/a/{n}'\n";
    folder.file("dolmen.toml", format!("{CONFIG}{named}"));
    let checked = folder.dolmen(&["rules", "check", "--store", "s"]).output();
    assert_eq!(checked.status.code(), Some(3));
    let before = folder.dolmen(&["report", "--store", "s", "--json"]).json();
    assert!(!before["actors"].to_string().contains("bash"));
    let done = folder.dolmen(&["rules", "apply", "--store", "s", "--json"]).json();
    assert!(done["calls"].as_u64() > Some(200), "{done}");
    // As if the rules had been there from the start.
    folder.dolmen(&["import", "--store", "fresh"]).done();
    for question in [&[][..], &["--where", "actor:bash"], &["--from", "2026-03-01T08:00:30"]] {
        let report = |store: &str| {
            folder.dolmen(&[&["report", "--json", "--store", store], question].concat()).json()
        };
        assert_eq!(report("s"), report("fresh"), "{question:?}");
    }
    let checked = folder.dolmen(&["rules", "check", "--store", "s", "--json"]).output();
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    let warnings = checked["warnings"].to_string();
    assert!(warnings.contains("`nobody`") && !warnings.contains("`bash`"), "{warnings}");
}
