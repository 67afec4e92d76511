//! Names and sets: a number in the catalog is a number in [`Names`], because the catalog fills
//! `Names` in its own order when it is opened and only its one writer adds to it.

use dolmen_join::Chains;
use dolmen_model::{NameId, Names, SetId, Table};
use rusqlite::{Connection, OptionalExtension, params};
use rustc_hash::FxHashMap;

use crate::commit::SourceInfo;
use crate::error::StoreError;

/// How many names of each kind, and how many sets, the catalog has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Saved {
    names: [usize; 4],
    sets: usize,
}

const FIRST: u32 = 2;

fn tables(names: &Names) -> [(&'static str, &Table); 4] {
    [
        ("actors", &names.actors),
        ("operations", &names.operations),
        ("services", &names.services),
        ("endpoints", &names.endpoints),
    ]
}

/// Reads what was added since `saved` into `names`.
pub(crate) fn load(
    db: &Connection,
    names: &Names,
    mut saved: Saved,
) -> rusqlite::Result<Result<Saved, StoreError>> {
    let mut rows =
        db.prepare_cached("SELECT id, name FROM names WHERE kind = ?1 AND id >= ?2 ORDER BY id")?;
    for (kind, (what, table)) in tables(names).into_iter().enumerate() {
        let from = saved.names[kind] as i64 + i64::from(FIRST);
        let mut rows = rows.query(params![kind as i64, from])?;
        while let Some(row) = rows.next()? {
            let (id, name): (u32, Vec<u8>) = (row.get(0)?, row.get(1)?);
            if table.intern(&name) != NameId(id) {
                return Ok(Err(StoreError::Names { kind: what }));
            }
            saved.names[kind] += 1;
        }
    }
    let mut statement =
        db.prepare_cached("SELECT id, operation FROM sets WHERE id >= ?1 ORDER BY id, operation")?;
    let mut rows = statement.query([saved.sets.max(1) as i64])?;
    let mut set: Vec<NameId> = Vec::new();
    let mut current = 0_u32;
    let mut last = 0_u32;
    loop {
        let next = match rows.next()? {
            Some(row) => Some((row.get::<_, u32>(0)?, NameId(row.get(1)?))),
            None => None,
        };
        let id = next.map(|(id, _)| id);
        if current != 0 && id != Some(current) {
            if names.sets.intern(&set) != SetId(current) {
                return Ok(Err(StoreError::Names { kind: "sets of operations" }));
            }
            set.clear();
            last = current;
        }
        let Some((id, operation)) = next else { break };
        current = id;
        set.push(operation);
    }
    saved.sets = saved.sets.max(1).max(last as usize + 1);
    Ok(Ok(saved))
}

/// Writes what `names` has and the catalog has not.
pub(crate) fn save(db: &Connection, names: &Names, mut saved: Saved) -> rusqlite::Result<Saved> {
    let mut insert = db.prepare_cached("INSERT INTO names VALUES (?1, ?2, ?3)")?;
    // Sets first: one that is seen here has its operations in their table already.
    let sets = names.sets.len();
    for (kind, (_, table)) in tables(names).into_iter().enumerate() {
        let len = table.len();
        for number in saved.names[kind]..len {
            let id = NameId(number as u32 + FIRST);
            if let Some(name) = table.bytes(id) {
                insert.execute(params![kind as i64, id.0, &*name])?;
            }
        }
        saved.names[kind] = len;
    }
    let mut insert = db.prepare_cached("INSERT INTO sets VALUES (?1, ?2)")?;
    for number in saved.sets.max(1)..sets {
        for operation in names.sets.operations(SetId(number as u32)) {
            insert.execute(params![number as i64, operation.0])?;
        }
    }
    saved.sets = sets;
    Ok(saved)
}

/// The number of a source, given now if it has none.
pub(crate) fn source(db: &Connection, name: &str) -> rusqlite::Result<i64> {
    let mut find = db.prepare_cached("SELECT id FROM sources WHERE name = ?1")?;
    if let Some(id) = find.query_row([name], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    db.prepare_cached("INSERT INTO sources (name) VALUES (?1)")?.insert([name])
}

/// Remembers what is known of a source.
pub(crate) fn describe(db: &Connection, info: &SourceInfo) -> rusqlite::Result<()> {
    let id = source(db, &info.name)?;
    // A chain is known before a line of its front is.
    info.behind.as_deref().map(|front| source(db, front)).transpose()?;
    db.prepare_cached(
        "UPDATE sources SET typed = ?2, behind = ?3
         WHERE id = ?1 AND (typed <> ?2 OR behind IS NOT ?3)",
    )?
    .execute(params![id, info.is_typed(), info.behind])
    .map(drop)
}

/// The sources by number, and which stands behind which.
pub(crate) fn chains(db: &Connection) -> rusqlite::Result<(FxHashMap<String, u16>, Chains)> {
    let mut statement = db.prepare_cached("SELECT id, name, behind FROM sources ORDER BY id")?;
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let sources: Vec<(u16, String, Option<String>)> =
        statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?;
    let numbers: FxHashMap<String, u16> =
        sources.iter().map(|(id, name, _)| (name.clone(), *id)).collect();
    let mut behind = vec![None; sources.last().map_or(0, |(id, ..)| usize::from(*id) + 1)];
    for (id, _, front) in sources {
        behind[usize::from(id)] = front.and_then(|front| numbers.get(&front).copied());
    }
    Ok((numbers, Chains::new(behind)))
}
