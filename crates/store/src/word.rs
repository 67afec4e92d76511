use dolmen_model::Time;

/// What an owner said of an operation, and of who calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its number.
    pub id: i64,
    /// When it was said, by the clock on the wall.
    pub said: Time,
    /// What was said.
    pub word: NewWord,
}

/// What an owner says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NewWord {
    /// What it is about.
    pub kind: WordKind,
    /// Of this operation alone.
    pub operation: Option<String>,
    /// On this service alone.
    pub service: Option<String>,
    /// Callers of this name alone.
    pub actor: Option<String>,
    /// Callers from this address alone.
    pub address: Option<String>,
    /// Callers with this user agent alone.
    pub user_agent: Option<String>,
    /// Who says so.
    pub who: String,
    /// Why.
    pub why: String,
}

/// What an owner's word is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum WordKind {
    /// Whoever it names is gone.
    Gone,
    /// Nothing happens at the end of a year that does not happen at other times.
    YearEnd,
}

impl WordKind {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::YearEnd => "year_end",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::Gone, Self::YearEnd].into_iter().find(|kind| kind.name() == name)
    }
}

impl NewWord {
    /// What is wrong with it, if anything: what, and what to do.
    pub fn problem(&self) -> Option<&'static str> {
        let names_a_caller =
            self.actor.is_some() || self.address.is_some() || self.user_agent.is_some();
        let names_something = names_a_caller || self.operation.is_some();
        if self.who.trim().is_empty() {
            return Some("nobody says it: say who, so that somebody can be asked");
        }
        if self.why.trim().is_empty() {
            return Some("no reason is given: say why it may be believed");
        }
        match self.kind {
            WordKind::Gone if !names_something => {
                Some("it names nobody: say which operation or which caller it is about")
            }
            WordKind::YearEnd if names_a_caller => {
                Some("the end of a year is waived for an operation, not for one of its callers")
            }
            WordKind::Gone | WordKind::YearEnd => None,
        }
    }
}
