//! `dolmen calls -f`: calls are shown as they are imported.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::util::Folder;

fn line(second: u32) -> String {
    format!(
        "10.0.0.1 - - [01/Mar/2026:10:00:{second:02} +0000] \"GET /{second} HTTP/1.1\" 200 5 \"-\" \"sh\"\n"
    )
}

#[test]
fn calls_are_followed_oldest_first() {
    let folder = Folder::new();
    let import = |lines: std::ops::Range<u32>| {
        let text: String = lines.clone().map(line).collect();
        let name = format!("{}.log", lines.start);
        folder.file(&name, text);
        folder.dolmen(&["import", &name, "--store", "s"]).done();
    };
    import(0..3);
    let mut child = Command::new(env!("CARGO_BIN_EXE_dolmen"))
        .args(["calls", "-f", "-n", "2", "--store", "s"])
        .args(["--where", "not path:/4"])
        .current_dir(folder.path())
        .env_clear()
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let (sender, lines) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines() {
            if sender.send(line.unwrap() + "\n").is_err() {
                return;
            }
        }
    });
    let next = || lines.recv_timeout(Duration::from_secs(180)).unwrap();
    assert_eq!([next(), next()], [line(1), line(2)]);
    // The second of the last line that was shown is not over yet.
    import(2..6);
    assert_eq!([next(), next(), next()], [line(2), line(3), line(5)]);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(lines);
    reader.join().unwrap();
}
