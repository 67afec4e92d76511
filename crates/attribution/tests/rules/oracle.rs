//! One rule after the other, condition by condition: what the compiled rules must agree with.

use std::collections::BTreeMap;
use std::net::IpAddr;

use dolmen_attribution::{
    ActorRule, Any, Attributor, Claim, EndpointRule, OperationRule, RuleSet, ServiceRule,
};
use dolmen_model::{Call, Header};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::{Named, World};

/// A call whose path is known in pieces, so that the oracle need not read paths.
#[derive(Clone, Debug)]
struct Request {
    method: &'static str,
    segments: Vec<&'static str>,
    query: Vec<(&'static str, &'static str)>,
    address: &'static str,
    user_agent: &'static str,
    user: &'static str,
    host: &'static str,
    header: &'static str,
    source: &'static str,
}

fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', pattern @ ..], _) => (0..=text.len()).any(|n| glob(pattern, &text[n..])),
        ([b'?', pattern @ ..], [_, text @ ..]) => glob(pattern, text),
        ([p, pattern @ ..], [t, text @ ..]) => p == t && glob(pattern, text),
        _ => false,
    }
}

fn text(condition: &Option<Any<String>>, text: &str) -> bool {
    condition.as_ref().is_none_or(|Any(globs)| {
        let holds =
            |g: &String| g.is_empty() == text.is_empty() && glob(g.as_bytes(), text.as_bytes());
        globs.iter().any(holds)
    })
}

fn header(condition: &BTreeMap<String, Any<String>>, value: &str) -> bool {
    condition.values().all(|globs| text(&Some(globs.clone()), value))
}

/// What a template makes of a path: per segment 0 for a literal, 1 for a parameter, 2 for the
/// rest; `None` where it does not match.
fn shape(template: &str, segments: &[&str]) -> Option<Vec<u8>> {
    let mut parts = template.split('/').filter(|part| !part.is_empty());
    let mut segments = segments.iter();
    let mut shape = Vec::new();
    loop {
        match (parts.next(), segments.next()) {
            (None, None) => return Some(shape),
            (Some(rest), _) if rest == "*" || rest.ends_with("...}") => {
                shape.push(2);
                return Some(shape);
            }
            (Some(part), Some(_)) if part.starts_with('{') => shape.push(1),
            (Some(part), Some(segment)) if part == *segment => shape.push(0),
            _ => return None,
        }
    }
}

fn path(condition: &Option<Any<String>>, request: &Request) -> bool {
    condition.as_ref().is_none_or(|Any(templates)| {
        templates.iter().any(|t| shape(t, &request.segments).is_some())
    })
}

fn network(rule: &ActorRule, request: &Request) -> bool {
    let address = request.address.parse::<IpAddr>();
    rule.ip.as_ref().is_none_or(|Any(nets)| {
        address.is_ok_and(|address| nets.iter().any(|net| net.contains(&address)))
    })
}

fn query(rule: &OperationRule, request: &Request) -> bool {
    rule.query.iter().all(|(wanted, Any(globs))| {
        let mut values = request.query.iter().filter(|(name, _)| name == wanted);
        values.any(|(_, value)| globs.iter().any(|g| glob(g.as_bytes(), value.as_bytes())))
    })
}

fn endpoint(set: &RuleSet, request: &Request, service: &str) -> String {
    let for_service = |only: &Option<String>| only.as_ref().is_none_or(|only| only == service);
    let declared = set
        .endpoints
        .iter()
        .filter(|rule| for_service(&rule.service) && text(&rule.method, request.method));
    let mut templates: Vec<&String> = declared.map(|rule| &rule.path).collect();
    let operations = set.operations.iter().filter(|rule| for_service(&rule.service));
    let paths = operations.flat_map(|rule| rule.path.iter().flat_map(|Any(paths)| paths));
    templates.extend(paths.filter(|path| !path.contains('*') && !path.contains("...")));
    let matching = templates
        .into_iter()
        .filter_map(|template| Some((shape(template, &request.segments)?, template)));
    // The first of those with the smallest shape.
    let template = matching.min_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, template)| template.clone());
    let template = template.unwrap_or_else(|| {
        let typed = request.segments.iter().map(|s| if *s == "7" { "/{int}" } else { s });
        let typed = typed.map(|s| format!("/{}", s.trim_start_matches('/'))).collect::<String>();
        if typed.is_empty() { "/".to_owned() } else { typed }
    });
    format!("{} {template}", request.method)
}

