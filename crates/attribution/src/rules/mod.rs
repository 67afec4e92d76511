//! Rules: as they are typed ([`RuleSet`]), read and understood, and compiled ([`Rules`]).

mod check;
mod error;
mod openapi;
mod parse;
mod set;
mod values;

use dolmen_model::{NameId, Names};
use ipnet::IpNet;
use rustc_hash::FxHashSet;
use serde::Serialize;

pub use check::{Fault, Finding};
pub use error::{MAX_TEXT, Problem, RuleError, RuleKind, RuleRef};
pub use openapi::{OpenApiError, openapi_endpoints};
pub use set::{ActorRule, EndpointRule, OperationRule, RuleSet, ServiceRule};
pub use values::Any;

use crate::attributor::Claim;
use crate::conditions::{Conditions, Field, Glob, Selector};
use crate::learn::LearnedTemplate;
use crate::learned::Learned;
use crate::methods;
use crate::paths::{End, Part, PathReader, PathTemplate, Trie};
use parse::{Parsed, ParsedSet};

/// Compiled rules: shared by all workers, each with its own [`crate::Attributor`].
#[derive(Debug)]
pub struct Rules {
    pub(crate) actors: Named,
    pub(crate) services: Named,
    pub(crate) operations: Named,
    /// Of each operation rule, whose word it is.
    pub(crate) claims: Vec<Claim>,
    pub(crate) templates: Trie<Vec<Endpoint>>,
    /// The templates that were learned.
    pub(crate) learned: Learned,
    /// The literals of declared templates.
    literals: FxHashSet<Box<[u8]>>,
    /// Those that would pass for something else.
    typed_literals: FxHashSet<Box<[u8]>>,
    /// Methods beyond the registered ones that rules name.
    methods: FxHashSet<Box<[u8]>>,
    trusted: Vec<IpNet>,
    set: RuleSet,
    parsed: ParsedSet,
}

/// The rules of one kind and the name that each gives.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) selector: Selector,
    pub(crate) names: Vec<NameId>,
}

/// A declared template, and the calls for which it is declared.
#[derive(Debug)]
pub(crate) struct Endpoint {
    service: Option<NameId>,
    methods: Option<Vec<Box<[u8]>>>,
    pub(crate) template: Box<str>,
}

/// A template as a rule declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeclaredTemplate {
    /// The template.
    pub path: String,
    /// The methods that it is for; none for all of them.
    pub methods: Vec<String>,
    /// The service that it is for.
    pub service: Option<String>,
    /// The rule.
    pub rule: RuleRef,
}

impl Endpoint {
    fn has(&self, method: &[u8]) -> bool {
        self.methods.as_ref().is_none_or(|only| only.iter().any(|m| **m == *method))
    }

    pub(crate) fn is_for(&self, service: NameId, method: &[u8]) -> bool {
        self.service.is_none_or(|only| only == service) && self.has(method)
    }
}

impl Rules {
    /// Compiles a set of rules; the names that they give are interned into `names`.
    ///
    /// # Errors
    /// Every fault of every rule, in the order written.
    pub fn compile(set: &RuleSet, names: &Names) -> Result<Self, Vec<RuleError>> {
        let parsed = parse::parse(set)?;
        let mut templates = Trie::default();
        for endpoint in &parsed.endpoints {
            declare(endpoint, MethodsOf::TheRule, names, &mut templates);
        }
        // A path has the same shape whatever is done to it, and an operation's rest says nothing
        // about shape: it stands for all the paths that nobody spelled out.
        for operation in &parsed.operations {
            declare(operation, MethodsOf::AnyCall, names, &mut templates);
        }
        let mut named = |rules: &[Parsed], table: &dolmen_model::Table| {
            let conditions: Vec<&Conditions> = rules.iter().map(|rule| &rule.conditions).collect();
            let selector =
                Selector::compile(&conditions, names, |template| templates.place(template))
                    .map_err(|fault| {
                        vec![RuleError {
                            rule: rules[fault.rule].rule.clone(),
                            key: fault.key,
                            value: String::new(),
                            column: None,
                            problem: fault.problem,
                        }]
                    })?;
            let ids = rules.iter().map(|rule| table.intern(rule.rule.name.as_bytes())).collect();
            Ok::<_, Vec<RuleError>>(Named { selector, names: ids })
        };
        let literals = literals(&parsed);
        let claim = |rule: &Parsed| {
            if rule.conditions.trust_headers() { Claim::Header } else { Claim::Rule }
        };
        Ok(Self {
            actors: named(&parsed.actors, &names.actors)?,
            services: named(&parsed.services, &names.services)?,
            operations: named(&parsed.operations, &names.operations)?,
            claims: parsed.operations.iter().map(claim).collect(),
            templates,
            learned: Learned::default(),
            typed_literals: typed(&literals),
            literals,
            methods: named_methods(&parsed),
            trusted: set.trusted_proxies.clone(),
            set: set.clone(),
            parsed,
        })
    }

    /// The same rules, with templates that name the endpoints no rule declares.
    #[must_use]
    pub fn with_learned(self, templates: &[LearnedTemplate]) -> Self {
        Self { learned: Learned::new(templates), ..self }
    }

