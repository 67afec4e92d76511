//! The simulated disk must be as unkind as a real one, and both must agree on what is asked.

use std::path::Path;

use super::{Fault, RealVfs, SimVfs, Vfs};

/// What every disk does.
fn behaves(vfs: &dyn Vfs, root: &Path) {
    let (folder, file) = (root.join("d"), root.join("d/a"));
    vfs.create_dir(&folder).unwrap();
    vfs.create_dir(&folder).unwrap();
    vfs.create(&file, b"0123456789").unwrap();
    assert!(vfs.create(&file, b"").is_err(), "it exists");
    vfs.sync(&file).unwrap();
    assert_eq!(vfs.len(&file).unwrap(), 10);
    assert_eq!(vfs.read_at(&file, 3, 4).unwrap(), b"3456");
    assert!(vfs.read_at(&file, 8, 4).is_err(), "it ends before");
    vfs.rename(&file, &root.join("d/b")).unwrap();
    vfs.sync_dir(&folder).unwrap();
    assert_eq!(vfs.list(&folder).unwrap(), ["b"]);
    assert_eq!(vfs.len(&file).unwrap_err().kind(), std::io::ErrorKind::NotFound);
    vfs.remove(&root.join("d/b")).unwrap();
    assert!(vfs.list(&folder).unwrap().is_empty());
}

#[test]
fn both_disks_behave() {
    let folder = tempfile::tempdir().unwrap();
    behaves(&RealVfs, folder.path());
    behaves(&SimVfs::new(), folder.path());
}

#[test]
fn what_was_not_synced_is_gone() {
    let (root, a, b) = (Path::new("/d"), Path::new("/d/a"), Path::new("/d/b"));
    let vfs = SimVfs::new();
    // Bytes synced, name not.
    vfs.create(a, b"bytes").unwrap();
    vfs.sync(a).unwrap();
    vfs.restart();
    assert!(vfs.len(a).is_err());
    // Name synced, bytes not.
    vfs.create(a, b"bytes").unwrap();
    vfs.sync_dir(root).unwrap();
    vfs.restart();
    assert_eq!(vfs.len(a).unwrap(), 0);
    // Both; then a new name that is not synced.
    vfs.create(b, b"bytes").unwrap();
    vfs.sync(b).unwrap();
    vfs.sync_dir(root).unwrap();
    vfs.rename(b, a).unwrap();
    vfs.restart();
    assert_eq!(vfs.read_at(b, 0, 5).unwrap(), b"bytes");
}

#[test]
fn faults_happen_where_they_are_told_to() {
    let (root, a) = (Path::new("/d"), Path::new("/d/a"));
    let vfs = SimVfs::new();
    vfs.fail(Some(Fault::ShortWrite { at: 0 }));
    assert!(vfs.create(a, b"0123456789").is_err());
    assert!(vfs.sync_dir(root).is_err(), "the machine has stopped");
    vfs.restart();
    assert_eq!(vfs.read_at(a, 0, 5).unwrap(), b"01234");

    vfs.fail(Some(Fault::Full { capacity: 7 }));
    let error = vfs.create(Path::new("/d/b"), b"0123").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}