fn expected(set: &RuleSet, request: &Request) -> Named {
    let actor = set.actors.iter().find(|rule| {
        text(&rule.user_agent, request.user_agent)
            && text(&rule.user, request.user)
            && header(&rule.header, request.header)
            && network(rule, request)
    });
    let service = set.services.iter().find(|rule| {
        let declares = rule.host.is_none() && rule.path.is_none() && rule.method.is_none();
        !declares
            && text(&rule.host, request.host)
            && text(&rule.method, request.method)
            && path(&rule.path, request)
    });
    let service = service.map_or(request.source, |rule| rule.name.as_str());
    let operation = set.operations.iter().find(|rule| {
        let declares = rule.method.is_none()
            && rule.path.is_none()
            && rule.query.is_empty()
            && rule.header.is_empty();
        !declares
            && rule.service.as_ref().is_none_or(|only| only == service)
            && text(&rule.method, request.method)
            && path(&rule.path, request)
            && query(rule, request)
            && header(&rule.header, request.header)
    });
    let named = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    Named {
        actor: actor.map(|rule| rule.name.clone()),
        service: named(service),
        claimed: operation.map(|rule| rule.name.clone()),
        claim: match operation {
            Some(rule) if !rule.header.is_empty() => Claim::Header,
            _ => Claim::Rule,
        },
        endpoint: Some(endpoint(set, request, service)),
    }
}

const SERVICES: &[&str] = &["m", "c"];
const METHODS: &[&str] = &["GET", "POST", "PUT"];
const PATHS: &[&str] =
    &["/a/{x}", "/a/b", "/{x}/b", "/a/*", "/*", "/", "/{x}/{y}/b", "/a/{rest...}", "/7/{x}"];

fn some(values: &'static [&'static str]) -> impl Strategy<Value = Option<Any<String>>> {
    let list = subsequence(values, 1..3);
    prop::option::of(list.prop_map(|v| Any(v.into_iter().map(str::to_owned).collect())))
}

fn keyed(
    names: &'static [&'static str],
    globs: &'static [&'static str],
) -> impl Strategy<Value = BTreeMap<String, Any<String>>> {
    prop::collection::vec((select(names), some(globs)), 0..3).prop_map(|pairs| {
        pairs.into_iter().filter_map(|(name, globs)| Some((name.to_owned(), globs?))).collect()
    })
}

fn one(values: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop::option::of(select(values).prop_map(str::to_owned))
}

fn actor() -> impl Strategy<Value = ActorRule> {
    let nets = ["10.0.0.0/8", "10.0.9.0/24", "0.0.0.0/0", "2001:db8::/32", "10.0.9.7/32"];
    let nets = nets.map(|net| net.parse().unwrap()).to_vec();
    let ip = prop::option::of(subsequence(nets, 1..3).prop_map(Any));
    let user_agent = some(&["curl/*", "*", "", "Web/1", "*1", "?*8"]);
    (ip, user_agent, some(&["jo", "", "j*"]), keyed(&["X-A"], &["b", "*", "b*c"]))
        .prop_map(|(ip, user_agent, user, header)| ActorRule {
            name: String::new(),
            user_agent,
            ip,
            user,
            header,
        })
        .prop_filter("an actor has a condition", |rule| *rule != ActorRule::default())
}

fn service() -> impl Strategy<Value = ServiceRule> {
    (select(SERVICES), some(&["h.example", "*.example"]), some(PATHS), some(METHODS)).prop_map(
        |(name, host, path, method)| ServiceRule {
            name: name.to_owned(),
            host,
            path,
            method,
            ..ServiceRule::default()
        },
    )
}

fn operation() -> impl Strategy<Value = OperationRule> {
    let query = keyed(&["op", "q"], &["v", "*", "", "v*"]);
    (one(SERVICES), some(METHODS), some(PATHS), query, keyed(&["X-A"], &["b", "*"])).prop_map(
        |(service, method, path, query, header)| OperationRule {
            service,
            method,
            path,
            query,
            header,
            ..OperationRule::default()
        },
    )
}

