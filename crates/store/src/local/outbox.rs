//! What is still to be sent to somebody outside.

use dolmen_model::Time;
use rusqlite::Transaction;

use super::LocalStore;
use crate::alert::Alert;
use crate::catalog::{alerts, outbox};
use crate::error::StoreError;
use crate::outbox::{NewNotice, Notice};

impl LocalStore {
    /// Keeps an alert as it is after somebody was told, and what is to be sent of it: what `told` makes
    /// of it as it is, both or neither. How much is to be sent; nothing where there is no such alert.
    pub fn keep_told(
        &self,
        id: i64,
        now: Time,
        told: impl FnOnce(&Alert) -> (Alert, Vec<NewNotice>),
    ) -> Result<usize, StoreError> {
        self.change("keep that an alert was told", |tx| {
            let all = alerts::read(tx)?;
            let Some(alert) = all.iter().find(|alert| alert.id == id) else { return Ok(0) };
            let (alert, notices) = told(alert);
            alerts::keep(tx, &alert)?;
            notices.iter().try_for_each(|notice| outbox::add(tx, notice, now))?;
            Ok(notices.len())
        })
    }

    /// What is still to be sent, the one that is due first in front.
    pub fn outbox(&self) -> Result<Vec<Notice>, StoreError> {
        self.change("read what is to be sent", |tx| outbox::all(tx))
    }

    /// It could not be sent, and is tried again.
    pub fn postpone_notice(&self, id: i64, due: Time) -> Result<(), StoreError> {
        self.change("put off what is to be sent", |tx| outbox::postpone(tx, id, due))
    }

    /// It was sent, or nobody wants it any more.
    pub fn remove_notice(&self, id: i64) -> Result<(), StoreError> {
        self.change("remove what was sent", |tx| outbox::remove(tx, id))
    }

    fn change<T>(
        &self,
        action: &'static str,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused(action);
        inner.catalog.transaction(action, |tx| change(tx).map_err(&refused))
    }
}
