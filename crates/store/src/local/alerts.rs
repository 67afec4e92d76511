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

    pub(super) fn write_alerts(
        &self,
        change: &mut dyn FnMut(&[Alert]) -> Vec<Alert>,
    ) -> Result<(), StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("keep the alerts");
        inner.catalog.transaction("keep the alerts", |tx| {
            let all = alerts::read(tx).map_err(&refused)?;
            change(&all).iter().try_for_each(|alert| alerts::keep(tx, alert)).map_err(&refused)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Store as _};

    const TIMES: u64 = 30;

    fn alert() -> Alert {
        Alert {
            id: 0,
            kind: "residual_call".to_owned(),
            cause: "transfer on monolith".to_owned(),
            service: None,
            operation: None,
            opened: Time::MIN,
            first: None,
            last: None,
            count: 0,
            told: 0,
            acknowledged: None,
            muted_until: None,
        }
    }

    #[test]
    fn who_changes_one_at_the_same_time_undoes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::open(folder.path(), Options::default()).unwrap();
        store.change_alerts(&mut |_| vec![alert()]).unwrap();
        let id = store.alerts().unwrap()[0].id;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..TIMES {
                    let more = |alert: &Alert| Alert { count: alert.count + 1, ..alert.clone() };
                    store.change_alerts(&mut |all| all.iter().map(more).collect()).unwrap();
                }
            });
            scope.spawn(|| {
                for n in 0..TIMES {
                    let at = Time::from_micros(n.cast_signed());
                    let answer = &mut |alert: &Alert| {
                        (Alert { acknowledged: Some(at), ..alert.clone() }, String::new())
                    };
                    assert!(store.change_alert(id, at, "acknowledge", answer).unwrap().is_some());
                    // Nobody else takes it back.
                    assert_eq!(store.alerts().unwrap()[0].acknowledged, Some(at));
                }
            });
            for n in 1..=TIMES {
                let tell = |alert: &Alert| (Alert { told: n, ..alert.clone() }, Vec::new());
                assert_eq!(store.keep_told(id, Time::MIN, tell).unwrap(), 0);
                assert_eq!(store.alerts().unwrap()[0].told, n);
            }
        });
        let kept = &store.alerts().unwrap()[0];
        assert_eq!((kept.count, kept.told), (TIMES, TIMES));
        assert_eq!(kept.acknowledged, Some(Time::from_micros(TIMES.cast_signed() - 1)));
    }
}
