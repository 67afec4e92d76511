//! What a report says, from the cubes where they can answer, else from the rows.

mod scan;

use dolmen_cubes::CachedCallers;
use dolmen_model::query::{Field, Query, Value};
use dolmen_model::{NameId, Names, Table, Time};
use rusqlite::{Connection, params};

use super::LocalStore;
use crate::catalog::cube::{Dimension, Durations};
use crate::catalog::findings::{self, Finding};
use crate::catalog::removed_range;
use crate::error::StoreError;
use crate::question::{CallQuestion, CallerQuestion, CubeQuestion};
use crate::store::Store;
use crate::survey::{MarkOnly, Survey};

impl LocalStore {
    pub(super) fn answer_survey(&self, question: &CallQuestion) -> Result<Survey, StoreError> {
        let is_all = question.from == Time::MIN && question.to == Time::MAX;
        let mut survey = if is_all && question.query.is_empty() {
            self.survey_cubes(question)?
        } else {
            self.survey_rows(question)?
        };
        let inner = self.fresh()?;
        let refused = inner.catalog.refused("list marks without a call");
        let db = &inner.catalog.db;
        mark_only(db, question, &self.names, &mut survey).map_err(&refused)?;
        survey.overused_ids = findings::overused_ids(db).map_err(&refused)?;
        Ok(survey)
    }

    /// All calls of all time.
    fn survey_cubes(&self, question: &CallQuestion) -> Result<Survey, StoreError> {
        use Dimension::{Actor, Endpoint, Joined, Operations, Service, Status};
        let mut survey = Survey::new();
        let (from, to) = (question.from, question.to);
        let by = vec![Service, Operations, Actor, Endpoint, Status, Joined];
        let durations = Durations::Asked;
        survey.cube = self.count(&CubeQuestion { from, to, by, every: None, durations })?.cube;
        let (actor, operation) = (Some(NameId::UNKNOWN), None);
        let all = CallerQuestion { from, to, actor, operation, most: usize::MAX };
        let mut callers = CachedCallers::new(&survey.caller_names);
        for row in self.list_callers(&all)? {
            let [address, agent] = [&row.address, &row.user_agent]
                .map(|text| text.as_deref().unwrap_or_default().as_bytes());
            let caller = callers.intern(address, agent);
            survey.callers.add_calls(caller, row.operations, row.calls);
        }
        {
            let inner = self.fresh()?;
            let refused = inner.catalog.refused("read what a report counts");
            let db = &inner.catalog.db;
            survey.bypassed = findings::total(db, Finding::Bypassed).map_err(&refused)?;
            survey.disagreements = findings::total(db, Finding::Disagreement).map_err(&refused)?;
            survey.repeated_ids = findings::repeats(db).map_err(&refused)?;
            survey.marks = marks_with_a_call(db).map_err(&refused)?;
        }
        self.first_and_last(&mut survey)?;
        let inner = self.fresh()?;
        let (from, to) = removed_range::read(&inner.catalog.db)
            .map_err(inner.catalog.refused("read from when to when there were lines"))?;
        survey.saw(from);
        survey.saw(to);
        Ok(survey)
    }
}

fn marks_with_a_call(db: &Connection) -> rusqlite::Result<u64> {
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0));
    let all = count("SELECT ifnull(sum(marks), 0) FROM mark_cube WHERE width = 3")?;
    let waiting = count("SELECT count(*) FROM waiting")?;
    let gone = count("SELECT ifnull(sum(marks), 0) FROM mark_only")?;
    Ok((all - waiting - gone).max(0) as u64)
}

/// Marks without a call that fulfil the question.
fn mark_only(
    db: &Connection,
    question: &CallQuestion,
    names: &Names,
    survey: &mut Survey,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT service, operation, sum(marks), min(first), max(last) FROM (
            SELECT service, operation, count(*) AS marks, min(time) AS first, max(time) AS last
            FROM waiting WHERE (?3 OR time >= ?1) AND (?3 OR time < ?2)
            GROUP BY service, operation
            UNION ALL SELECT service, operation, marks, NULL, NULL FROM mark_only WHERE ?3)
         GROUP BY service, operation",
    )?;
    let (from, to) = (question.from, question.to);
    let is_all = from == Time::MIN && to == Time::MAX;
    let mut rows = statement.query(params![from.micros(), to.micros(), is_all])?;
    while let Some(row) = rows.next()? {
        let (service, operation) = (NameId(row.get(0)?), NameId(row.get(1)?));
        if !fulfils(&question.query, service, operation, names) {
            continue;
        }
        let marks = row.get::<_, i64>(2)? as u64;
        survey.marks += marks;
        survey.mark_only.push(MarkOnly { operation, service, marks });
        survey.saw(row.get(3)?);
        survey.saw(row.get(4)?);
    }
    Ok(())
}

/// Whether a mark without a call fulfils a query: it has no line of a proxy, so every field of one
/// is missing.
fn fulfils(query: &Query, service: NameId, operation: NameId, names: &Names) -> bool {
    let text = |table: &Table, id| table.name(id).unwrap_or_default();
    query.holds(|at| {
        let atom = &query.atoms()[at];
        match atom.field() {
            Field::Service => atom.matches(Value::Text(text(&names.services, service).as_bytes())),
            Field::Operation => {
                atom.matches(Value::Text(text(&names.operations, operation).as_bytes()))
            }
            Field::Joined => atom.matches(Value::MarkOnly),
            _ => atom.matches(Value::Unknown),
        }
    })
}
