//! The keys that a format wants, as a tree that the scanner walks beside the line.
//!
//! A path such as `http.request.method` may lie in a line as nested objects, as one key with dots
//! in it, or as a mixture: some loggers nest, some flatten. The tree holds every way to cut it.

use std::ops::Range;

use smallvec::SmallVec;

/// Where a value goes: the format's slot, and how much this spelling is preferred there (0 most).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) slot: u8,
    pub(super) rank: u8,
}

/// What is wanted of one value.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    /// The value itself.
    pub(super) leaves: SmallVec<[Leaf; 4]>,
    /// What lies inside it.
    pub(super) node: Option<usize>,
}

/// The wanted keys of one object, and the wanted elements of one array.
#[derive(Debug, Default)]
pub(super) struct Node {
    entries: Vec<(Box<[u8]>, Target)>,
    /// An open hash table over `entries`: the number of an entry plus one, or 0. Its length is a
    /// power of two.
    table: Box<[u16]>,
    /// Elements of an array, by number.
    elements: Vec<(usize, Target)>,
}

/// The wanted keys of a format. Node 0 is the line's object.
#[derive(Debug)]
pub(super) struct Keys {
    nodes: Vec<Node>,
}

/// A path that cannot be looked for: which bytes of it, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadPath {
    pub(super) at: Range<usize>,
    pub(super) message: &'static str,
}

/// The ways to cut a path double with each dot.
const SEGMENTS: usize = 8;

impl Keys {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()] }
    }

    pub(super) fn node(&self, number: usize) -> &Node {
        &self.nodes[number]
    }

    /// Wants the value at `path`: keys joined by dots, each with any number of `[0]` after it.
    pub(super) fn want(&mut self, path: &str, leaf: Leaf) -> Result<(), BadPath> {
        let whole = || 0..path.len();
        if path.is_empty() {
            return Err(BadPath { at: whole(), message: "a path has at least one key" });
        }
        let segments: Vec<&str> = path.split('.').collect();
        if segments.len() > SEGMENTS {
            return Err(BadPath { at: whole(), message: "a path has at most eight keys" });
        }
        self.want_below(0, path, 0, leaf)
    }

    /// To be called when all is wanted that will be: before, nothing is found.
    pub(super) fn finish(mut self) -> Self {
        self.nodes.iter_mut().for_each(Node::build_table);
        self
    }

    /// Wants what `path[from..]` names below `node`, cut in every way.
    fn want_below(
        &mut self,
        node: usize,
        path: &str,
        from: usize,
        leaf: Leaf,
    ) -> Result<(), BadPath> {
        let dots = path[from..].match_indices('.').map(|(dot, _)| from + dot);
        for end in dots.chain([path.len()]) {
            // What follows an index is another key.
            if path[from..end].contains("].") {
                break;
            }
            let (key, indices) = indices(path, from..end)?;
            let mut place = Place::Key(node, key.into());
            for index in indices {
                place = Place::Element(self.inside(&place), index);
            }
            if end == path.len() {
                let leaves = &mut self.target(&place).leaves;
                if !leaves.contains(&leaf) {
                    leaves.push(leaf);
                }
            } else {
                let inner = self.inside(&place);
                self.want_below(inner, path, end + 1, leaf)?;
            }
        }
        Ok(())
    }

    /// The node inside the value at `place`, made if there is none.
    fn inside(&mut self, place: &Place) -> usize {
        let next = self.nodes.len();
        let number = *self.target(place).node.get_or_insert(next);
        if number == next {
            self.nodes.push(Node::default());
        }
        number
    }

    fn target(&mut self, place: &Place) -> &mut Target {
        match place {
            Place::Key(node, key) => {
                let entries = &mut self.nodes[*node].entries;
                let at = entries.iter().position(|(known, _)| known == key).unwrap_or_else(|| {
                    entries.push((key.clone(), Target::default()));
                    entries.len() - 1
                });
                &mut entries[at].1
            }
            Place::Element(node, index) => {
                let elements = &mut self.nodes[*node].elements;
                let at =
                    elements.iter().position(|(known, _)| known == index).unwrap_or_else(|| {
                        elements.push((*index, Target::default()));
                        elements.len() - 1
                    });
                &mut elements[at].1
            }
        }
    }
}

/// A value's place in the tree.
enum Place {
    Key(usize, Box<[u8]>),
    Element(usize, usize),
}

/// Cuts `name[0][1]` into the name and its indices.
fn indices(path: &str, at: Range<usize>) -> Result<(&[u8], Vec<usize>), BadPath> {
    let bad = |message| BadPath { at: at.clone(), message };
    let segment = &path[at.clone()];
    let (name, mut rest) = match segment.find('[') {
        Some(bracket) => segment.split_at(bracket),
        None => (segment, ""),
    };
    if name.is_empty() {
        return Err(bad("a key between two dots is empty"));
    }
    let mut indices = Vec::new();
    while !rest.is_empty() {
        let (index, after) = rest
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
            .ok_or_else(|| bad("an index is written `[0]`, after its key"))?;
        indices.push(index.parse().map_err(|_| bad("an index is a number, such as `[0]`"))?);
        rest = after;
    }
    Ok((name.as_bytes(), indices))
}