    /// Whether a declared template is of this path, of whatever service.
    pub fn declares(&self, method: &[u8], path: &[u8]) -> bool {
        let mut leaves = Vec::new();
        self.templates.find(&PathReader::default().normal(path), &mut leaves);
        leaves.iter().flat_map(|&leaf| self.templates.get(leaf)).any(|one| one.has(method))
    }

    /// Every declared template with its methods (all where there are none) and its service.
    pub fn declared(&self) -> Vec<DeclaredTemplate> {
        let kinds = [&self.parsed.endpoints, &self.parsed.operations];
        let paths = kinds.into_iter().flatten().flat_map(|parsed| {
            let endings = parsed.conditions.paths.iter().flatten();
            endings.map(move |template| (parsed, template))
        });
        let methods = |parsed: &Parsed| {
            let globs = parsed.conditions.text(&Field::Method).into_iter().flatten();
            let literal = |glob: &Glob| glob.literal();
            globs.filter_map(literal).map(|m| String::from_utf8_lossy(&m).into_owned()).collect()
        };
        paths
            .map(|(parsed, template)| DeclaredTemplate {
                path: template.text.clone(),
                methods: methods(parsed),
                service: parsed.conditions.service.clone(),
                rule: parsed.rule.clone(),
            })
            .collect()
    }

    /// The networks whose word in `X-Forwarded-For` is believed, for [`crate::client_address`].
    pub fn trusted_proxies(&self) -> &[IpNet] {
        &self.trusted
    }

    /// Rules that contradict each other or that no call can reach, in the order written.
    ///
    /// Only what is certain is found, by comparing rules in pairs: that several rules together
    /// leave nothing to a later one is not.
    pub fn check(&self) -> Vec<Finding> {
        check::check(&self.set, &self.parsed)
    }

    /// Whether a segment of digits is a number wherever it stands: neither a declared template nor a
    /// learned one has such a literal.
    pub(crate) fn digits_are_numbers(&self) -> bool {
        self.typed_literals.is_empty() && self.learned.is_plain()
    }

    /// Whether a declared template has this literal, which by its shape is something else.
    pub(crate) fn is_declared(&self, segment: &[u8]) -> bool {
        !self.typed_literals.is_empty() && self.typed_literals.contains(segment)
    }

    /// Whether a declared template has this literal.
    pub(crate) fn is_literal(&self, segment: &[u8]) -> bool {
        !self.literals.is_empty() && self.literals.contains(segment)
    }

    /// The method as endpoints show it. What is neither registered nor in a rule is `(other)`:
    /// a scanner shall not fill the table of endpoints with methods it invents.
    pub(crate) fn method<'m>(&self, method: &'m [u8]) -> &'m [u8] {
        if methods::is_registered(method) || self.methods.contains(method) {
            method
        } else {
            b"(other)"
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum MethodsOf {
    TheRule,
    AnyCall,
}

fn declare(
    parsed: &Parsed,
    methods: MethodsOf,
    names: &Names,
    templates: &mut Trie<Vec<Endpoint>>,
) {
    let conditions = &parsed.conditions;
    let names_endpoints = |template: &&PathTemplate| {
        parsed.rule.kind == RuleKind::Endpoint || template.end == End::Here
    };
    for template in conditions.paths.iter().flatten().filter(names_endpoints) {
        let service = conditions.service.as_ref();
        let endpoint = Endpoint {
            service: service.map(|service| names.services.intern(service.as_bytes())),
            methods: match methods {
                MethodsOf::TheRule => conditions.text(&Field::Method).map(|globs| {
                    globs.iter().filter_map(|glob| glob.literal()).map(Vec::into).collect()
                }),
                MethodsOf::AnyCall => None,
            },
            template: template.text.as_str().into(),
        };
        let place = templates.place(template);
        templates.get_mut(place).push(endpoint);
    }
}

fn named_methods(parsed: &ParsedSet) -> FxHashSet<Box<[u8]>> {
    let ParsedSet { actors: _, operations, services, endpoints } = parsed;
    let rules = operations.iter().chain(services).chain(endpoints);
    let globs = rules.filter_map(|rule| rule.conditions.text(&Field::Method)).flatten();
    globs.filter_map(|glob| glob.literal()).map(Vec::into).collect()
}

fn literals(parsed: &ParsedSet) -> FxHashSet<Box<[u8]>> {
    let ParsedSet { actors: _, operations, services, endpoints } = parsed;
    let rules = operations.iter().chain(services).chain(endpoints);
    let parts =
        rules.flat_map(|rule| rule.conditions.paths.iter().flatten()).flat_map(|t| &t.parts);
    let literals = parts.filter_map(|part| match part {
        Part::Literal(literal) => Some(literal),
        Part::Parameter => None,
    });
    literals.cloned().collect()
}

fn typed(literals: &FxHashSet<Box<[u8]>>) -> FxHashSet<Box<[u8]>> {
    let passes = |literal: &[u8]| {
        let mut template = Vec::new();
        crate::template::template(literal, &mut template);
        template != literal
    };
    literals.iter().filter(|literal| passes(literal)).cloned().collect()
}
