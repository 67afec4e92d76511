//! What a report counts beside the cube: calls that are worth a word, by hour.

use dolmen_model::{Joined, NameId, Names};
use rusqlite::{Connection, params};
use rustc_hash::FxHashSet;

use super::waiting::short;
use crate::facts::Settled;
use crate::rows::IdKey;

/// What is worth a word about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Finding {
    /// A source behind another logged it, and the one in front did not.
    Bypassed,
    /// Its rules claim another operation than its marks say.
    Disagreement,
}

impl Finding {
    const fn name(self) -> &'static str {
        match self {
            Self::Bypassed => "bypassed",
            Self::Disagreement => "disagreement",
        }
    }

    /// What is worth a word about this one.
    pub(crate) fn of(
        settled: &Settled,
        claimed: NameId,
        names: &Names,
    ) -> impl Iterator<Item = Self> {
        let counts = settled.role.counts();
        let bypassed = (counts && settled.bypassed).then_some(Self::Bypassed);
        let disagrees = counts && disagrees(settled, claimed, names);
        bypassed.into_iter().chain(disagrees.then_some(Self::Disagreement))
    }
}

fn disagrees(settled: &Settled, claimed: NameId, names: &Names) -> bool {
    settled.joined == Joined::Joined
        && claimed.is_known()
        && !names.sets.operations(settled.operations).contains(&claimed)
}

/// Counts so many calls more, or less.
pub(crate) fn add(
    db: &Connection,
    generation: i64,
    hour: i64,
    finding: Finding,
    calls: i64,
) -> rusqlite::Result<()> {
    let row = params![generation, hour, finding.name(), calls];
    db.prepare_cached(
        "INSERT INTO findings VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
    )?
    .execute(row)?;
    // As with cubes, the order in which lines came leaves no trace.
    db.prepare_cached(
        "DELETE FROM findings WHERE generation = ?1 AND hour = ?2 AND what = ?3 AND calls = 0",
    )?
    .execute(params![generation, hour, finding.name()])
    .map(drop)
}

/// How many calls in all hours.
pub(crate) fn total(db: &Connection, finding: Finding) -> rusqlite::Result<u64> {
    db.prepare_cached(
        "SELECT ifnull(sum(calls), 0) FROM findings
         WHERE generation = (SELECT value FROM meta WHERE key = 'generation') AND what = ?1",
    )?
    .query_row([finding.name()], |row| row.get::<_, i64>(0))
    .map(|calls| calls as u64)
}

/// Remembers whether several calls carry this id.
pub(crate) fn repeat(db: &Connection, key: IdKey, repeated: bool) -> rusqlite::Result<()> {
    let sql = match repeated {
        true => "INSERT OR IGNORE INTO repeats VALUES (?1)",
        false => "DELETE FROM repeats WHERE key = ?1",
    };
    db.prepare_cached(sql)?.execute([key.0.to_be_bytes()]).map(drop)
}

/// How many ids several calls carry.
pub(crate) fn repeats(db: &Connection) -> rusqlite::Result<u64> {
    db.query_row("SELECT count(*) FROM repeats", [], |row| row.get::<_, i64>(0))
        .map(|ids| ids as u64)
}

/// Remembers that too many lines carry this id to be joined by it.
pub(crate) fn overuse(db: &Connection, key: IdKey) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO overused VALUES (?1)")?
        .execute([key.0.to_be_bytes()])
        .map(drop)
}

/// The ids that too many lines carry, shortened.
pub(crate) fn overused(db: &Connection) -> rusqlite::Result<FxHashSet<u64>> {
    let mut statement = db.prepare("SELECT key FROM overused")?;
    statement
        .query_map([], |row| row.get(0).map(|key| short(IdKey(u128::from_be_bytes(key)))))?
        .collect()
}

/// How many ids too many lines carry. A catalog of an older format knows of none.
pub(crate) fn overused_ids(db: &Connection) -> rusqlite::Result<u64> {
    let is_there = "SELECT count(*) FROM sqlite_schema WHERE name = 'overused'";
    if db.query_row(is_there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(0);
    }
    db.query_row("SELECT count(*) FROM overused", [], |row| row.get::<_, i64>(0))
        .map(|ids| ids as u64)
}
