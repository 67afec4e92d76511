//! Names as segments spell them.

use arrow_array::{Array, StringArray};
use dolmen_model::{CachedTable, NameId};

/// The text of a row; empty where it has none.
pub(super) fn text(column: &StringArray, row: usize) -> &str {
    if column.is_valid(row) { column.value(row) } else { "" }
}

/// The number of a name.
pub(super) fn number(table: &mut CachedTable<'_>, name: &str) -> NameId {
    if name == "(other)" { NameId::OVERFLOW } else { table.intern(name.as_bytes()) }
}
