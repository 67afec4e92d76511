//! What the page for a change board says besides reasons, in each language.

use dolmen_model::Language;

/// The words of the page.
pub(super) struct Words {
    pub(super) title: &'static str,
    /// In the middle of a line, and at its start.
    pub(super) as_of: (&'static str, &'static str),
    pub(super) by: &'static str,
    /// Around the chance that is allowed.
    pub(super) safe_when: (&'static str, &'static str),
    pub(super) operation: &'static str,
    pub(super) service: &'static str,
    pub(super) on: &'static str,
    pub(super) state: &'static str,
    pub(super) last_call: &'static str,
    pub(super) safe_from: &'static str,
    pub(super) somebody: &'static str,
    pub(super) never: &'static str,
    pub(super) unknown: &'static str,
    pub(super) caller: &'static str,
    pub(super) calls: &'static str,
    pub(super) rhythm: &'static str,
    pub(super) next: &'static str,
    pub(super) alive: &'static str,
    /// Around how many more addresses a caller has.
    pub(super) more_addresses: (&'static str, &'static str),
    pub(super) days: &'static str,
    pub(super) when: &'static str,
    pub(super) who: &'static str,
    pub(super) gaps: &'static str,
    /// Around the beginning of a gap, after the name of its source.
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    states: [(&'static str, &'static str); 7],
    decimal: &'static str,
}

/// The name of a state in a language; a state that nobody knows has none.
pub fn state_name(state: &str, language: Language) -> &'static str {
    Words::of(language).state(state)
}

impl Words {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::French => &FRENCH,
        }
    }

    /// The name of a state.
    pub(super) fn state(&self, state: &str) -> &'static str {
        self.states.iter().find(|(key, _)| *key == state).map_or("", |(_, name)| name)
    }

    /// A share of one as a percentage.
    pub(super) fn percent(&self, share: f64) -> String {
        format!("{:.1} %", share * 100.0).replace('.', self.decimal)
    }
}

const ENGLISH: Words = Words {
    title: "What may be switched off",
    as_of: ("as of", "As of"),
    by: "by dolmen",
    safe_when: (
        "An operation is safe when the chance that anybody still calls it is at most",
        "and a month's, a quarter's and a year's end were watched.",
    ),
    operation: "Operation",
    service: "Service",
    on: "on",
    state: "State",
    last_call: "Last call",
    safe_from: "Safe from",
    somebody: "Somebody still calls",
    never: "never",
    unknown: "unknown",
    caller: "Caller",
    calls: "Calls",
    rhythm: "Rhythm",
    next: "Next due",
    alive: "Still there",
    more_addresses: ("and", "more addresses"),
    days: "Days to watch",
    when: "When",
    who: "Who",
    gaps: "Gaps in the logs",
    from: ":",
    to: "to",
    states: [
        ("never_seen", "never seen"),
        ("in_use", "in use"),
        ("fading", "fading"),
        ("silent", "silent"),
        ("safe", "safe"),
        ("retired", "retired"),
        ("residual", "residual"),
    ],
    decimal: ".",
};

const FRENCH: Words = Words {
    title: "Ce qui peut être éteint",
    as_of: ("au", "Au"),
    by: "par dolmen",
    safe_when: (
        "Une opération est sûre quand la probabilité que quelqu’un l’appelle encore est d’au plus",
        "et qu’une fin de mois, une fin de trimestre et une fin d’année ont été observées.",
    ),
    operation: "Opération",
    service: "Service",
    on: "sur",
    state: "État",
    last_call: "Dernier appel",
    safe_from: "Sûre à partir du",
    somebody: "Quelqu’un appelle encore",
    never: "jamais",
    unknown: "inconnu",
    caller: "Appelant",
    calls: "Appels",
    rhythm: "Rythme",
    next: "Prochain appel",
    alive: "Encore là",
    more_addresses: ("et", "autres adresses"),
    days: "Jours à surveiller",
    when: "Quand",
    who: "Qui",
    gaps: "Trous dans les journaux",
    from: " : du",
    to: "au",
    states: [
        ("never_seen", "jamais vue"),
        ("in_use", "utilisée"),
        ("fading", "en déclin"),
        ("silent", "silencieuse"),
        ("safe", "sûre"),
        ("retired", "retirée"),
        ("residual", "résiduelle"),
    ],
    decimal: ",",
};
