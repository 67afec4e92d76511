use dolmen_model::Time;

use super::LocalStore;
use crate::catalog::{audit, words};
use crate::error::StoreError;
use crate::word::{NewWord, Word};

impl LocalStore {
    pub(super) fn read_words(&self) -> Result<Vec<Word>, StoreError> {
        let inner = self.inner();
        words::read(&inner.catalog.db).map_err(inner.catalog.refused("read owners' words"))
    }

    pub(super) fn keep_word(&self, word: &NewWord, now: Time) -> Result<Word, StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("keep an owner's word");
        let id = inner.catalog.transaction("keep an owner's word", |tx| {
            let id = words::add(tx, word, now).map_err(&refused)?;
            let detail = format!("word {id} by {}: {}", word.who, word.why);
            audit(tx, now.micros(), "said", &detail).map_err(&refused)?;
            Ok(id)
        })?;
        Ok(Word { id, said: now, word: word.clone() })
    }

    pub(super) fn forget_word(&self, id: i64, now: Time) -> Result<bool, StoreError> {
        let mut inner = self.inner();
        self.writing(&inner)?;
        let refused = inner.catalog.refused("take back an owner's word");
        inner.catalog.transaction("take back an owner's word", |tx| {
            let was_there = words::take_back(tx, id, now).map_err(&refused)?;
            if was_there {
                audit(tx, now.micros(), "taken back", &format!("word {id}")).map_err(&refused)?;
            }
            Ok(was_there)
        })
    }
}
