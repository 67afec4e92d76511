//! What lay between the values of the line before.
//!
//! A logger writes the same keys in the same order, line after line: between two values stands
//! the same `","key":"` each time. So what the scanner passed there, and what it found the key to
//! mean, is remembered; on the next line one compare does the work of taking it apart. A line
//! that is different costs that compare more, and its own way is remembered instead.
//!
//! A line that held texts and numbers alone, one after the other, is remembered as a whole: where the
//! next one goes on like it to the end, nothing of the scanner is needed ([`Route::repeat`]).

use dolmen_model::same_bytes;

use super::keys::{Leaf, Node};
use super::scan::{Form, Pick};
use crate::search::find_any;

/// The way through the last line. It belongs to one format, as its scratch does.
#[derive(Debug, Default)]
pub(crate) struct Route {
    steps: Vec<Step>,
    /// How many steps the line before had, if it can be repeated as a whole; else 0.
    whole: usize,
}

/// One member of an object that has wanted keys.
#[derive(Debug)]
struct Step {
    /// The object's node: the same bytes mean something else in another object.
    node: usize,
    /// Whether it is the first of its object: `{"a":` is nothing that may stand behind a value.
    is_first: bool,
    /// From the `{` or the end of the value before to the value.
    text: Vec<u8>,
    /// The wanted key that it is.
    entry: Option<usize>,
    /// Where its text or number goes.
    goal: Goal,
}

/// Where a value goes that is no object and no array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    Nowhere,
    One(Leaf),
    Several,
}

/// Members that are remembered, and bytes of each: a line full of other keys costs no memory.
const STEPS: usize = 64;
const TEXT: usize = 64;

impl Route {
    /// If `rest` goes on as remembered: how many bytes were passed, and which wanted key it is.
    #[inline]
    pub(super) fn follow(
        &self,
        step: usize,
        (node, is_first): (usize, bool),
        rest: &[u8],
    ) -> Option<(usize, Option<usize>)> {
        let step = self.steps.get(step)?;
        let is_same = same_bytes(rest.get(..step.text.len())?, &step.text)
            && (step.node, step.is_first) == (node, is_first);
        is_same.then_some((step.text.len(), step.entry))
    }

    /// Remembers what was passed before a value.
    pub(super) fn learn(
        &mut self,
        step: usize,
        (node, is_first): (usize, bool),
        text: &[u8],
        (found_in, entry): (&Node, Option<usize>),
    ) {
        if text.len() > TEXT || step >= STEPS {
            self.steps.truncate(step);
            return;
        }
        let goal = match entry.map_or(&[][..], |entry| &found_in.target(entry).leaves) {
            [] => Goal::Nowhere,
            [leaf] => Goal::One(*leaf),
            _ => Goal::Several,
        };
        if let Some(known) = self.steps.get_mut(step) {
            known.text.clear();
            known.text.extend_from_slice(text);
            (known.node, known.is_first) = (node, is_first);
            (known.entry, known.goal) = (entry, goal);
        } else if step == self.steps.len() {
            self.steps.push(Step { node, is_first, text: text.to_vec(), entry, goal });
        }
    }

    /// Says that a line was read that had so many members, each a text without escapes or a number
    /// without a sign, and nothing around its object.
    pub(super) fn was_straight(&mut self, steps: usize) {
        let mut slots = [false; 256];
        let may_repeat = self.steps.get(..steps).is_some_and(|steps| {
            steps.iter().all(|step| {
                step.node == 0
                    && match step.goal {
                        Goal::Nowhere => true,
                        // Of two keys for one slot, the better is chosen by what is in them.
                        Goal::One(leaf) => {
                            !std::mem::replace(&mut slots[usize::from(leaf.slot)], true)
                        }
                        Goal::Several => false,
                    }
            })
        });
        self.whole = if may_repeat { steps } else { 0 };
    }

    /// Reads a line that goes on like the one before to its end: the same slots of `picks` are written
    /// as were then, and the others left alone. Where it does not, says no, and what is in `picks` is
    /// of no use.
    #[inline]
    pub(super) fn repeat(&self, line: &[u8], picks: &mut [Pick]) -> bool {
        self.walk(line, |leaf, start, text, form| {
            if let Some(pick) = picks.get_mut(usize::from(leaf.slot)) {
                *pick = Pick::of(line, start..start + text.len(), form, leaf);
            }
        })
    }

    /// Nothing is to be repeated until a line was read that can be.
    pub(super) fn forget_whole(&mut self) {
        self.whole = 0;
    }

    /// Hands the values of all wanted members to `note`, with where they begin; whether the line goes
    /// on like the one before to its end.
    #[inline]
    pub(super) fn walk<'l>(
        &self,
        line: &'l [u8],
        mut note: impl FnMut(Leaf, usize, &'l [u8], Form),
    ) -> bool {
        let Some(steps) = self.steps.get(..self.whole) else { return false };
        let mut rest = line;
        for step in steps {
            let Some((text, value)) = rest.split_at_checked(step.text.len()) else { return false };
            if !same_bytes(text, &step.text) {
                return false;
            }
            let (text, form) = match value {
                [b'"', text @ ..] => {
                    let Some(length) = find_any(text, [b'"', b'\\']) else { return false };
                    if text[length] != b'"' {
                        return false;
                    }
                    rest = &text[length + 1..];
                    (&text[..length], Form::Text)
                }
                [b'0'..=b'9', ..] => {
                    let Some(length) = number(value) else { return false };
                    rest = &value[length..];
                    (&value[..length], Form::Bare)
                }
                _ => return false,
            };
            if let Goal::One(leaf) = step.goal {
                let after = rest.len() + usize::from(form == Form::Text);
                note(leaf, line.len() - after - text.len(), text, form);
            }
        }
        self.whole > 0 && rest == b"}"
    }
}

/// The length of digits, with a fraction or without.
fn number(text: &[u8]) -> Option<usize> {
    let digits = |text: &[u8]| text.iter().position(|b| !b.is_ascii_digit());
    let whole = digits(text)?;
    match text[whole..] {
        [b'.', ref fraction @ ..] => {
            digits(fraction).filter(|&length| length > 0).map(|length| whole + 1 + length)
        }
        _ => Some(whole),
    }
}
