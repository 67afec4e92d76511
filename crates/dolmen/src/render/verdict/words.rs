//! What the terminal says around verdicts, in each language.

use dolmen_model::Language;

/// The words of titles and tables.
pub(super) struct Words {
    language: Language,
    pub(super) overview: [&'static str; 6],
    pub(super) callers: [&'static str; 7],
    pub(super) expected: [&'static str; 5],
    pub(super) said: [&'static str; 4],
    pub(super) year_end: &'static str,
    pub(super) never: &'static str,
    pub(super) unknown: &'static str,
    /// Between an operation and its service.
    pub(super) on: &'static str,
    pub(super) addresses: &'static str,
    pub(super) no_proxy: &'static str,
    /// Before a rhythm that is suspected.
    pub(super) perhaps: &'static str,
    pub(super) days: &'static str,
    pub(super) due: &'static str,
    pub(super) more: &'static str,
    pub(super) decimal: &'static str,
}

impl Words {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::French => &FRENCH,
        }
    }

    /// How many of all may be switched off, and as of when.
    pub(super) fn title(&self, safe: usize, all: usize, at: &str, zone: &str) -> String {
        match self.language {
            Language::English => {
                let operations = if all == 1 { "operation" } else { "operations" };
                format!("{safe} of {all} {operations} may be switched off, as of {at} ({zone})")
            }
            Language::French => {
                let operations = if safe > 1 { "opérations" } else { "opération" };
                let may = if safe > 1 { "peuvent être éteintes" } else { "peut être éteinte" };
                format!("{safe} {operations} sur {all} {may}, au {at} ({zone})")
            }
        }
    }

    /// How many words owners said.
    pub(super) fn of_owners(&self, words: usize) -> String {
        match (self.language, words) {
            (Language::English, 1) => "1 word of owners".to_owned(),
            (Language::English, _) => format!("{words} words of owners"),
            (Language::French, 0 | 1) => format!("{words} parole de responsables"),
            (Language::French, _) => format!("{words} paroles de responsables"),
        }
    }
}

const ENGLISH: Words = Words {
    language: Language::English,
    overview: ["operation", "service", "state", "last call", "safe on", "still called"],
    callers: ["caller", "from", "calls", "rhythm", "last call", "next due", "still there"],
    expected: ["when", "operation", "who", "rhythm", "still there"],
    said: ["said", "about", "who", "why"],
    year_end: "the year's end",
    never: "never",
    unknown: "unknown",
    on: "on",
    addresses: "addresses",
    no_proxy: "(no proxy)",
    perhaps: "perhaps",
    days: "Days to watch",
    due: "calls that are due within five weeks",
    more: "more",
    decimal: ".",
};

const FRENCH: Words = Words {
    language: Language::French,
    overview: ["opération", "service", "état", "dernier appel", "sûre le", "encore appelée"],
    callers: ["appelant", "depuis", "appels", "rythme", "dernier appel", "prochain", "encore là"],
    expected: ["quand", "opération", "qui", "rythme", "encore là"],
    said: ["dit", "au sujet de", "qui", "pourquoi"],
    year_end: "la fin de l’année",
    never: "jamais",
    unknown: "inconnu",
    on: "sur",
    addresses: "adresses",
    no_proxy: "(aucun proxy)",
    perhaps: "peut-être",
    days: "Jours à surveiller",
    due: "appels attendus dans les cinq semaines",
    more: "de plus",
    decimal: ",",
};
