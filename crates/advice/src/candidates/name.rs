use dolmen_model::Language;

use super::gather::Visitor;
use super::kind::Kind;

/// A name that says what somebody does, or else who or where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name<'n> {
    /// As it calls itself.
    Own(&'n str),
    /// A program that enters nothing; without a name where nothing names it.
    On { program: &'n str, place: &'n str },
    /// A program that enters this operation.
    Script(&'n str),
    /// This one, and others.
    Scripts(&'n str),
    /// Browsers of a network.
    Browsers(&'n str),
    /// What asks whether something is there.
    Probe(&'n str),
    /// Who looks for holes.
    Scanner(&'n str),
}

impl<'n> Name<'n> {
    pub(super) fn of(
        kind: Kind,
        who: &'n str,
        operations: &'n [String],
        visitors: &'n [Visitor],
    ) -> Self {
        let place = visitors.first().map_or("", |visitor| visitor.address.as_str());
        let user = visitors.first().map_or("", |visitor| visitor.user.as_str());
        match kind {
            _ if !user.is_empty() => Self::Own(user),
            Kind::Script | Kind::Library => match operations {
                [] => Self::On { program: who, place },
                [one] => Self::Script(one),
                [first, ..] => Self::Scripts(first),
            },
            Kind::Application | Kind::Crawler => Self::Own(who),
            Kind::Browser => Self::Browsers(who),
            Kind::Probe => Self::Probe(who),
            Kind::Scanner => Self::Scanner(who),
        }
    }

    /// It in words.
    pub(super) fn said(self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::French => self.french(),
        }
    }

    fn english(self) -> String {
        match self {
            Self::Own(name) => name.to_owned(),
            Self::On { program: "", place } => format!("program on {place}"),
            Self::On { program, place } => format!("{program} on {place}"),
            Self::Script(operation) => format!("{operation} script"),
            Self::Scripts(operation) => format!("{operation} and more script"),
            Self::Browsers(place) => format!("browsers in {place}"),
            Self::Probe("") => "program probe".to_owned(),
            Self::Probe(program) => format!("{program} probe"),
            Self::Scanner(place) => format!("scanner in {place}"),
        }
    }

    fn french(self) -> String {
        match self {
            Self::Own(name) => name.to_owned(),
            Self::On { program: "", place } => format!("programme sur {place}"),
            Self::On { program, place } => format!("{program} sur {place}"),
            Self::Script(operation) => format!("script pour {operation}"),
            Self::Scripts(operation) => format!("script pour {operation} et plus"),
            Self::Browsers(place) => format!("navigateurs de {place}"),
            Self::Probe("") => "sonde".to_owned(),
            Self::Probe(program) => format!("sonde {program}"),
            Self::Scanner(place) => format!("scanner de {place}"),
        }
    }
}
