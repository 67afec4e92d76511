use dolmen_model::Language;

/// Why a caller seems to be what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// A scanner signs it.
    ScannersAgent,
    /// It asks for what only scanners ask for.
    Holes { odd: u64, calls: u64 },
    /// It asks for what is not there.
    NotThere { not_found: u64, calls: u64 },
    /// A crawler signs it.
    Crawler(String),
    /// A monitoring program signs it.
    ProbesAgent,
    /// It asks for one endpoint again and again.
    Asks { endpoint: Option<String>, seconds: i64 },
    /// A browser signs it.
    BrowsersAgent,
    /// It says its own name.
    OwnName,
    /// Nothing, or a library, signs it.
    Nameless { has_agent: bool, is_inside: bool },
}

impl Why {
    /// It in words.
    pub(super) fn said(&self, language: Language) -> String {
        match language {
            Language::English => self.english(),
            Language::French => self.french(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::ScannersAgent => "its user agent is a scanner's".to_owned(),
            Self::Holes { odd, calls } => format!("{odd} of its {calls} calls look for holes"),
            Self::NotThere { not_found, calls } => {
                format!("{not_found} of its {calls} calls were for what is not there")
            }
            Self::Crawler(name) => format!("it says that it is {name}"),
            Self::ProbesAgent => "its user agent is a monitoring program's".to_owned(),
            Self::Asks { endpoint, seconds } => {
                let what = endpoint.as_deref().unwrap_or("the same");
                match seconds / 60 {
                    0 | 1 => format!("it asks for {what} every minute"),
                    minutes => format!("it asks for {what} every {minutes} minutes"),
                }
            }
            Self::BrowsersAgent => "its user agent is a browser's".to_owned(),
            Self::OwnName => "its user agent is a name of its own".to_owned(),
            Self::Nameless { has_agent, is_inside } => {
                let agent = if *has_agent { "a library's user agent" } else { "no user agent" };
                let place = if *is_inside { "from an inner address" } else { "from outside" };
                format!("{agent}, {place}")
            }
        }
    }

    fn french(&self) -> String {
        match self {
            Self::ScannersAgent => "son agent est celui d’un scanner".to_owned(),
            Self::Holes { odd, calls } => {
                format!("{odd} de ses {calls} appels cherchent des failles")
            }
            Self::NotThere { not_found, calls } => {
                format!("{not_found} de ses {calls} appels demandaient ce qui n’existe pas")
            }
            Self::Crawler(name) => format!("il dit être {name}"),
            Self::ProbesAgent => "son agent est celui d’un programme de supervision".to_owned(),
            Self::Asks { endpoint, seconds } => {
                let what = endpoint.as_deref().unwrap_or("la même chose");
                match seconds / 60 {
                    0 | 1 => format!("il demande {what} chaque minute"),
                    minutes => format!("il demande {what} toutes les {minutes} minutes"),
                }
            }
            Self::BrowsersAgent => "son agent est celui d’un navigateur".to_owned(),
            Self::OwnName => "son agent est un nom bien à lui".to_owned(),
            Self::Nameless { has_agent, is_inside } => {
                let agent =
                    if *has_agent { "l’agent d’une bibliothèque" } else { "aucun agent" };
                let place =
                    if *is_inside { "depuis une adresse interne" } else { "depuis l’extérieur" };
                format!("{agent}, {place}")
            }
        }
    }
}
