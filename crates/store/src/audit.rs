use dolmen_model::Time;

/// Something that was done to the store or to what it is read by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number, in the order of what was done.
    pub id: i64,
    /// When, by the clock on the wall.
    pub at: Time,
    /// What was done.
    pub what: String,
    /// To what: a few words, or JSON.
    pub detail: String,
}
