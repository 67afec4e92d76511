//! Rules that are proposed.

use std::io::{self, Write};

use dolmen_advice::{Candidate, Candidates};
use dolmen_model::Language;

use super::number;
use super::text::clean;

/// Writes comments and rules: what is printed can be pasted as it is. The candidates were told in the
/// same language.
pub(crate) fn candidates(
    found: &Candidates,
    language: Language,
    out: &mut dyn Write,
) -> io::Result<()> {
    let words = Words::of(language);
    if found.candidates.is_empty() {
        return writeln!(out, "# {}", words.nothing);
    }
    let candidates = words.counted(found.candidates.len() as u64, words.candidates);
    let calls = words.counted(found.calls, words.calls);
    writeln!(out, "# {calls} {}, {candidates}", words.of_nobody_known)?;
    for candidate in &found.candidates {
        writeln!(out, "\n# {}", clean(&words.facts(candidate)))?;
        writeln!(out, "# {}", clean(&candidate.why))?;
        write!(out, "{}", candidate.toml)?;
    }
    if found.left_out > 0 {
        let calls = words.counted(found.left_out, words.calls);
        writeln!(out, "\n# {calls} {}", words.left_out)?;
    }
    Ok(())
}

/// A noun: one, and many.
type Noun = (&'static str, &'static str);

/// What is said around candidates, in each language.
struct Words {
    language: Language,
    nothing: &'static str,
    candidates: Noun,
    calls: Noun,
    /// After how many calls.
    of_nobody_known: &'static str,
    left_out: &'static str,
    addresses: Noun,
    agents: Noun,
    no_agent: &'static str,
    and: &'static str,
}

impl Words {
    const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::French => &FRENCH,
        }
    }

    fn counted(&self, n: u64, (one, many): Noun) -> String {
        // In French none is singular.
        let is_one = n == 0 && self.language == Language::French;
        number::counted(n, one, if is_one { one } else { many })
    }

    /// "2 addresses, curl/7.81.0, card block, every day at 02:00"
    fn facts(&self, candidate: &Candidate) -> String {
        let Candidate { addresses, user_agents, operations, endpoints, rhythm, .. } = candidate;
        let mut facts = vec![match addresses.as_slice() {
            [one] => one.clone(),
            _ => self.counted(candidate.address_count as u64, self.addresses),
        }];
        facts.push(match user_agents.as_slice() {
            [one] if one.is_empty() => self.no_agent.to_owned(),
            [one] => one.clone(),
            many => self.counted(many.len() as u64, self.agents),
        });
        match (operations.as_slice(), endpoints.as_slice()) {
            ([], []) => {}
            ([], [first, ..]) => facts.push(first.clone()),
            (all, _) => facts.push(all.join(self.and)),
        }
        facts.extend(rhythm.clone());
        facts.push(self.counted(candidate.calls, self.calls));
        facts.join(", ")
    }
}

const ENGLISH: Words = Words {
    language: Language::English,
    nothing: "nothing to propose: rules name every caller",
    candidates: ("candidate", "candidates"),
    calls: ("call", "calls"),
    of_nobody_known: "of nobody known",
    left_out: "of further callers were left out: there was no room for them",
    addresses: ("address", "addresses"),
    agents: ("user agent", "user agents"),
    no_agent: "no user agent",
    and: " and ",
};

const FRENCH: Words = Words {
    language: Language::French,
    nothing: "rien à proposer : les règles nomment chaque appelant",
    candidates: ("candidat", "candidats"),
    calls: ("appel", "appels"),
    of_nobody_known: "d’inconnus",
    left_out: "d’autres appelants ont été laissés de côté, faute de place",
    addresses: ("adresse", "adresses"),
    agents: ("agent", "agents"),
    no_agent: "aucun agent",
    and: " et ",
};
