//! All declared path templates in one tree.

use super::normal::Segments;
use super::template::{End, Part, PathTemplate};
use crate::lookup::Lookup;

/// A tree of templates, with a `T` where one ends.
#[derive(Debug)]
pub(crate) struct Trie<T> {
    nodes: Vec<Node>,
    leaves: Vec<T>,
}

#[derive(Debug, Default)]
struct Node {
    literals: Lookup<usize>,
    parameter: Option<usize>,
    /// The leaf of a template that ends here.
    here: Option<usize>,
    /// The leaf of a template that takes whatever follows.
    rest: Option<usize>,
}

impl<T> Default for Trie<T> {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], leaves: Vec::new() }
    }
}

impl<T: Default> Trie<T> {
    /// The leaf of `template`, made where there is none yet: templates of one shape share it,
    /// whatever their parameters' names.
    pub(crate) fn place(&mut self, template: &PathTemplate) -> usize {
        let mut node = 0;
        for part in &template.parts {
            let next = self.nodes.len();
            let known = &mut self.nodes[node];
            node = match part {
                Part::Literal(literal) => *known.literals.get_or_insert_with(literal, || next),
                Part::Parameter => *known.parameter.get_or_insert(next),
            };
            if node == next {
                self.nodes.push(Node::default());
            }
        }
        let node = &mut self.nodes[node];
        let end = match template.end {
            End::Here => &mut node.here,
            End::Rest => &mut node.rest,
        };
        let next = self.leaves.len();
        let leaf = *end.get_or_insert(next);
        if leaf == next {
            self.leaves.push(T::default());
        }
        leaf
    }

    /// Adds to `found` every template that matches, the most specific first: compared from the
    /// left, a literal is more specific than a parameter, and that more than the rest.
    pub(crate) fn find(&self, segments: &Segments<'_>, found: &mut Vec<usize>) {
        if segments.rooted {
            self.walk(0, segments, 0, found);
        }
    }

    fn walk(&self, node: usize, segments: &Segments<'_>, depth: usize, found: &mut Vec<usize>) {
        let node = &self.nodes[node];
        match segments.first.get(depth) {
            Some(segment) => {
                if let Some(&literal) = node.literals.get(segments.bytes(*segment)) {
                    self.walk(literal, segments, depth + 1, found);
                }
                if let Some(parameter) = node.parameter {
                    self.walk(parameter, segments, depth + 1, found);
                }
            }
            None if segments.more == 0 => {
                if let Some(here) = node.here {
                    found.push(here);
                }
            }
            None => {}
        }
        if let Some(rest) = node.rest {
            found.push(rest);
        }
    }

    /// What stands at a leaf.
    pub(crate) fn get(&self, leaf: usize) -> &T {
        &self.leaves[leaf]
    }

    pub(crate) fn get_mut(&mut self, leaf: usize) -> &mut T {
        &mut self.leaves[leaf]
    }
}

#[cfg(test)]
mod tests {
    use super::super::normal::PathReader;
    use super::*;

    fn found(templates: &[&'static str], path: &str) -> Vec<&'static str> {
        let mut trie = Trie::default();
        for text in templates {
            let leaf = trie.place(&PathTemplate::parse(text).unwrap());
            let first: &mut Option<&str> = trie.get_mut(leaf);
            first.get_or_insert(text);
        }
        let mut found = Vec::new();
        trie.find(&PathReader::default().normal(path.as_bytes()), &mut found);
        found.into_iter().map(|leaf| trie.get(leaf).unwrap()).collect()
    }

    #[test]
    fn the_most_specific_first() {
        let templates = ["/*", "/{a}/x", "/post/{id}", "/post/*", "/post/new", "/post/{again}"];
        assert_eq!(found(&templates, "/post/new"), ["/post/new", "/post/{id}", "/post/*", "/*"]);
        assert_eq!(found(&templates, "/post/x"), ["/post/{id}", "/post/*", "/{a}/x", "/*"]);
        assert_eq!(found(&templates, "/post"), ["/post/*", "/*"]);
        assert_eq!(found(&templates, "/"), ["/*"]);
        assert_eq!(found(&templates, "*"), [""; 0]);
    }

    #[test]
    fn a_literal_way_that_ends_is_left_again() {
        assert_eq!(found(&["/a/b/c", "/{x}/b/d"], "/a/b/d"), ["/{x}/b/d"]);
    }

    #[test]
    fn a_path_longer_than_any_template_matches_only_the_rest() {
        let deepest: &'static str =
            "/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a";
        let templates = ["/a/*", deepest];
        assert_eq!(found(&templates, deepest), [deepest, "/a/*"]);
        assert_eq!(found(&templates, &format!("{deepest}/a")), ["/a/*"]);
    }
}