impl Node {
    /// The number of the wanted key that `key` is.
    pub(super) fn find(&self, key: &[u8]) -> Option<usize> {
        let mask = self.table.len().checked_sub(1)?;
        let mut at = hash(key) & mask;
        loop {
            let entry = usize::from(self.table[at]).checked_sub(1)?;
            if *self.entries[entry].0 == *key {
                return Some(entry);
            }
            at = (at + 1) & mask;
        }
    }

    /// What is wanted under the key of that number.
    pub(super) fn target(&self, entry: usize) -> &Target {
        &self.entries[entry].1
    }

    /// What is wanted of an array's element.
    pub(super) fn element(&self, index: usize) -> Option<&Target> {
        self.elements.iter().find(|(known, _)| *known == index).map(|(_, target)| target)
    }

    pub(super) fn wants_elements(&self) -> bool {
        !self.elements.is_empty()
    }

    /// At most a quarter of the table is taken, so that nearly every key that is not wanted meets
    /// an empty place at once.
    fn build_table(&mut self) {
        let len = (self.entries.len() * 4).next_power_of_two();
        let mut table = vec![0; len].into_boxed_slice();
        for (number, (key, _)) in (1..).zip(&self.entries) {
            let mut at = hash(key) & (len - 1);
            while table[at] != 0 {
                at = (at + 1) & (len - 1);
            }
            table[at] = number;
        }
        self.table = table;
    }
}

/// Length, ends and middle: enough to tell a handful of keys apart, and four loads at most.
fn hash(key: &[u8]) -> usize {
    let (Some(&first), Some(&last)) = (key.first(), key.last()) else { return 0 };
    let middle = key[key.len() / 2];
    key.len()
        .wrapping_mul(0x9e5)
        .wrapping_add(usize::from(first) * 0x25)
        .wrapping_add(usize::from(last) * 0x1b3)
        .wrapping_add(usize::from(middle) * 0x71)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAF: Leaf = Leaf { slot: 1, rank: 2 };

    fn at<'k>(node: &'k Node, key: &[u8]) -> &'k Target {
        node.target(node.find(key).unwrap())
    }

    fn wanted(path: &str) -> Keys {
        let mut keys = Keys::new();
        keys.want(path, LEAF).unwrap();
        keys.finish()
    }

    fn message(path: &str) -> &'static str {
        Keys::new().want(path, LEAF).unwrap_err().message
    }

    #[test]
    fn a_dotted_path_is_cut_in_every_way() {
        let keys = wanted("a.b.c");
        let root = keys.node(0);
        assert_eq!(at(root, b"a.b.c").leaves.as_slice(), [LEAF]);
        let ab = keys.node(at(root, b"a.b").node.unwrap());
        assert_eq!(at(ab, b"c").leaves.as_slice(), [LEAF]);
        let a = keys.node(at(root, b"a").node.unwrap());
        assert_eq!(at(a, b"b.c").leaves.as_slice(), [LEAF]);
        let b = keys.node(at(a, b"b").node.unwrap());
        assert_eq!(at(b, b"c").leaves.as_slice(), [LEAF]);
        assert!(root.find(b"b").is_none());
        assert!(root.find(b"").is_none());
    }

    #[test]
    fn an_index_is_an_element() {
        let keys = wanted("h.x-id[2]");
        let h = keys.node(at(keys.node(0), b"h").node.unwrap());
        let list = keys.node(at(h, b"x-id").node.unwrap());
        assert_eq!(list.element(2).unwrap().leaves.as_slice(), [LEAF]);
        assert!(list.element(0).is_none());
    }

    #[test]
    fn many_keys_find_their_own() {
        let mut keys = Keys::new();
        for slot in 0..200 {
            keys.want(&format!("key_{slot}"), Leaf { slot, rank: 0 }).unwrap();
        }
        let keys = keys.finish();
        for slot in 0..200 {
            let key = format!("key_{slot}");
            assert_eq!(at(keys.node(0), key.as_bytes()).leaves[0].slot, slot);
        }
        assert!(keys.node(0).find(b"key_200").is_none());
    }

    #[test]
    fn a_bad_path_is_refused_where_it_is_bad() {
        assert_eq!(message(""), "a path has at least one key");
        assert_eq!(message("a..b"), "a key between two dots is empty");
        assert_eq!(message("a[x]"), "an index is a number, such as `[0]`");
        assert_eq!(message("a[0]x"), "an index is written `[0]`, after its key");
        assert_eq!(message("a[0"), "an index is written `[0]`, after its key");
        assert_eq!(message("a.b.c.d.e.f.g.h.i"), "a path has at most eight keys");
        assert_eq!(Keys::new().want("a.b[x]", LEAF).unwrap_err().at, 2..6);
    }
}
