//! One worker's attribution of calls.

use dolmen_model::{CachedTable, Call, Delivery, NameId, Names};

use crate::conditions::{Seen, SelectorMemo};
use crate::rules::{Named, Rules};
use crate::shapes::{Shape, Shapes};

/// What the rules say of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    /// Who called.
    pub actor: NameId,
    /// What answered: the first service rule that matches, or else the source's service.
    pub service: NameId,
    /// The operation that the rules give it; a mark, where there is one, knows better.
    pub claimed: NameId,
    /// Whose word [`Self::claimed`] is.
    pub claim: Claim,
    /// Method, one space, path template, in `names.endpoints`; unknown for what was not HTTP.
    pub endpoint: NameId,
}

/// Whose word an operation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Claim {
    /// The method, path and query, which the service itself goes by.
    #[default]
    Rule,
    /// A header, which the client may write as it likes.
    Header,
}

/// Attributes calls; one a worker, since it keeps what it met before. In the steady state it
/// allocates nothing.
#[derive(Debug)]
pub struct Attributor<'r> {
    rules: &'r Rules,
    names: &'r Names,
    endpoints: CachedTable<'r>,
    actors: SelectorMemo,
    services: SelectorMemo,
    operations: SelectorMemo,
    shapes: Shapes<'r>,
    /// Room for an endpoint's name.
    endpoint: Vec<u8>,
}

impl<'r> Attributor<'r> {
    /// A worker's attributor. `names` are those that the rules were compiled with.
    pub fn new(rules: &'r Rules, names: &'r Names) -> Self {
        Self {
            rules,
            names,
            endpoints: CachedTable::new(&names.endpoints),
            actors: rules.actors.selector.memo(),
            services: rules.services.selector.memo(),
            operations: rules.operations.selector.memo(),
            shapes: Shapes::new(rules),
            endpoint: Vec::new(),
        }
    }

    /// Attributes one call of a source whose calls `source_service` answers
    /// ([`NameId::UNKNOWN`] where the source does not say).
    pub fn attribute(&mut self, call: &Call<'_>, source_service: NameId) -> Attribution {
        let rules = self.rules;
        let trusted = rules.trusted_proxies();
        let mut seen = Seen { call, service: source_service, query: b"", leaves: &[], trusted };
        if let Some(delivery) = &call.delivery {
            let by_rule = first(&rules.actors, &seen, &mut self.actors).map(|(_, actor)| actor);
            return self.delivery(call, delivery, by_rule, source_service);
        }
        // What was not HTTP has no path: only who sent it, and to whom, can be known.
        if call.method.is_empty() {
            let (_, actor) = first(&rules.actors, &seen, &mut self.actors).unwrap_or_default();
            let service = first(&rules.services, &seen, &mut self.services);
            let service = service.map_or(source_service, |(_, service)| service);
            return Attribution { actor, service, ..Attribution::default() };
        }
        let (Shape { leaves, template, routes }, end) = self.shapes.of_target(call.target);
        let query = call.target.get(end + 1..).unwrap_or_default();
        seen.query = query;
        seen.leaves = leaves;
        let (_, actor) = first(&rules.actors, &seen, &mut self.actors).unwrap_or_default();
        if let Some((_, service)) = first(&rules.services, &seen, &mut self.services) {
            seen.service = service;
        }
        let service = seen.service;
        let Self { endpoint, endpoints, operations: memo, .. } = self;
        let operations = &rules.operations;
        let route = routes.of(service, call.method, || {
            write_endpoint(rules, &seen, template, endpoint);
            (endpoints.intern(endpoint), operations.selector.candidates(&seen, memo))
        });
        let operation = operations.selector.select_from(&route.operations, &seen, memo);
        Attribution {
            actor,
            service,
            claimed: operation.map_or(NameId::UNKNOWN, |rule| operations.names[rule]),
            claim: operation.map_or(Claim::Rule, |rule| rules.claims[rule]),
            endpoint: route.endpoint,
        }
    }

    /// A record of a bus names what rules find out about requests; only who its producer is, a rule
    /// may know better.
    fn delivery(
        &mut self,
        call: &Call<'_>,
        delivery: &Delivery<'_>,
        actor: Option<NameId>,
        source_service: NameId,
    ) -> Attribution {
        let names = self.names;
        let service = names.services.intern(delivery.service);
        self.endpoint.clear();
        self.endpoint.extend_from_slice(call.method);
        self.endpoint.push(b' ');
        self.endpoint.extend_from_slice(delivery.operation);
        Attribution {
            actor: actor.unwrap_or_else(|| names.actors.intern(call.user)),
            service: if service.is_known() { service } else { source_service },
            claimed: names.operations.intern(delivery.operation),
            claim: Claim::Rule,
            endpoint: self.endpoints.intern(&self.endpoint),
        }
    }
}

fn first(named: &Named, seen: &Seen<'_, '_>, memo: &mut SelectorMemo) -> Option<(usize, NameId)> {
    let rule = named.selector.select(seen, memo)?;
    Some((rule, named.names[rule]))
}

/// Writes the endpoint's name: of the declared templates the most specific one for this service
/// and method, or else the path's own template.
fn write_endpoint(rules: &Rules, seen: &Seen<'_, '_>, template: &[u8], out: &mut Vec<u8>) {
    let method = seen.call.method;
    out.clear();
    out.extend_from_slice(rules.method(method));
    out.push(b' ');
    let mut declared = seen.leaves.iter().flat_map(|&leaf| rules.templates.get(leaf));
    match declared.find(|declared| declared.is_for(seen.service, method)) {
        Some(declared) => out.extend_from_slice(declared.template.as_bytes()),
        // Its target is an authority (RFC 9112 section 3.2.3), chosen by the client.
        None if method == b"CONNECT" => out.extend_from_slice(b"{authority}"),
        None => out.extend_from_slice(template),
    }
}
