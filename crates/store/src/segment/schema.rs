use std::fmt;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema};

use super::digits::{CUT, DIGITS};
use super::template::TextField;
use super::ticks::Tick;

/// What the rows of a segment are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Access log lines.
    Calls,
    /// Application log lines that entered an operation.
    Marks,
    /// Lines that no format reads.
    Unread,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Calls, Self::Marks, Self::Unread];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Marks => "marks",
            Self::Unread => "unread",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The column that its rows are sorted by.
    pub(crate) const fn time_column(self) -> &'static str {
        match self {
            Self::Calls | Self::Marks => "time",
            Self::Unread => "seen",
        }
    }

    /// The text columns that a line of this kind has.
    pub(crate) const fn texts(self) -> &'static [TextField] {
        use TextField::{
            Address, ForwardedFor, Host, Method, Operation, Protocol, Referer, ServiceWord, Target,
            Upstream, User, UserAgent,
        };
        match self {
            Self::Calls => &[
                Address,
                ForwardedFor,
                User,
                Method,
                Target,
                Protocol,
                Host,
                Referer,
                UserAgent,
                Upstream,
            ],
            Self::Marks => &[Operation, ServiceWord],
            Self::Unread => &[],
        }
    }

    /// The columns as readers know them: targets whole, times in microseconds.
    pub(crate) fn schema(self) -> Arc<Schema> {
        Arc::new(Schema::new(self.fields(Tick::Micros)))
    }

    /// The columns of a file, as the crate's README specifies them.
    pub(super) fn file_schema(self, tick: Tick) -> Arc<Schema> {
        let mut fields = self.fields(tick);
        if let Some(at) = fields.iter().position(|field| field.name() == CUT) {
            fields.insert(at + 1, Field::new(DIGITS, DataType::Utf8, true));
        }
        Arc::new(Schema::new(fields))
    }

    fn fields(self, tick: Tick) -> Vec<Field> {
        let time = tick.data_type();
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let list = |name: &str, item: DataType| {
            Field::new(name, DataType::List(Arc::new(Field::new("element", item, false))), false)
        };
        let mut fields = Vec::new();
        match self {
            Self::Unread => {
                fields.push(Field::new("seen", time, false));
                fields.extend(["source", "file"].map(text));
                fields.push(Field::new("number", DataType::Int64, false));
                fields.push(Field::new("column", DataType::Int64, false));
                fields.push(text("expected"));
                fields.push(Field::new("line", DataType::Binary, true));
                return fields;
            }
            Self::Calls => {
                fields.push(Field::new("time", time, true));
                fields.extend(["source", "service", "own_service", "actor", "endpoint"].map(text));
                fields.push(text("claimed"));
                fields.push(list("operations", DataType::Utf8));
                fields.extend(["joined", "role"].map(text));
                fields.push(Field::new("marks", DataType::Int32, false));
                fields.push(Field::new("bypassed", DataType::Boolean, false));
                fields.push(Field::new("repeated", DataType::Boolean, false));
                fields.push(text("forwarded_address"));
                fields.push(Field::new("status", DataType::Int32, true));
                fields.push(Field::new("bytes", DataType::Int64, true));
                fields.push(Field::new("duration", DataType::Int64, true));
            }
            Self::Marks => {
                fields.push(Field::new("time", time, true));
                fields.extend(["source", "service"].map(text));
            }
        }
        fields.extend(self.texts().iter().map(|field| text(field.name())));
        fields.push(text("id_form"));
        fields.push(text("id_text"));
        fields.push(Field::new("id_high", DataType::Int64, true));
        fields.push(Field::new("id_low", DataType::Int64, true));
        fields.push(text("template"));
        fields.push(list("numbers", DataType::Int64));
        fields.push(Field::new("line", DataType::Binary, true));
        fields
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
