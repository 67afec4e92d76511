/// A language that dolmen writes texts for people in.
///
/// Keys, codes and names are the same in each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// French.
    French,
}

impl Language {
    /// The language of a tag (BCP 47): `fr` and `fr-CA` are French. `None` for others.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        let is = |code: &str| primary.eq_ignore_ascii_case(code);
        [Self::English, Self::French].into_iter().find(|language| is(language.code()))
    }

    /// Its code (ISO 639-1).
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
        }
    }
}
