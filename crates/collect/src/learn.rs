//! Endpoint templates, learned from what was counted or from what is stored.

use std::collections::BTreeMap;

use dolmen_attribution::{LearnedTemplate, LearnedTemplates, Learner, Rules, Seen};
use dolmen_cubes::Cube;
use dolmen_model::query::{Field, Query};
use dolmen_model::{Joined, NameId, Names, SetId, Time};
use dolmen_store::{CallQuestion, Store, StoreError, Unreadable};
use rustc_hash::FxHashMap;

/// What was learned from a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Learned {
    /// Every template, the most frequent first.
    pub templates: Vec<LearnedTemplate>,
    /// Calls that taught nothing, since there was no room for their paths.
    pub left_out: u64,
    /// The first segment that cannot be read, and so taught nothing.
    pub unreadable: Vec<Unreadable>,
}

/// Learns templates from all calls whose lines a store keeps, except for those that `rules` declare
/// a template for.
///
/// # Errors
/// What the store says when it cannot be read.
pub fn learn(store: &dyn Store, rules: &Rules) -> Result<Learned, StoreError> {
    let all = CallQuestion { from: Time::MIN, to: Time::MAX, query: Query::default() };
    let fields = [Field::Method, Field::Path, Field::Status, Field::Joined, Field::Operation];
    let mut sets: BTreeMap<Vec<String>, SetId> = BTreeMap::new();
    let mut learner = Learner::default();
    let unreadable = store.glimpse(&all, &fields, &mut |call| {
        let method = call.text(Field::Method).as_bytes();
        let path = call.text(Field::Path).as_bytes();
        if method.is_empty() || method == b"CONNECT" || rules.declares(method, path) {
            return;
        }
        let entered = match call.joined() {
            // Numbers of these learned sets only have to differ.
            Joined::Joined => {
                let next = SetId(sets.len() as u32 + 1);
                *sets.entry(call.operations()).or_insert(next)
            }
            Joined::CallOnly | Joined::NoId => SetId::EMPTY,
        };
        learner.see(Seen { method, path, status: call.status(), entered, calls: 1 });
    })?;
    let left_out = learner.left_out();
    Ok(Learned { templates: learner.learn(), left_out, unreadable })
}

/// The endpoints of a cube that have another name once all of them are known together.
///
/// They are learned from what was counted, so it costs nothing a call, and the answer follows from
/// the counts alone.
pub(crate) fn renamed(cube: &Cube, names: &Names, rules: &Rules) -> FxHashMap<NameId, String> {
    let mut endpoints: BTreeMap<Box<[u8]>, NameId> = BTreeMap::new();
    // By name, since numbers depend on who came first.
    let mut counted: BTreeMap<(Box<[u8]>, u16, SetId), u64> = BTreeMap::new();
    for (key, cell) in cube.cells() {
        let Some(name) = names.endpoints.bytes(key.endpoint) else { continue };
        let entered = match key.outcome.joined {
            Joined::Joined => key.operations,
            Joined::CallOnly | Joined::NoId => SetId::EMPTY,
        };
        *counted.entry((name.clone(), key.outcome.status, entered)).or_default() += cell.calls;
        endpoints.insert(name, key.endpoint);
    }
    endpoints.retain(|name, _| {
        let is_learned = |(method, path)| method != b"CONNECT" && !rules.declares(method, path);
        split(name).is_some_and(is_learned)
    });
    let mut learner = Learner::default();
    for ((name, status, entered), calls) in counted {
        let known = endpoints.get_key_value(&name);
        let Some((method, path)) = known.and_then(|(name, _)| split(name)) else { continue };
        let status = (status > 0).then_some(status);
        learner.see(Seen { method, path, status, entered, calls });
    }
    let mut templates = LearnedTemplates::new(&learner.learn());
    let mut renamed = FxHashMap::default();
    for (name, id) in endpoints {
        let Some((method, path)) = split(&name) else { continue };
        let mut new = [method, b" "].concat();
        templates.write(path, &mut new);
        if *new != *name {
            renamed.insert(id, String::from_utf8_lossy(&new).into_owned());
        }
    }
    renamed
}

fn split(endpoint: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = memchr::memchr(b' ', endpoint)?;
    Some((&endpoint[..space], &endpoint[space + 1..]))
}
