//! Other programs open the segments as they lie: pyarrow and DuckDB, from the package index.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests: what is skipped is said")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Block, call_line, id, mark_line};
use dolmen_store::{LocalStore, Options, Store};

/// A Python that has a package; made once, in a folder beside the build's other output. `None`:
/// there is no Python, no pip, or no package index.
fn python(package: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(package);
    let python = folder.join("bin/python");
    let has = |python: &Path| {
        let check = Command::new(python).args(["-c", &format!("import {package}")]).output();
        check.is_ok_and(|output| output.status.success())
    };
    if has(&python) {
        return Some(python);
    }
    let run = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        && run(Command::new(&python).args(["-m", "pip", "install", "--quiet", package]));
    (made && has(&python)).then_some(python)
}

/// A store of some calls and marks; what a script of a package prints of its segments, as JSON.
fn read_by(package: &str, script: &str) -> Option<serde_json::Value> {
    let Some(python) = python(package) else {
        println!("skipped: no python3 with pip and a package index");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let mut block = Block::default();
    (0..3_000).for_each(|n| block.call(&store, &call_line(n)));
    (0..1_000).for_each(|n| block.mark(&store, &mark_line(n, "card block")));
    store.commit(block.commit(&store, Vec::new())).unwrap();
    let output = Command::new(python)
        .args(["-c", script])
        .arg(folder.path().join("segments"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

const SCRIPT: &str = r#"
import json, re, sys, pathlib
import pyarrow.parquet as pq
# A target is its shape and its digits, as the README of the store says.
def whole(shape, digits):
    left = iter(digits or "")
    hole = lambda m: "".join(next(left) for _ in range(int(m[1]))) if m[1] else "{"
    return re.sub(r"\{(?:\{|(\d+)\})", hole, shape)
out = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.parquet")):
    file = pq.ParquetFile(path)
    table = file.read()
    kind = file.metadata.metadata[b"dolmen.kind"].decode()
    out[kind] = {
        "format": file.metadata.metadata[b"dolmen.format"].decode(),
        "rows": table.num_rows,
        "columns": table.column_names,
        "time": str(table.schema.field("time").type),
        "row": {k: str(v) for k, v in table.slice(0, 1).to_pylist()[0].items()},
        "times_sorted": table["time"].to_pylist() == sorted(table["time"].to_pylist()),
    }
    if kind == "calls":
        both = table.select(["target", "target_digits"]).to_pylist()
        out[kind]["targets"] = [whole(row["target"], row["target_digits"]) for row in both]
        out[kind]["cut"] = sum(row["target_digits"] is not None for row in both)
print(json.dumps(out))
"#;

#[test]
fn pyarrow_reads_the_segments() {
    let Some(read) = read_by("pyarrow", SCRIPT) else { return };
    let (calls, marks) = (&read["calls"], &read["marks"]);
    assert_eq!((calls["rows"].as_u64(), marks["rows"].as_u64()), (Some(3_000), Some(1_000)));
    assert_eq!(
        (calls["format"].as_str(), calls["times_sorted"].as_bool()),
        (Some("2"), Some(true))
    );
    let row = &calls["row"];
    let line = call_line(0);
    assert_eq!(row["time"], "2026-03-02 10:00:00+00:00");
    assert_eq!(calls["time"], "timestamp[ms, tz=UTC]");
    assert_eq!(row["service"], "monolith");
    assert_eq!(row["joined"], "call_only");
    assert_eq!(row["id_form"], "hex");
    let targets = calls["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 3_000);
    assert!(calls["cut"].as_u64().unwrap() > 1_000, "digits were cut out");
    for (n, target) in (0..).zip(targets) {
        let (target, line) = (target.as_str().unwrap(), call_line(n));
        assert!(line.contains(&format!(" {target} HTTP/")), "{target} in {line}");
    }
    assert!(line.starts_with(row["address"].as_str().unwrap()));
    assert!(row["template"].as_str().unwrap().starts_with("{address} - - [{dmy+0}:{hms+0} +0000]"));
    // The id is its two halves.
    let high = row["id_high"].as_str().unwrap().parse::<i64>().unwrap();
    let low = row["id_low"].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(format!("{high:016x}{low:016x}"), id(0));
    assert_eq!(marks["row"]["operation"], "card block");
}

/// Counting needs no value, an average needs all of them, a search by id skips by statistics and
/// filters: each is another way through a file.
const QUESTIONS: &str = r#"
import duckdb, json, sys
calls, marks = (f"read_parquet('{sys.argv[1]}/*-{kind}.parquet')" for kind in ("calls", "marks"))
ask = lambda sql: duckdb.sql(sql).fetchall()
low = ask(f"select id_low from {calls} where time is not null order by id_low limit 1")[0][0]
print(json.dumps({
    "calls": ask(f"select count(*), count(distinct id_high), min(time)::text from {calls}")[0],
    "statuses": ask(f"select status, count(*) from {calls} group by status order by status"),
    "seconds": ask(f"select sum(duration) / 1e6 from {calls}")[0][0],
    "found": ask(f"select address, id_high from {calls} where id_low = {low}"),
    "absent": ask(f"select count(*) from {calls} where id_low = 17")[0][0],
    "entered": ask(f"select count(*), any_value(operation) from {marks}")[0],
    "sets": ask(f"select count(*) from {calls} where len(operations) = 0")[0][0],
}))
"#;

#[test]
fn duckdb_asks_the_segments() {
    let Some(read) = read_by("duckdb", QUESTIONS) else { return };
    let lines: Vec<String> = (0..3_000).map(call_line).collect();
    let calls: Vec<_> = lines.iter().map(|line| common::read_call(line).unwrap()).collect();
    assert_eq!(read["calls"][0], 3_000);
    assert_eq!(read["calls"][1], 3_000);
    assert!(read["calls"][2].as_str().unwrap().starts_with("2026-03-02 "), "{read}");
    for status in read["statuses"].as_array().unwrap() {
        let of = |call: &&dolmen_model::Call<'_>| status[0] == u64::from(call.status.unwrap());
        assert_eq!(status[1], calls.iter().filter(of).count(), "{read}");
    }
    let micros: u64 = calls.iter().filter_map(|call| call.duration).sum();
    let seconds = read["seconds"].as_f64().unwrap();
    assert!((seconds - micros as f64 / 1e6).abs() < 1e-3, "{seconds}");
    // The lower halves of ids are a counter: the lowest is of the first call.
    let high = u64::from_str_radix(&id(0)[..16], 16).unwrap().cast_signed();
    let address = lines[0].split(' ').next().unwrap();
    assert_eq!(read["found"], serde_json::json!([[address, high]]));
    assert_eq!((&read["absent"], &read["sets"]), (&0.into(), &3_000.into()));
    assert_eq!(read["entered"], serde_json::json!([1_000, "card block"]));
}
