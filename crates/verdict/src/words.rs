//! What owners' words count for: nobody speaks for calls that come after.

use dolmen_model::Time;

use crate::callers::Group;
use crate::evidence::{About, Word};
use crate::reason::Reason;
use crate::who::Who;

/// Whether owners say of everybody in it that he is gone, each since his last call.
pub(crate) fn speak_for(words: &[Word], group: &Group) -> bool {
    // One host's word is not that of the others.
    group.members.iter().all(|(caller, last)| {
        words.iter().any(|word| word.about.is_of(caller) && word.said >= *last)
    })
}

/// Whether an owner who knew all callers waives the end of the year: of one who came later he
/// cannot say when he comes.
pub(crate) fn waive_year_end<'g>(
    words: &[Word],
    groups: impl Iterator<Item = &'g Group> + Clone,
) -> bool {
    let newest = groups.filter_map(first).max();
    words
        .iter()
        .any(|word| word.about == About::YearEnd && newest.is_none_or(|newest| word.said >= newest))
}

/// Who came after a word that was meant for him, the last of them.
pub(crate) fn came_since<'g>(
    word: &Word,
    groups: impl Iterator<Item = &'g Group>,
) -> Option<Reason> {
    let came = groups.filter_map(|group| match word.about {
        About::Gone { .. } => {
            let about = group.members.iter().filter(|(caller, _)| word.about.is_of(caller));
            about.max_by_key(|(_, last)| *last).map(|(caller, last)| (caller, *last))
        }
        About::YearEnd => first(group).map(|first| (&group.caller, first)),
    });
    let (caller, at) = came.filter(|(_, at)| *at > word.said).max_by_key(|(_, at)| *at)?;
    let who = Who::from(caller.clone());
    Some(Reason::CameSince { said_by: word.who.clone(), said: word.said, who, at })
}

fn first(group: &Group) -> Option<Time> {
    group.times.first().copied()
}
