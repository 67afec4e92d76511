use dolmen_model::Time;

use super::LocalStore;
use crate::audit::AuditRow;
use crate::catalog;
use crate::error::StoreError;

impl LocalStore {
    /// Keeps what somebody did, and gives its number.
    pub fn add_audit(&self, at: Time, what: &str, detail: &str) -> Result<i64, StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("keep what was done");
        inner.catalog.transaction("keep what was done", |tx| {
            catalog::audit(tx, at.micros(), what, detail).map_err(&refused)
        })
    }

    /// One of the things that were done.
    pub fn audit_entry(&self, id: i64) -> Result<Option<AuditRow>, StoreError> {
        let inner = self.inner();
        catalog::audit_entry(&inner.catalog.db, id)
            .map_err(inner.catalog.refused("read what was done"))
    }

    pub(super) fn read_audit(&self, most: usize) -> Result<Vec<AuditRow>, StoreError> {
        let inner = self.inner();
        catalog::audited(&inner.catalog.db, most)
            .map_err(inner.catalog.refused("read what was done"))
    }
}
