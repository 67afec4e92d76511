//! The join is a function of its entries: not of their order, of how they are cut into blocks, of
//! the number of workers, or of how much memory it may use.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use dolmen_join::{
    Answer, CallEntry, Chains, JoinKey, Joiner, MOST_LINES, MOST_NUMBERS, MarkEntry, Partitions,
    Place, Resolved, Spill, resolve,
};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fact(u16);

impl dolmen_join::Fact for Fact {
    const NUMBERS: usize = 1;
    fn numbers(&self) -> [u64; MOST_NUMBERS] {
        [u64::from(self.0), 0, 0, 0, 0, 0]
    }
    fn of(numbers: &[u64; MOST_NUMBERS]) -> Self {
        Self(numbers[0] as u16)
    }
}

#[derive(Default)]
struct MemorySpill(Mutex<Vec<u8>>);

impl Spill for MemorySpill {
    fn append(&self, bytes: &[u8]) -> io::Result<u64> {
        let mut all = self.0.lock().unwrap();
        let at = all.len() as u64;
        all.extend_from_slice(bytes);
        Ok(at)
    }
    fn read(&self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        let all = self.0.lock().unwrap();
        bytes.copy_from_slice(&all[at as usize..at as usize + bytes.len()]);
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Entry {
    Call(CallEntry<Fact>),
    Mark(MarkEntry<Fact>),
}

/// Every answer, written out and sorted.
type Answers = Vec<String>;

/// What a partition keeps of a key, beside what its own number says.
fn kept(key: JoinKey) -> u128 {
    key.0 & ((1 << 80) - 1)
}

fn written(answer: &Resolved<'_, Fact, Fact>) -> String {
    match answer {
        Resolved::Call { call, hops, marks, bypassed } => {
            let source = |call: &CallEntry<Fact>| call.place.source;
            let hops: Vec<_> = hops.iter().map(|hop| (hop.time, source(hop), hop.fact)).collect();
            // Those of one instant are in no order.
            let mut marks: Vec<_> = marks.iter().map(|mark| (mark.time, mark.fact)).collect();
            marks.sort();
            let call = (kept(call.key), call.time, source(call), call.fact);
            format!("{call:?} {hops:?} {marks:?} {bypassed}")
        }
        Resolved::MarkOnly(mark) => format!("{} {} {:?}", kept(mark.key), mark.time, mark.fact),
        Resolved::Repeated { calls } => format!("repeated {calls}"),
    }
}

fn chains() -> Chains {
    Chains::new(vec![None, Some(0), None])
}

/// The plain definition: a map from id to its entries, each resolved.
fn expected(entries: &[Entry]) -> Answers {
    type Group = (Vec<CallEntry<Fact>>, Vec<MarkEntry<Fact>>);
    let mut groups: BTreeMap<JoinKey, Group> = BTreeMap::new();
    for entry in entries {
        match entry {
            Entry::Call(call) => groups.entry(call.key).or_default().0.push(*call),
            Entry::Mark(mark) => groups.entry(mark.key).or_default().1.push(*mark),
        }
    }
    let mut answers = Vec::new();
    for (calls, marks) in groups.values_mut() {
        resolve(&chains(), calls, marks, by_fact, |answer| answers.push(written(&answer)));
    }
    answers.sort();
    answers
}

/// What a line says is all that tells it apart.
fn by_fact(a: &CallEntry<Fact>, b: &CallEntry<Fact>) -> std::cmp::Ordering {
    a.fact.cmp(&b.fact).then(a.place.source.cmp(&b.place.source))
}

/// The join itself: blocks dealt out to workers, partitions joined by as many.
fn joined(entries: &[Entry], block: usize, workers: usize, memory: usize) -> Answers {
    let partitions = Partitions::new(memory, Box::<MemorySpill>::default());
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let partitions = &partitions;
            scope.spawn(move || {
                let mut buffers = partitions.buffers();
                for block in entries.chunks(block).skip(worker).step_by(workers) {
                    for entry in block {
                        match entry {
                            Entry::Call(call) => buffers.call(call).unwrap(),
                            Entry::Mark(mark) => buffers.mark(mark).unwrap(),
                        }
                    }
                }
                buffers.flush().unwrap();
            });
        }
    });
    let answers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let (partitions, answers) = (&partitions, &answers);
            scope.spawn(move || {
                let mut joiner = Joiner::new(memory);
                for partition in (worker..partitions.count()).step_by(workers) {
                    joiner
                        .join(partitions, partition, &chains(), by_fact, |answer| {
                            let Answer::Resolved(answer) = answer else {
                                unreachable!("{answer:?}");
                            };
                            answers.lock().unwrap().push(written(&answer));
                        })
                        .unwrap();
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap();
    answers.sort();
    answers
}

fn entry() -> impl Strategy<Value = Entry> {
    // Few ids and few instants, so that ties, repeats and second marks are common.
    (0..40_u16, 0..6_i64, 0..3_u16, any::<bool>(), 0..1000_u64).prop_map(
        |(id, time, source, is_call, position)| {
            let key = JoinKey::of(&id.to_le_bytes());
            let place = Place { source, position };
            // What it says follows from where it stands.
            let fact = Fact(position as u16);
            if is_call {
                Entry::Call(CallEntry { key, time, place, fact })
            } else {
                Entry::Mark(MarkEntry { key, time, place, fact })
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_order_any_cut_any_workers_any_memory(
        (entries, shuffled) in prop::collection::vec(entry(), 0..400)
            .prop_flat_map(|entries| (Just(entries.clone()), Just(entries).prop_shuffle())),
        block in 1_usize..50,
        workers in 1_usize..5,
        memory in prop::sample::select(vec![1_usize, 300, 10_000, 1 << 20]),
    ) {
        let answers = joined(&shuffled, block, workers, memory);
        prop_assert_eq!(answers, expected(&entries));
    }
}

/// An id that nearly every line has makes one partition larger than may be held: still, each entry
/// is read and written but a few times.
#[test]
fn what_is_spilled_is_read_a_few_times_however_much_it_is() {
    #[derive(Default)]
    struct Counting(MemorySpill, AtomicUsize);
    struct Shared(Arc<Counting>);
    impl Spill for Shared {
        fn append(&self, bytes: &[u8]) -> io::Result<u64> {
            self.0.0.append(bytes)
        }
        fn read(&self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
            self.0.1.fetch_add(bytes.len(), Ordering::Relaxed);
            self.0.0.read(at, bytes)
        }
    }
    let spill = Arc::new(Counting::default());
    let partitions: Partitions<Fact, Fact> = Partitions::new(0, Box::new(Shared(spill.clone())));
    let mut buffers = partitions.buffers();
    let mut expected = 0;
    for number in 0..200_000_u64 {
        let id = if number % 10 == 0 { number } else { 0 };
        expected += u64::from(id > 0);
        let (key, place) = (JoinKey::of(&id.to_le_bytes()), Place { source: 0, position: number });
        let fact = Fact(number as u16);
        buffers.call(&CallEntry { key, time: number as i64, place, fact }).unwrap();
    }
    buffers.flush().unwrap();
    let spilled = spill.0.0.lock().unwrap().len();
    let mut joiner = Joiner::new(16 << 10);
    let (mut alone, mut apart, mut overused) = (0, 0, Vec::new());
    for partition in 0..partitions.count() {
        joiner
            .join(&partitions, partition, &chains(), by_fact, |answer| match answer {
                Answer::Resolved(Resolved::Call { .. }) => alone += 1,
                Answer::ApartCall(_) => apart += 1,
                Answer::Overused { lines } => overused.push(lines),
                other => unreachable!("{other:?}"),
            })
            .unwrap();
    }
    assert_eq!((alone, apart, overused), (expected, 200_000 - expected, vec![200_000 - expected]));
    let read = spill.1.load(Ordering::Relaxed);
    assert!(read <= 3 * spilled, "{read} bytes read of {spilled}");
}

#[test]
fn a_full_spill_is_an_error_not_a_loss() {
    struct Full;
    impl Spill for Full {
        fn append(&self, _: &[u8]) -> io::Result<u64> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn read(&self, _: u64, _: &mut [u8]) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }
    let partitions: Partitions<Fact, Fact> = Partitions::new(0, Box::new(Full));
    let mut buffers = partitions.buffers();
    let place = Place { source: 0, position: 0 };
    let entry = CallEntry { key: JoinKey::of(b"a"), time: 0, place, fact: Fact(0) };
    buffers.call(&entry).unwrap();
    assert_eq!(buffers.flush().unwrap_err().kind(), io::ErrorKind::StorageFull);
}

#[test]
fn a_spill_that_comes_back_cut_short_is_an_error_not_a_loss() {
    struct Forgetful;
    impl Spill for Forgetful {
        fn append(&self, _: &[u8]) -> io::Result<u64> {
            Ok(0)
        }
        fn read(&self, _: u64, bytes: &mut [u8]) -> io::Result<()> {
            // Every number says that it has more bytes than there are.
            bytes.fill(0xff);
            Ok(())
        }
    }
    let partitions: Partitions<Fact, Fact> = Partitions::new(0, Box::new(Forgetful));
    let mut buffers = partitions.buffers();
    let place = Place { source: 0, position: 0 };
    buffers.call(&CallEntry { key: JoinKey(0), time: 0, place, fact: Fact(0) }).unwrap();
    buffers.flush().unwrap();
    let mut joiner = Joiner::new(1 << 20);
    assert!(joiner.join(&partitions, 0, &chains(), by_fact, |_| {}).is_err());
}

/// An id with as many lines as can be joined is; with one more, in whatever order they come, none
/// is, nothing is lost, and no more of them are held.
#[test]
fn an_id_that_too_many_lines_carry_joins_nothing_and_says_so() {
    let calls = MOST_LINES / 4 * 3;
    for (more, order) in [(0, 0), (1, 0), (1, 1), (MOST_LINES * 2, 0)] {
        let partitions = Partitions::new(usize::MAX, Box::<MemorySpill>::default());
        let mut buffers = partitions.buffers();
        let key = JoinKey::of(b"undefined");
        let fact = Fact(0);
        let marks = MOST_LINES - calls + more;
        for number in 0..calls + marks {
            let place = Place { source: 0, position: number };
            let time = number as i64;
            let is_call = if order == 0 { number < calls } else { number >= marks };
            if is_call {
                buffers.call(&CallEntry { key, time, place, fact }).unwrap();
            } else {
                buffers.mark(&MarkEntry { key, time, place, fact }).unwrap();
            }
        }
        let other = CallEntry {
            key: JoinKey::of(b"a"),
            time: 0,
            place: Place { source: 0, position: 0 },
            fact,
        };
        buffers.call(&other).unwrap();
        buffers.flush().unwrap();
        let (mut joined, mut apart, mut mark_only, mut overused) = (0, 0, 0, Vec::new());
        let mut joiner = Joiner::new(1 << 30);
        for partition in 0..partitions.count() {
            joiner
                .join(&partitions, partition, &chains(), by_fact, |answer| match answer {
                    Answer::Resolved(Resolved::Call { .. }) => joined += 1,
                    Answer::Resolved(_) => {}
                    Answer::ApartCall(_) => apart += 1,
                    Answer::ApartMark(_) => mark_only += 1,
                    Answer::Overused { lines } => overused.push(lines),
                })
                .unwrap();
        }
        if more == 0 {
            assert_eq!((joined, apart, mark_only, overused), (calls + 1, 0, 0, vec![]));
        } else {
            assert_eq!((joined, apart, mark_only), (1, calls, marks));
            assert_eq!(overused, [calls + marks]);
        }
    }
}
