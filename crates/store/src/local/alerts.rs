use dolmen_model::Time;
use rusqlite::OptionalExtension;

use super::LocalStore;
use crate::alert::Alert;
use crate::catalog::{alerts, audit, get, set};
use crate::error::StoreError;

/// Since when somebody watches, in `meta`.
const WATCHED_SINCE: &str = "watched_since";

impl LocalStore {
    pub(super) fn read_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        let inner = self.inner();
        alerts::read(&inner.catalog.db).map_err(inner.catalog.refused("read the alerts"))
    }

    pub(super) fn write_alerts(&self, changed: &[Alert]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("keep the alerts");
        inner.catalog.transaction("keep the alerts", |tx| {
            changed.iter().try_for_each(|alert| alerts::keep(tx, alert)).map_err(&refused)
        })
    }

    pub(super) fn answer_alert(
        &self,
        id: i64,
        at: Time,
        what: &str,
        change: &mut dyn FnMut(&Alert) -> (Alert, String),
    ) -> Result<Option<Alert>, StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("keep an answer to an alert");
        inner.catalog.transaction("keep an answer to an alert", |tx| {
            let all = alerts::read(tx).map_err(&refused)?;
            let Some(alert) = all.iter().find(|alert| alert.id == id) else { return Ok(None) };
            let (next, detail) = change(alert);
            alerts::keep(tx, &next).map_err(&refused)?;
            audit(tx, at.micros(), what, &detail).map_err(&refused)?;
            Ok(Some(next))
        })
    }

    pub(super) fn read_watched(&self) -> Result<Option<Time>, StoreError> {
        let inner = self.inner();
        let since = get(&inner.catalog.db, WATCHED_SINCE).optional();
        let refused = inner.catalog.refused("read since when somebody watches");
        since.map(|since| since.map(Time::from_micros)).map_err(refused)
    }

    pub(super) fn watch_from(&self, now: Time) -> Result<Time, StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("begin to watch");
        inner.catalog.transaction("begin to watch", |tx| {
            if let Some(since) = get(tx, WATCHED_SINCE).optional().map_err(&refused)? {
                return Ok(Time::from_micros(since));
            }
            set(tx, WATCHED_SINCE, now.micros()).map_err(&refused)?;
            Ok(now)
        })
    }
}
