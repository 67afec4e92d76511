//! Callers that were not seen before an instant.
//!
//! Callers are counted by hours, so of the hour that holds the instant the counts cannot tell who
//! called before it: the lines do, as long as there are any.

use dolmen_model::query::{Field, Query};
use dolmen_model::{NameId, SetId, Time};
use rusqlite::{Connection, params};
use rustc_hash::{FxHashMap, FxHashSet};

use super::LocalStore;
use super::lists::{Sum, minute};
use crate::catalog::{callers, damaged, get};
use crate::error::StoreError;
use crate::question::CallQuestion;
use crate::range::{Width, time_of};
use crate::stored::Newcomer;

/// An address and a user agent; what is empty is missing.
type Caller = (String, String);

/// What the lines of the hour of an instant say of those who called in it, so that they are read
/// once.
#[derive(Debug, Default)]
pub(super) struct Near {
    of: Option<(i64, Time)>,
    is_known: FxHashMap<Caller, bool>,
}

/// Calls of one caller under one heading, and the caller's texts.
struct Row {
    caller: Caller,
    service: NameId,
    operations: SetId,
    sum: Sum,
    is_near: bool,
}

impl LocalStore {
    pub(super) fn list_newcomers(&self, since: Time) -> Result<Vec<Newcomer>, StoreError> {
        let (rows, generation, lines_since) = {
            let inner = self.fresh()?;
            let db = &inner.catalog.db;
            let read = || Ok((rows(db, since)?, get(db, "generation")?, get(db, "lines_since")?));
            read().map_err(inner.catalog.refused("list new callers"))?
        };
        let hour = time_of(Width::Hour.floor(minute(since)));
        let is_certain = lines_since <= hour.micros();
        let near: FxHashSet<&Caller> =
            rows.iter().filter(|row| row.is_near).map(|row| &row.caller).collect();
        let mut known = self.near.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.of != Some((generation, since)) {
            *known = Near { of: Some((generation, since)), is_known: FxHashMap::default() };
        }
        if is_certain && near.iter().any(|caller| !known.is_known.contains_key(*caller)) {
            let (before, is_whole) = self.called_between(hour, since)?;
            for caller in near {
                let is_known = before.contains(caller);
                // Whether lines that cannot be read tell of the others is not known.
                if is_known || is_whole {
                    known.is_known.insert(caller.clone(), is_known);
                }
            }
        }
        let newcomers = rows.into_iter().filter_map(|row| {
            let is_known = match row.is_near {
                true => known.is_known.get(&row.caller).copied(),
                false => Some(false),
            };
            let text = |text: String| (!text.is_empty()).then_some(text);
            let (address, user_agent) = row.caller;
            (is_known != Some(true)).then(|| Newcomer {
                address: text(address),
                user_agent: text(user_agent),
                service: row.service,
                operations: row.operations,
                first: time_of(row.sum.first),
                last: time_of(row.sum.last),
                calls: row.sum.calls,
                is_certain: is_known.is_some(),
            })
        });
        Ok(newcomers.collect())
    }

    /// Whom nobody knows and who called between two instants, by the lines, and whether all of these
    /// can be read.
    fn called_between(
        &self,
        from: Time,
        to: Time,
    ) -> Result<(FxHashSet<Caller>, bool), StoreError> {
        let mut callers = FxHashSet::default();
        let Ok(query) = Query::parse("actor:unknown") else { return Ok((callers, true)) };
        let question = CallQuestion { from, to, query };
        let fields = [Field::Address, Field::UserAgent];
        let lacking = self.each_glimpse(&question, &fields, &mut |call| {
            let text = |field| call.text(field).to_owned();
            callers.insert((text(Field::Address), text(Field::UserAgent)));
        })?;
        Ok((callers, lacking.is_empty()))
    }
}

/// Whom nobody knows, who entered an operation from the bucket of `since` on, and who was not seen in
/// an earlier one.
fn rows(db: &Connection, since: Time) -> rusqlite::Result<Vec<Row>> {
    let mut sums: FxHashMap<(u32, callers::Under), Sum> = FxHashMap::default();
    let (mut before, mut near) = (FxHashSet::<u32>::default(), FxHashSet::<u32>::default());
    let edge = Width::Hour.floor(minute(since));
    let mut statement = db.prepare_cached(
        "SELECT bucket, counts FROM caller_counts
         WHERE generation = (SELECT value FROM meta WHERE key = 'generation') AND width = ?1",
    )?;
    let mut rows = statement.query([Width::Hour as i64])?;
    while let Some(row) = rows.next()? {
        let bucket: i64 = row.get(0)?;
        let unknown = |actor, under| (actor == NameId::UNKNOWN).then_some(under);
        let each = |under: callers::Under, caller, calls| {
            if bucket < edge {
                before.insert(caller);
                return;
            }
            near.extend((bucket == edge).then_some(caller));
            if under.1 != SetId::EMPTY {
                sums.entry((caller, under))
                    .and_modify(|sum| sum.add(bucket, calls))
                    .or_insert(Sum { first: bucket, last: bucket, calls });
            }
        };
        callers::counts(row.get_ref(1)?.as_blob()?, unknown, each)
            .ok_or_else(|| damaged("a row of caller_counts is cut short"))?;
    }
    let mut new = Vec::new();
    let mut texts = db.prepare_cached("SELECT address, user_agent FROM callers WHERE id = ?1")?;
    // Another user of the same address and agent is the same caller.
    let mut same =
        db.prepare_cached("SELECT id FROM callers WHERE address = ?1 AND user_agent = ?2")?;
    for ((caller, (service, operations)), sum) in sums {
        if before.contains(&caller) {
            continue;
        }
        let texts: (Vec<u8>, Vec<u8>) =
            texts.query_row([caller], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let same = same.query_map(params![texts.0, texts.1], |row| row.get::<_, u32>(0))?;
        let same: Vec<u32> = same.collect::<rusqlite::Result<_>>()?;
        if same.iter().all(|caller| !before.contains(caller)) {
            let is_near = same.iter().any(|caller| near.contains(caller));
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let caller = (text(&texts.0), text(&texts.1));
            new.push(Row { caller, service, operations, sum, is_near });
        }
    }
    Ok(new)
}
