//! The join is a function of its entries: not of their order, of how they are cut into blocks, of
//! the number of workers, or of how much memory it may use.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use dolmen_join::{
    CallEntry, Chains, Fixed, JoinKey, Joiner, MarkEntry, Partitions, Place, Resolved, Spill,
    resolve,
};
use proptest::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fact(u16);

impl Fixed for Fact {
    const SIZE: usize = 2;
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
    }
    fn read(bytes: &[u8]) -> Self {
        Self(u16::from_le_bytes([bytes[0], bytes[1]]))
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

fn written(answer: &Resolved<'_, Fact, Fact>) -> String {
    match answer {
        Resolved::Call { call, hops, marks, bypassed } => {
            let hops: Vec<_> = hops.iter().map(|hop| (hop.time, hop.place, hop.fact)).collect();
            let marks: Vec<_> = marks.iter().map(|mark| (mark.time, mark.fact)).collect();
            let call = (call.key, call.time, call.place, call.fact);
            format!("{call:?} {hops:?} {marks:?} {bypassed}")
        }
        Resolved::MarkOnly(mark) => format!("{:?} {} {:?}", mark.key, mark.time, mark.fact),
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
        resolve(&chains(), calls, marks, |answer| answers.push(written(&answer)));
    }
    answers.sort();
    answers
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
                        .join(partitions, partition, &chains(), |answer| {
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
            // The fact follows from the place: two lines never stand in the same place.
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
