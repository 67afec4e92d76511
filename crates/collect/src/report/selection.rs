use dolmen_model::query::{Atom, Field, Query, Value};
use dolmen_model::{Call, Joined, NameId, Names, Time};

/// The instants a report is about: `[from, to)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first instant in it.
    pub from: Time,
    /// The first instant after it.
    pub to: Time,
}

impl Window {
    /// All time.
    pub const ALL: Self = Self { from: Time::MIN, to: Time::MAX };

    /// Whether a line of this time is in it. A line without a time is only in all time.
    pub(super) fn holds(&self, time: Option<Time>) -> bool {
        match time {
            Some(time) => self.from <= time && time < self.to,
            None => *self == Self::ALL,
        }
    }
}

/// What a query asks of a call beside its line, known once it is attributed.
pub(super) struct Attributed<'a> {
    pub(super) address: &'a [u8],
    pub(super) source: &'a str,
    pub(super) claimed: NameId,
}

/// What a query asks of a call once its id is resolved.
pub(super) struct Known<'a> {
    pub(super) service: NameId,
    pub(super) actor: NameId,
    pub(super) endpoint: NameId,
    pub(super) operations: &'a [NameId],
    pub(super) joined: Value<'static>,
}

/// Answers to the atoms that a call's line and its attribution settle; the join settles the rest.
pub(super) fn early_answers(
    query: &Query,
    call: &Call<'_>,
    attributed: &Attributed<'_>,
    names: &Names,
) -> u32 {
    let mut answers = 0;
    for (at, atom) in query.atoms().iter().enumerate() {
        let holds = match atom.field() {
            Field::Address => atom.matches(attributed.address.into()),
            Field::Source => atom.matches(attributed.source.as_bytes().into()),
            Field::Claimed => name_matches(atom, &names.operations, attributed.claimed),
            field => field.of(call).is_some_and(|value| atom.matches(value)),
        };
        answers |= u32::from(holds) << at;
    }
    answers
}

/// Whether the query holds for a call, or for a mark without one.
pub(super) fn holds(query: &Query, answers: u32, known: &Known<'_>, names: &Names) -> bool {
    query.holds(|at| {
        let atom = &query.atoms()[at];
        match atom.field() {
            Field::Service => name_matches(atom, &names.services, known.service),
            Field::Actor => name_matches(atom, &names.actors, known.actor),
            Field::Endpoint => name_matches(atom, &names.endpoints, known.endpoint),
            Field::Joined => atom.matches(known.joined),
            Field::Operation => match known.operations {
                [] => atom.matches(Value::Unknown),
                several => several.iter().any(|&id| name_matches(atom, &names.operations, id)),
            },
            _ => answers >> at & 1 == 1,
        }
    })
}

/// Answers of a mark without a call: it has no line of a proxy, so every field of one is missing.
pub(super) fn answers_of_nothing(query: &Query) -> u32 {
    let missing = |atom: &Atom| u32::from(atom.matches(Value::Unknown));
    query.atoms().iter().enumerate().fold(0, |answers, (at, atom)| answers | missing(atom) << at)
}

fn name_matches(atom: &Atom, table: &dolmen_model::Table, id: NameId) -> bool {
    match table.name(id) {
        Some(name) => atom.matches(name.as_bytes().into()),
        None => atom.matches(Value::Unknown),
    }
}

/// What a query sees of a call's outcome.
pub(super) fn joined_value(joined: Joined) -> Value<'static> {
    Value::Joined(joined)
}
