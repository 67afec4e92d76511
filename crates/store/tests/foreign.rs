//! Another program opens the segments as they lie: pyarrow, from the package index.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Block, call_line, id, mark_line};
use dolmen_store::{LocalStore, Options, Store};

/// A Python that has pyarrow; made once, in a folder beside the build's other output. `None`:
/// there is no Python, no pip, or no package index.
fn python() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pyarrow");
    let python = folder.join("bin/python");
    let has = |python: &Path| {
        let check = Command::new(python).args(["-c", "import pyarrow.parquet"]).output();
        check.is_ok_and(|output| output.status.success())
    };
    if has(&python) {
        return Some(python);
    }
    let run = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
    let made = run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        && run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "pyarrow"]));
    (made && has(&python)).then_some(python)
}

const SCRIPT: &str = r#"
import json, sys, pathlib
import pyarrow.parquet as pq
out = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.parquet")):
    file = pq.ParquetFile(path)
    table = file.read()
    kind = file.metadata.metadata[b"dolmen.kind"].decode()
    out[kind] = {
        "format": file.metadata.metadata[b"dolmen.format"].decode(),
        "rows": table.num_rows,
        "columns": table.column_names,
        "row": {k: str(v) for k, v in table.slice(0, 1).to_pylist()[0].items()},
        "times_sorted": table["time"].to_pylist() == sorted(table["time"].to_pylist()),
    }
print(json.dumps(out))
"#;

#[test]
fn pyarrow_reads_the_segments() {
    let Some(python) = python() else {
        println!("skipped: no python3 with pip and a package index");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let mut block = Block::default();
    (0..3_000).for_each(|n| block.call(&store, &call_line(n)));
    (0..1_000).for_each(|n| block.mark(&store, &mark_line(n, "card block")));
    store.commit(block.commit(&store, Vec::new())).unwrap();
    let output = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(folder.path().join("segments"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let (calls, marks) = (&read["calls"], &read["marks"]);
    assert_eq!((calls["rows"].as_u64(), marks["rows"].as_u64()), (Some(3_000), Some(1_000)));
    assert_eq!(
        (calls["format"].as_str(), calls["times_sorted"].as_bool()),
        (Some("1"), Some(true))
    );
    let row = &calls["row"];
    let line = call_line(0);
    assert_eq!(row["time"], "2026-03-02 10:00:00+00:00");
    assert_eq!(row["service"], "monolith");
    assert_eq!(row["joined"], "call_only");
    assert_eq!(row["id_form"], "hex");
    assert!(line.contains(row["target"].as_str().unwrap()));
    assert!(line.starts_with(row["address"].as_str().unwrap()));
    assert!(row["template"].as_str().unwrap().starts_with("{address} - - [{dmy+0}:{hms+0} +0000]"));
    // The id is its two halves.
    let high = row["id_high"].as_str().unwrap().parse::<i64>().unwrap();
    let low = row["id_low"].as_str().unwrap().parse::<i64>().unwrap();
    assert_eq!(format!("{high:016x}{low:016x}"), id(0));
    assert_eq!(marks["row"]["operation"], "card block");
}
