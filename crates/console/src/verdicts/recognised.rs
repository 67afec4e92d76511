//! Operations that a rule names from their calls, whether their application writes marks or not.
//!
//! A rule may know every call that enters an operation, or one in ten: while marks came, they told.
//! Where it named each of them, a call of the same route that it does not name enters something
//! else, and a silent application hides nothing of this operation.

use std::collections::BTreeMap;

use dolmen_model::query::{Field, Query, quoted};
use dolmen_model::{NameId, Time};
use dolmen_store::{CallQuestion, Store, StoreError};

use super::routes::{Alike, Route};

/// So many calls with a mark a rule must have named, and missed none: then it misses less than one
/// in twenty of those to come (the rule of succession: 1 of n + 2).
const SHOWN: u64 = 20;

/// What rules named of what marks told.
#[derive(Default)]
pub(super) struct Recognised {
    routes: BTreeMap<(Route, NameId), Told>,
    /// On all routes, those with a miss included.
    named: BTreeMap<NameId, u64>,
}

/// Calls that marks told of.
#[derive(Clone, Copy, Default)]
struct Told {
    /// And a rule from the call itself.
    named: u64,
    /// And no rule, or one that names something else.
    missed: u64,
}

impl Recognised {
    /// Of these operations, by what is left of their lines before an instant.
    pub(super) fn of(
        store: &dyn Store,
        operations: &[NameId],
        at: Time,
        alike: &mut Alike,
    ) -> Result<Self, StoreError> {
        let names = store.names();
        let mut all = Self::default();
        let named: Vec<(NameId, String)> =
            operations.iter().filter_map(|id| Some((*id, names.operations.name(*id)?))).collect();
        let any: Vec<String> = named.iter().map(|(_, name)| quoted(name)).collect();
        let asked = format!("joined:joined and operation:({})", any.join(" or "));
        // A name that no query can hold is no rule's either.
        let Ok(query) = Query::parse(&asked) else { return Ok(all) };
        let question = CallQuestion { from: Time::MIN, to: at, query };
        let fields = [Field::Service, Field::Operation, Field::Endpoint, Field::Claimed];
        let lacking = store.glimpse(&question, &fields, &mut |call| {
            let Some(endpoint) = alike.route(call.text(Field::Endpoint).as_bytes()) else { return };
            let service = call.service().and_then(|name| names.services.find(name.as_bytes()));
            let route = (service.unwrap_or(NameId::UNKNOWN), endpoint);
            let entered = call.operations();
            for (operation, name) in named.iter().filter(|(_, name)| entered.contains(name)) {
                let told = all.routes.entry((route, *operation)).or_default();
                if call.text(Field::Claimed) == name {
                    told.named += 1;
                    *all.named.entry(*operation).or_default() += 1;
                } else {
                    told.missed += 1;
                }
            }
        })?;
        // Of what cannot be read nobody knows whether a rule named it.
        Ok(if lacking.is_empty() { all } else { Self::default() })
    }

    /// Whether a rule names an operation from its calls on a route.
    pub(super) fn on(&self, route: Route, operation: NameId) -> bool {
        let told = self.routes.get(&(route, operation)).copied().unwrap_or_default();
        let all = self.named.get(&operation).copied().unwrap_or_default();
        told.named > 0 && told.missed == 0 && all >= SHOWN
    }
}
