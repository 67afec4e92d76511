use super::*;

fn lines(spool: &Spool) -> Vec<u8> {
    let mut all = Vec::new();
    for path in spool.files().unwrap() {
        let bytes = fs::read(path).unwrap();
        all.extend_from_slice(without_preamble(&bytes));
    }
    all
}

#[test]
fn lines_come_back_in_their_order_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
    spool.append(b"a\nb\n").unwrap();
    drop(spool);
    let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
    spool.append(b"c\n").unwrap();
    assert_eq!(lines(&spool), b"a\nb\nc\n");
}

#[test]
fn what_a_crash_cut_off_goes() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
    spool.append(b"a\n").unwrap();
    let path = spool.files().unwrap().remove(0);
    drop(spool);
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"half a li").unwrap();
    let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
    spool.append(b"b\n").unwrap();
    assert_eq!(lines(&spool), b"a\nb\n");
    // So does a file that was only being made.
    drop(spool);
    fs::write(path_of(folder.path(), 2), "#dol").unwrap();
    let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
    spool.append(b"c\n").unwrap();
    assert_eq!(lines(&spool), b"a\nb\nc\n");
}

#[test]
fn no_two_files_begin_alike() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let heads = folders.each_ref().map(|folder| {
        let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
        spool.append(b"a\n").unwrap();
        fs::read(&spool.files().unwrap()[0]).unwrap()
    });
    assert_ne!(heads[0], heads[1]);
}

#[test]
fn a_full_spool_takes_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), "s", 60).unwrap();
    spool.append(b"a\n").unwrap();
    let error = spool.append(b"0123456789012345678\n").unwrap_err();
    assert!(matches!(error, SpoolError::Full { limit: 60, .. }), "{error}");
    assert_eq!(lines(&spool), b"a\n");
}

#[test]
fn what_was_read_is_removed_and_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(path_of(folder.path(), 1), "#dolmen-spool 1\nold\n").unwrap();
    fs::write(path_of(folder.path(), 2), "#dolmen-spool 2\nnew\n").unwrap();
    let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
    assert_eq!(spool.bytes(), 40);
    spool.release(|_| true).unwrap();
    assert_eq!((lines(&spool), spool.bytes()), (b"new\n".to_vec(), 20));
}

#[test]
fn many_may_append_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
    std::thread::scope(|scope| {
        for name in ["a", "b", "c", "d"] {
            let spool = &spool;
            scope.spawn(move || {
                for n in 0..50 {
                    spool.append(format!("{name}{n}\n").as_bytes()).unwrap();
                }
            });
        }
    });
    let text = String::from_utf8(lines(&spool)).unwrap();
    for name in ["a", "b", "c", "d"] {
        let mine: Vec<_> = text.lines().filter(|line| line.starts_with(name)).collect();
        assert_eq!(mine, (0..50).map(|n| format!("{name}{n}")).collect::<Vec<_>>());
    }
}
