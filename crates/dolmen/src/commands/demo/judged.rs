//! May it be switched off? As it would have been answered on three days of the bank's years.

use dolmen_console::verdicts::{Asked, OperationVerdict, Verdicts, verdicts};
use dolmen_model::Time;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use super::console::Years;
use crate::commands::serve::facts;
use crate::stories::monobanque::figures::Figure;
use crate::stories::monobanque::operations;

/// The day after the last known actor stopped asking the monolith for external transfers.
const MOVED: Date = date(2023, 5, 10);
/// The day after the monthly script did.
const RESIDUAL: Date = date(2023, 6, 2);

/// What the verdict said.
pub(super) struct Judged {
    /// When everybody known had moved.
    pub(super) moved: Verdicts,
    /// When somebody unknown had not.
    pub(super) residual: Verdicts,
    /// After all these years.
    pub(super) end: Verdicts,
}

impl Judged {
    pub(super) fn of(years: &Years) -> anyhow::Result<Self> {
        let facts = facts::of(&years.settings, years.store.path());
        let at = |day: Option<Date>, operation: Option<&str>| -> anyhow::Result<Verdicts> {
            let at = day.map(|day| day.to_zoned(TimeZone::UTC)).transpose()?;
            let at = at.map(|at| Time::from_micros(at.timestamp().as_microsecond()));
            let operation = operation.map(str::to_owned);
            Ok(verdicts(&years.store, &facts, &Asked { at, operation, ..Asked::default() })?)
        };
        let external = Some(operations::EXTERNAL_TRANSFER);
        Ok(Self {
            moved: at(Some(MOVED), external)?,
            residual: at(Some(RESIDUAL), external)?,
            end: at(None, None)?,
        })
    }

    pub(super) fn figures(&self) -> Vec<Figure> {
        let state = |verdicts: &Verdicts| {
            verdicts.operations.first().map_or("none", |one| one.state.as_str()).to_owned()
        };
        let is_safe = if self.moved.is_safe { "safe" } else { "not yet" };
        let rhythm = self
            .residual
            .operations
            .iter()
            .flat_map(|operation| &operation.callers)
            .find(|caller| caller.actor.is_none())
            .map_or("none", |caller| caller.cadence.as_str());
        let safe: Vec<&str> = self
            .end
            .operations
            .iter()
            .filter(|operation| operation.is_safe)
            .map(|operation: &OperationVerdict| operation.operation.as_str())
            .collect();
        vec![
            Figure::new("external transfers when everybody known had moved", "not yet", is_safe),
            Figure::new("after the monthly script called", "residual", state(&self.residual)),
            Figure::new("its rhythm", "1st day of the month at 06:15", rhythm),
            Figure::new(
                "what may be switched off after three years",
                "balance and movements, card ceiling, external transfer, internal transfer",
                safe.join(", "),
            ),
        ]
    }
}
