//! A disk that is full, a real one: what was kept stays readable, and the import goes on once there
//! is room.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::killed::{arguments, logs};
use crate::util::Folder;

/// A file system in memory of so many kilobytes, unmounted at the end.
struct Small {
    at: PathBuf,
}

impl Small {
    /// Why it cannot be made: only root mounts.
    fn mount(at: PathBuf, kilobytes: u32) -> Result<Self, String> {
        std::fs::create_dir(&at).unwrap();
        let size = format!("size={kilobytes}k");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&at);
        let mut mount = mount.output().map_err(|error| error.to_string())?;
        if mount.status.success() {
            return Ok(Self { at });
        }
        mount.stderr.truncate(200);
        Err(String::from_utf8_lossy(&mount.stderr).trim().to_owned())
    }

    fn grow(&self, kilobytes: u32) {
        let size = format!("remount,size={kilobytes}k");
        assert!(
            Command::new("mount").args(["-o", &size]).arg(&self.at).status().unwrap().success()
        );
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        _ = Command::new("umount").arg(&self.at).status();
    }
}

/// Kilobytes that hold part of what is imported: one disk is full when a segment is written, the
/// other when the catalog is.
const TOO_SMALL: [u32; 2] = [420, 480];

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    for kilobytes in TOO_SMALL {
        let folder = Folder::new();
        let disk = match Small::mount(folder.path().join("small"), kilobytes) {
            Ok(disk) => disk,
            Err(why) => return println!("skipped: no file system can be mounted here: {why}"),
        };
        fills(&folder, &disk);
    }
}

fn fills(folder: &Folder, disk: &Small) {
    logs(folder);
    let import = |expected: i32| {
        let args = [&arguments("import")[..], &["--store", "small/s"]].concat();
        let output = folder.dolmen(&args).output();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(expected), "{err}");
        err
    };
    let err = import(1);
    assert!(err.contains("no space left") && err.contains("free some"), "{err}");
    // What was kept is there, whole, and can be read while the disk is full.
    let on_store =
        |args: &[&str]| folder.dolmen(&[args, &["--store", "small/s"]].concat()).output();
    let kept = on_store(&["report", "--json"]);
    assert_eq!(kept.status.code(), Some(0), "{}", String::from_utf8_lossy(&kept.stderr));
    let verified = on_store(&["store", "verify"]);
    assert!(String::from_utf8_lossy(&verified.stdout).contains("whole"));
    disk.grow(64_000);
    import(0);
    let answer = |mut report: Value| {
        for key in ["files", "unparsed_lines"] {
            report[key] = Value::Null;
        }
        report
    };
    let found = on_store(&["report", "--json"]).stdout;
    let expected = folder.dolmen(&arguments("report")).json();
    assert_eq!(answer(serde_json::from_slice(&found).unwrap()), answer(expected));
}