fn endpoint_rule() -> impl Strategy<Value = EndpointRule> {
    (one(SERVICES), some(METHODS), select(PATHS)).prop_map(|(service, method, path)| EndpointRule {
        service,
        method,
        path: path.to_owned(),
    })
}

fn rule_set() -> impl Strategy<Value = RuleSet> {
    use prop::collection::vec;
    let lists = (
        // Past 64 and 128 rules sets take more words.
        prop_oneof![9 => vec(actor(), 0..8), 1 => vec(actor(), 60..140)],
        vec(service(), 0..6),
        vec(operation(), 0..10),
        vec(endpoint_rule(), 0..6),
    );
    lists.prop_map(|(mut actors, services, mut operations, endpoints)| {
        for (n, rule) in actors.iter_mut().enumerate() {
            rule.name = format!("actor {n}");
        }
        for (n, rule) in operations.iter_mut().enumerate() {
            rule.name = format!("operation {n}");
        }
        RuleSet { actors, operations, services, endpoints, ..RuleSet::default() }
    })
}

fn request() -> impl Strategy<Value = Request> {
    let query = (select(&["op", "q", "x"][..]), select(&["v", "w", "", "vw"][..]));
    let path = prop::collection::vec(select(&["a", "b", "7"][..]), 0..4);
    let origin = (
        select(&["10.0.9.7", "10.1.1.1", "192.0.2.1", "2001:db8::1", "host"][..]),
        select(&["curl/7", "curl/8", "Web/1", "", "x"][..]),
        select(&["", "jo", "jan"][..]),
    );
    let asked = (select(METHODS), path, prop::collection::vec(query, 0..4));
    let rest = (
        select(&["", "h.example", "x"][..]),
        select(&["", "b", "bc"][..]),
        select(&["", "m", "c"][..]),
    );
    (origin, asked, rest).prop_map(
        |((address, user_agent, user), (method, segments, query), (host, header, source))| {
            Request { method, segments, query, address, user_agent, user, host, header, source }
        },
    )
}

/// The request's target, written in one of the ways that mean the same.
fn target(request: &Request, way: usize) -> String {
    let (slash, after) = [("/", ""), ("//", ""), ("/./", "/"), ("/", ";v=1"), ("/x/../", "")][way];
    let mut target: String =
        request.segments.iter().map(|segment| format!("{slash}{segment}{after}")).collect();
    if target.is_empty() {
        target.push('/');
    }
    for (n, (name, value)) in request.query.iter().enumerate() {
        target.push(if n == 0 { '?' } else { '&' });
        target.push_str(&format!("{name}={value}"));
    }
    target
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_compiled_rules_agree_with_reading_them_one_by_one(
        set in rule_set(),
        requests in prop::collection::vec((request(), 0usize..5), 1..12),
    ) {
        let world = World::compile(&set);
        let mut attributor = Attributor::new(&world.rules, &world.names);
        for (request, way) in requests {
            let target = target(&request, way);
            let call = Call {
                method: request.method.as_bytes(),
                target: target.as_bytes(),
                address: request.address.as_bytes(),
                user_agent: request.user_agent.as_bytes(),
                user: request.user.as_bytes(),
                host: request.host.as_bytes(),
                headers: [Header { name: "x-a", value: request.header.as_bytes() }]
                    .into_iter()
                    .collect(),
                ..Call::default()
            };
            let found = world.by(&mut attributor, &call, request.source);
            prop_assert_eq!(found, expected(&set, &request), "{}", target);
        }
    }

    /// What `check` calls unreachable never wins, and a duplicate never either.
    #[test]
    fn a_shadowed_rule_never_matches(set in rule_set(), request in request()) {
        use dolmen_attribution::{Fault, RuleKind};

        let findings = World::compile(&set).rules.check();
        let found = expected(&set, &request);
        for finding in findings.iter().filter(|f| matches!(f.fault, Fault::Shadowed | Fault::Duplicate)) {
            let name = Some(finding.rule.name.clone());
            match finding.rule.kind {
                RuleKind::Actor => prop_assert_ne!(&found.actor, &name),
                RuleKind::Operation => prop_assert_ne!(&found.claimed, &name),
                RuleKind::Service | RuleKind::Endpoint => {}
            }
        }
    }
}
