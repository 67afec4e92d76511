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
fn however_little_may_wait_what_was_read_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let spool = Spool::open(folder.path(), "s", 1_000).unwrap();
    for _ in 0..100 {
        spool.append(&[b'\n'; 100]).unwrap();
        spool.release(|_| true).unwrap();
    }
    spool.set_limit(10);
    assert!(matches!(spool.append(b"a\n"), Err(SpoolError::Full { limit: 10, .. })));
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

fn batch(parts: &[(u128, &str)]) -> Batch {
    let lines = parts.iter().map(|(_, lines)| *lines).collect::<String>().into_bytes();
    let parts = parts.iter().map(|(key, part)| (Some(*key), part.len())).collect();
    Batch { lines, parts, seal: None }
}

#[test]
fn what_has_a_key_is_taken_once_also_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Spool::open(folder.path(), "s", 1 << 20).unwrap();
    let spool = open();
    assert_eq!(spool.append_once(&batch(&[(1, "a\nb\n"), (2, "c\n"), (2, "c\n")])).unwrap(), 2);
    assert_eq!(spool.append_once(&batch(&[(1, "a\nb\n")])).unwrap(), 0);
    drop(spool);
    let spool = open();
    assert_eq!(spool.append_once(&batch(&[(2, "c\n"), (3, "d\n")])).unwrap(), 1);
    spool.append(b"e\n").unwrap();
    assert_eq!(lines(&spool), b"a\nb\nc\nd\ne\n");
}

#[test]
fn of_what_a_crash_cut_off_only_the_rest_is_added() {
    let whole = batch(&[(1, "a\nb\n"), (2, "c\n"), (3, "dd\nee\n")]);
    let image = {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
        spool.append_once(&whole).unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        (read("000000001.log"), read("keys"))
    };
    let preamble = image.0.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    // The process was killed after any byte of the record and of the lines.
    for (log, keys) in (0..image.1.len())
        .map(|cut| (preamble, cut))
        .chain((preamble..=image.0.len()).map(|cut| (cut, image.1.len())))
    {
        let folder = tempfile::tempdir().unwrap();
        fs::write(path_of(folder.path(), 1), &image.0[..log]).unwrap();
        fs::write(folder.path().join("keys"), &image.1[..keys]).unwrap();
        for _ in 0..2 {
            // Whatever comes in between, and however often it is started.
            let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
            spool.append(b"between\n").unwrap();
        }
        let spool = Spool::open(folder.path(), "s", 1 << 20).unwrap();
        spool.append_once(&whole).unwrap();
        spool.append_once(&whole).unwrap();
        let mut found: Vec<String> =
            String::from_utf8(lines(&spool)).unwrap().lines().map(str::to_owned).collect();
        found.sort();
        assert_eq!(found, ["a", "b", "between", "between", "c", "dd", "ee"], "{log} {keys}");
    }
}

#[test]
fn other_lines_under_a_key_that_came_are_refused_also_after_a_crash() {
    let one = Batch { seal: Some(11), ..batch(&[(1, "a\nb\n")]) };
    let other = Batch { seal: Some(12), ..batch(&[(1, "cc\ndd\n")]) };
    let folder = tempfile::tempdir().unwrap();
    let open = || Spool::open(folder.path(), "s", 1 << 20).unwrap();
    let spool = open();
    assert_eq!(spool.append_once(&one).unwrap(), 1);
    assert!(matches!(spool.append_once(&other), Err(SpoolError::Other)));
    assert_eq!(spool.append_once(&one).unwrap(), 0);
    drop(spool);
    // Half of it was written when it was killed.
    let log = path_of(folder.path(), 1);
    let length = fs::metadata(&log).unwrap().len();
    OpenOptions::new().write(true).open(&log).unwrap().set_len(length - 2).unwrap();
    for _ in 0..2 {
        assert!(matches!(open().append_once(&other), Err(SpoolError::Other)));
    }
    let spool = open();
    assert_eq!(spool.append_once(&one).unwrap(), 1);
    assert_eq!(spool.append_once(&one).unwrap(), 0);
    assert_eq!(lines(&spool), b"a\nb\n");
}
