//! What lay between the values of the line before.
//!
//! A logger writes the same keys in the same order, line after line: between two values stands
//! the same `","key":"` each time. So what the scanner passed there, and what it found the key to
//! mean, is remembered; on the next line one compare does the work of taking it apart. A line
//! that is different costs that compare more, and its own way is remembered instead.

/// The way through the last line. It belongs to one format, as its scratch does.
#[derive(Debug, Default)]
pub(crate) struct Route {
    steps: Vec<Step>,
}

/// One member of an object that has wanted keys.
#[derive(Debug)]
struct Step {
    /// The object's node: the same bytes mean something else in another object.
    node: usize,
    /// From the `{` or the end of the value before to the value.
    text: Vec<u8>,
    /// The wanted key that it is.
    entry: Option<usize>,
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
        node: usize,
        rest: &[u8],
    ) -> Option<(usize, Option<usize>)> {
        let step = self.steps.get(step)?;
        (step.node == node && rest.starts_with(&step.text)).then_some((step.text.len(), step.entry))
    }

    /// Remembers what was passed before a value.
    pub(super) fn learn(&mut self, step: usize, node: usize, text: &[u8], entry: Option<usize>) {
        if text.len() > TEXT || step >= STEPS {
            self.steps.truncate(step);
            return;
        }
        if let Some(known) = self.steps.get_mut(step) {
            known.text.clear();
            known.text.extend_from_slice(text);
            (known.node, known.entry) = (node, entry);
        } else if step == self.steps.len() {
            self.steps.push(Step { node, text: text.to_vec(), entry });
        }
    }
}
