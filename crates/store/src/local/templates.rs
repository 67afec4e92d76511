//! Templates that were learned, in the words of whoever learned them.

use super::LocalStore;
use crate::catalog::templates;
use crate::error::StoreError;

impl LocalStore {
    pub(super) fn read_templates(&self) -> Result<Vec<String>, StoreError> {
        let inner = self.inner();
        templates::all(&inner.catalog.db).map_err(inner.catalog.refused("read the templates"))
    }

    pub(super) fn write_templates(&self, learned: &[String]) -> Result<(), StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("keep the templates");
        inner.catalog.transaction("keep the templates", |tx| {
            templates::replace(tx, learned).map_err(&refused)
        })
    }
}
