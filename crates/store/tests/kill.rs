//! SIGKILL at any instant: the child commits and says so; what it said is there, and nothing half.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Block, Random, all_calls, call_line, calls_by_joined, mark_line, progress};
use dolmen_store::{LocalStore, NamedBy, Options, Store};

const BLOCK: u64 = 20;
const FOLDER: &str = "DOLMEN_STORE_KILL_FOLDER";

/// Blocks in the file: more than the children commit before they are killed.
const ALL: u64 = 400;

fn text() -> Vec<u8> {
    (0..ALL * BLOCK).flat_map(|n| format!("{}\n", call_line(n)).into_bytes()).collect()
}

/// Goes on where the store says, one block a commit, until `blocks` are there.
fn run(folder: &Path, blocks: u64, mut committed: impl FnMut(u64)) {
    let store = LocalStore::open(folder, Options::default()).unwrap();
    let text = text();
    let head = &text[..4_096];
    loop {
        let (from, lines) = store
            .find_file("proxy", NamedBy::Configuration, head)
            .unwrap()
            .map_or((0, 0), |known| (known.position as usize, known.lines));
        let n = lines / BLOCK;
        if n == blocks {
            return;
        }
        let mut block = Block::default();
        let mut to = from;
        for line in n * BLOCK..(n + 1) * BLOCK {
            let line = call_line(line);
            block.call(&store, &line);
            to += line.len() + 1;
        }
        // Marks of the block before and of the block after: some wait, some come late.
        for line in [n * BLOCK + BLOCK, (n * BLOCK).saturating_sub(1)] {
            block.mark(&store, &mark_line(line, "card block"));
        }
        let progress = progress(&store, "proxy", &text, from, to);
        store.commit(block.commit(&store, vec![progress])).unwrap();
        committed(n + 1);
    }
}

/// Not a test of its own: what the killed process runs. Without its folder it does nothing.
#[test]
fn child() {
    if let Ok(folder) = std::env::var(FOLDER) {
        run(Path::new(&folder), ALL, |n| println!("committed {n}"));
    }
}

fn image(store: &LocalStore) -> String {
    let mut lines: Vec<_> = all_calls(store, "")
        .into_iter()
        .map(|call| format!("{:?} {}", call.operations, String::from_utf8_lossy(&call.line)))
        .collect();
    lines.sort();
    let waiting = store.status().unwrap().waiting_marks;
    format!("{:?} {waiting} {lines:#?}", calls_by_joined(store))
}

#[test]
fn a_kill_at_any_instant_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(7);
    let mut acknowledged = 0;
    for _ in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        // The instant: after some commits, wherever the next one is by then.
        let mut wait = 1 + random.below(4);
        while wait > 0 {
            let line = said.next().unwrap().unwrap();
            if let Some((_, n)) = line.split_once("committed ") {
                acknowledged = n.parse::<u64>().unwrap();
                wait -= 1;
            }
        }
        for _ in 0..random.below(200_000) {
            std::hint::spin_loop();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before it died counts too.
        for line in said.map_while(Result::ok) {
            if let Some((_, n)) = line.split_once("committed ") {
                acknowledged = n.trim().parse::<u64>().unwrap_or(acknowledged);
            }
        }
    }
    let store = LocalStore::open(folder.path(), Options::default()).unwrap();
    let blocks = store.status().unwrap().commits;
    assert!((acknowledged..=acknowledged + 1).contains(&blocks), "{acknowledged} {blocks}");
    let undisturbed = tempfile::tempdir().unwrap();
    run(undisturbed.path(), blocks, |_| {});
    let other = LocalStore::open(undisturbed.path(), Options::default()).unwrap();
    assert_eq!(image(&store), image(&other));
    assert_eq!(store.verify(|_, _| {}).unwrap().problems, Vec::<String>::new());
}
