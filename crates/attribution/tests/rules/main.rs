//! Rules as people write them, held against calls.

#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test a panic is the report")]

mod actors;
mod check;
mod endpoints;
mod errors;
mod hostile;
mod operations;
mod oracle;
mod services;

use dolmen_attribution::{Attributor, Claim, RuleSet, Rules};
use dolmen_model::{Call, Header, Names};

/// What the rules in `toml` say of calls.
struct World {
    names: Names,
    rules: Rules,
}

/// An attribution by names.
#[derive(Clone, Debug, PartialEq)]
struct Named {
    actor: Option<String>,
    service: Option<String>,
    claimed: Option<String>,
    claim: Claim,
    endpoint: Option<String>,
}

impl World {
    fn new(toml: &str) -> Self {
        Self::compile(&toml::from_str(toml).unwrap())
    }

    fn compile(set: &RuleSet) -> Self {
        let names = Names::new();
        let rules = Rules::compile(set, &names).unwrap_or_else(|errors| panic!("{errors:#?}"));
        Self { names, rules }
    }

    /// Of a source whose calls the service `source` answers.
    #[track_caller]
    fn of(&self, call: &Call<'_>, source: &str) -> Named {
        let mut attributor = Attributor::new(&self.rules, &self.names);
        let first = self.by(&mut attributor, call, source);
        assert_eq!(self.by(&mut attributor, call, source), first, "met before, it is the same");
        first
    }

    fn by(&self, attributor: &mut Attributor<'_>, call: &Call<'_>, source: &str) -> Named {
        let source = self.names.services.intern(source.as_bytes());
        let found = attributor.attribute(call, source);
        Named {
            actor: self.names.actors.name(found.actor),
            service: self.names.services.name(found.service),
            claimed: self.names.operations.name(found.claimed),
            claim: found.claim,
            endpoint: self.names.endpoints.name(found.endpoint),
        }
    }

    fn actor(&self, call: &Call<'_>) -> Option<String> {
        self.of(call, "").actor
    }

    fn operation(&self, call: &Call<'_>) -> Option<String> {
        self.of(call, "monolith").claimed
    }

    fn endpoint(&self, request: &'static str) -> String {
        self.of(&call(request), "monolith").endpoint.unwrap()
    }
}

/// A call from its method and target.
fn call(request: &'static str) -> Call<'static> {
    let (method, target) = request.split_once(' ').unwrap();
    Call { method: method.as_bytes(), target: target.as_bytes(), ..Call::default() }
}

fn headers(pairs: &[(&'static str, &'static str)]) -> dolmen_model::Headers<'static> {
    pairs.iter().map(|&(name, value)| Header { name, value: value.as_bytes() }).collect()
}
