use dolmen_model::query::Field;
use dolmen_model::{Joined, Time};

use crate::stored::CallRow;

/// A call of which few columns were read, and not its line: for whoever counts over many calls what
/// the cubes do not tell apart. What was not asked for is missing.
#[derive(Clone, Copy)]
pub struct Glimpse<'a>(pub(crate) CallRow<'a>);

impl Glimpse<'_> {
    /// When; `None` where the log has no time. Always read.
    pub fn time(&self) -> Option<Time> {
        self.0.time()
    }

    /// A text of the call as it is kept ([`Field::Address`] as trusted proxies forwarded it); empty
    /// where there is none. [`Field::Path`] and [`Field::Query`] give the two parts of the target.
    pub fn text(&self, field: Field) -> &str {
        let text = |name| self.0.text(name).unwrap_or_default();
        let target = || text("target");
        match field {
            Field::Address => self.0.text("forwarded_address").unwrap_or_else(|| text("address")),
            Field::Path => target().split_once('?').map_or(target(), |(path, _)| path),
            Field::Query => target().split_once('?').map_or("", |(_, query)| query),
            field => text(field.name()),
        }
    }

    /// The service that answered, marks included.
    pub fn service(&self) -> Option<String> {
        self.0.service()
    }

    /// The operations it entered, late marks included.
    pub fn operations(&self) -> Vec<String> {
        self.0.operations()
    }

    /// What became of it in the join.
    pub fn joined(&self) -> Joined {
        self.0.joined()
    }

    /// The HTTP status.
    pub fn status(&self) -> Option<u16> {
        self.0.columns.status(self.0.row)
    }

    /// Its duration in microseconds.
    pub fn duration(&self) -> Option<u64> {
        self.0.columns.number("duration", self.0.row).map(|number| number as u64)
    }
}
