//! What all lines of one request id, together, say of its calls: the one rule by which a worker
//! settles its block and the store settles ids whose lines came in several commits.

use dolmen_join::{CallEntry, Chains, MOST_LINES, MarkEntry, Resolved, resolve};
use dolmen_model::{CachedSets, Joined, NameId, SetId};
use smallvec::SmallVec;

use crate::facts::{Role, Settled};

/// What a call's own line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// Which call it is, in whatever its owner counts by.
    pub which: u32,
    /// The service, as rules and the source say.
    pub service: NameId,
    /// The operation that the rules claim.
    pub claimed: NameId,
}

/// What is counted of a call beside its time. Of calls of one id and one instant it says which comes
/// first, by names and not by their numbers: so it is the same whichever was met first. Calls that
/// are alike count alike, and which of them is which makes no difference.
///
/// What rules have no say in comes first: new rules then mostly leave the order as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Likeness {
    /// The status; 0 where the log has none.
    pub status: u16,
    /// Bytes; 0 where the log has none.
    pub bytes: u64,
    /// Microseconds; 0 where the log has none.
    pub duration: u64,
    /// The source, by name.
    pub source: String,
    /// The endpoint.
    pub endpoint: Option<String>,
    /// The service, as rules and the source say.
    pub service: Option<String>,
    /// The operation that the rules claim.
    pub claimed: Option<String>,
    /// The actor.
    pub actor: Option<String>,
    /// The address and the user agent. Last, since a report knows them of unknown actors alone.
    pub caller: [String; 2],
}

/// What a mark says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Said {
    /// The operation that was entered.
    pub operation: NameId,
    /// The service that wrote it.
    pub service: NameId,
}

/// Whether several calls carry an id, outside a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// At most one does.
    Once,
    /// Several do.
    Repeatedly,
    /// More than [`MOST_LINES`] lines do: it is no request id, and none of them is joined by it.
    TooOften,
}

/// Settles the calls of one id. `calls` and `marks` are all lines that carry it, in any order; at
/// least one is a call, which takes every mark; but for [`Carried::TooOften`], when none does. `likeness`
/// is asked for calls of one instant.
pub fn settle(
    chains: &Chains,
    sets: &mut CachedSets<'_>,
    calls: &mut [CallEntry<Own>],
    marks: &mut [MarkEntry<Said>],
    likeness: impl Fn(&Own) -> Likeness,
    mut each: impl FnMut(Own, Settled),
) -> Carried {
    if (calls.len() + marks.len()) as u64 > MOST_LINES {
        calls.iter().for_each(|call| each(call.fact, apart(&call.fact, sets)));
        return Carried::TooOften;
    }
    let mut carried = Carried::Once;
    let tie = |a: &CallEntry<Own>, b: &CallEntry<Own>| likeness(&a.fact).cmp(&likeness(&b.fact));
    resolve(chains, calls, marks, tie, |resolved| match resolved {
        Resolved::Repeated { .. } => carried = Carried::Repeatedly,
        Resolved::MarkOnly(_) => {}
        Resolved::Call { call, hops, marks, bypassed } => {
            for hop in hops {
                each(hop.fact, of_hop(&hop.fact, sets));
            }
            each(
                call.fact,
                Settled {
                    role: Role::Call,
                    service: answering(&call.fact, hops, marks),
                    operations: operations(&call.fact, marks, sets),
                    joined: if marks.is_empty() { Joined::CallOnly } else { Joined::Joined },
                    marks: u32::try_from(marks.len()).unwrap_or(u32::MAX),
                    bypassed,
                    repeated: carried == Carried::Repeatedly,
                },
            );
        }
    });
    carried
}

/// A call that is joined with nothing.
pub(crate) fn apart(own: &Own, sets: &mut CachedSets<'_>) -> Settled {
    Settled {
        role: Role::Call,
        service: own.service,
        operations: operations(own, &[], sets),
        joined: Joined::CallOnly,
        marks: 0,
        bypassed: false,
        repeated: false,
    }
}

fn of_hop(own: &Own, sets: &mut CachedSets<'_>) -> Settled {
    Settled { role: Role::Hop, ..apart(own, sets) }
}

fn operations(own: &Own, marks: &[&MarkEntry<Said>], sets: &mut CachedSets<'_>) -> SetId {
    let mut entered: SmallVec<[NameId; 4]> = marks.iter().map(|m| m.fact.operation).collect();
    if entered.is_empty() && own.claimed.is_known() {
        entered.push(own.claimed);
    }
    sets.intern(&entered)
}

/// The service that answered: the one whose marks the call has, where they name one and agree;
/// else the innermost server of the chain that says; else the call's own.
fn answering(own: &Own, hops: &[&CallEntry<Own>], marks: &[&MarkEntry<Said>]) -> NameId {
    let mut said = marks.iter().map(|mark| mark.fact.service).filter(|id| id.is_known());
    if let Some(first) = said.next()
        && said.all(|other| other == first)
    {
        return first;
    }
    let innermost = hops.iter().rev().map(|hop| hop.fact.service).find(|id| id.is_known());
    innermost.unwrap_or(own.service)
}
