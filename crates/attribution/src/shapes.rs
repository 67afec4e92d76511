//! What is known of paths met before, by their shape.
//!
//! Paths with identifiers hardly ever repeat, their shapes do. So a worker keeps a tree of shapes:
//! each segment leads on either as the literal it is or as its kind. Where a shape ends stands what
//! all its paths share: the declared templates that match, the template of the path, and for each
//! method the endpoint and the operations in question. A path of a known shape costs one step a segment and no more.

use dolmen_model::{NameId, same_bytes};

use crate::conditions::Bits;
use crate::forms::Forms;
use crate::learned::{At, Way};
use crate::lookup::Lookup;
use crate::paths::class::{DOT, ODD, classes};
use crate::paths::{MAX_SEGMENTS, PathReader, Segments, slash};
use crate::rules::Rules;
use crate::template::{KINDS, Kind, kind, write_name, write_template};

/// What all paths of one shape share.
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// The declared templates that match, the most specific first.
    pub(crate) leaves: Vec<usize>,
    /// The template where none is declared.
    pub(crate) template: Vec<u8>,
    pub(crate) routes: Routes,
}

/// The routes met so far on paths of one shape.
#[derive(Debug, Default)]
pub(crate) struct Routes(Vec<Route>);

/// What calls of one shape share that have this method and that this service answered.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) service: NameId,
    pub(crate) method: Box<[u8]>,
    pub(crate) endpoint: NameId,
    /// The operation rules that may match.
    pub(crate) operations: Bits,
}

impl Routes {
    /// How many are kept: services have few methods, but clients invent some.
    const KEPT: usize = 16;

    /// The route of calls with this method to this service, made where it is not known.
    pub(crate) fn of(
        &mut self,
        service: NameId,
        method: &[u8],
        new: impl FnOnce() -> (NameId, Bits),
    ) -> &Route {
        let same = |route: &Route| route.service == service && same_bytes(&route.method, method);
        let at = match self.0.iter().position(same) {
            Some(known) => known,
            None => {
                let (endpoint, operations) = new();
                self.0.truncate(Self::KEPT - 1);
                self.0.push(Route { service, method: method.into(), endpoint, operations });
                self.0.len() - 1
            }
        };
        &self.0[at]
    }
}

/// One worker's memory of shapes.
#[derive(Debug)]
pub(crate) struct Shapes<'r> {
    rules: &'r Rules,
    /// Whether segments of digits are numbers everywhere: then paths have forms.
    has_forms: bool,
    reader: PathReader,
    tree: Tree,
    /// The shape of the last path that is not kept: no path proper, or too long.
    passing: Shape,
    /// Room for the name of a file.
    name: Vec<u8>,
}

impl<'r> Shapes<'r> {
    pub(crate) fn new(rules: &'r Rules) -> Self {
        Self {
            rules,
            has_forms: rules.digits_are_numbers(),
            reader: PathReader::default(),
            tree: Tree::default(),
            passing: Shape::default(),
            name: Vec::new(),
        }
    }

    /// The shape of a target's path, and where the path ends.
    #[inline]
    pub(crate) fn of_target(&mut self, target: &[u8]) -> (&mut Shape, usize) {
        if self.has_forms
            && let Some((shape, end)) = self.tree.forms.find(target)
        {
            return (&mut self.tree.shapes[shape], end);
        }
        let end = memchr::memchr(b'?', target).unwrap_or(target.len());
        (self.of(&target[..end]), end)
    }

    /// The shape of a path.
    fn of(&mut self, path: &[u8]) -> &mut Shape {
        let Self { rules, has_forms, reader, tree, passing, name } = self;
        let miss = match tree.walk(path, rules, name) {
            Ok(known) => {
                if *has_forms {
                    tree.forms.remember(path, known);
                }
                return &mut tree.shapes[known];
            }
            Err(miss) => miss,
        };
        let segments = reader.normal(path);
        if let Miss::Odd = miss
            && let Ok(known) = tree.find(segments, rules, name)
        {
            return &mut tree.shapes[known];
        }
        let shape = match tree.insert(segments, rules, name) {
            Some(new) => new,
            None => {
                passing.leaves.clear();
                passing.template.clear();
                passing.routes.0.clear();
                passing
            }
        };
        rules.templates.find(&segments, &mut shape.leaves);
        write_template(&segments, &rules.learned, &mut shape.template);
        shape
    }
}

fn is_kept(segments: &Segments<'_>) -> bool {
    segments.rooted && segments.more == 0
}

/// The tree. A node that leads on by [`Tree::LITERALS`] literals takes no more: a flood of names
/// shall not drive out the routes. Past [`Tree::NODES`] nodes, or [`Tree::REFUSED`] paths that found
/// no room, it starts anew.
#[derive(Debug)]
struct Tree {
    nodes: Vec<Node>,
    shapes: Vec<Shape>,
    /// Paths met lately.
    forms: Forms,
    refused: usize,
}

#[derive(Debug)]
struct Node {
    literals: Lookup<usize>,
    /// By kind; 0, the root, where there is none yet.
    kinds: [usize; KINDS],
    /// Where any value leads that is no literal here, as was learned; 0 where there is none yet.
    open: usize,
    /// Its place among the learned templates.
    learned: At,
    shape: Option<usize>,
}

/// How a segment leads on that is no literal met before.
enum Key<'k> {
    Kind(Kind),
    Open,
    /// A literal; of a file's name, with placeholders for its typed parts.
    Literal(&'k [u8]),
}

/// Why a path's shape was not found.
enum Miss {
    New,
    /// It may be known once the path is in normal form.
    Odd,
}

impl Default for Tree {
    fn default() -> Self {
        let nodes = vec![Node::new(At::ROOT)];
        Self { nodes, shapes: Vec::new(), forms: Forms::default(), refused: 0 }
    }
}

impl Node {
    fn new(learned: At) -> Self {
        let (literals, kinds) = (Lookup::default(), [0; KINDS]);
        Self { literals, kinds, open: 0, learned, shape: None }
    }
}

impl Tree {
    const NODES: usize = 8192;
    const LITERALS: usize = 256;
    const REFUSED: usize = 100_000;

    /// The shape of a path as it stands, cut while it is walked: nearly every one is in normal form.
    fn walk(&self, path: &[u8], rules: &Rules, name: &mut Vec<u8>) -> Result<usize, Miss> {
        // What does not begin at the root may name another host first.
        let mut rest = path.strip_prefix(b"/").ok_or(Miss::Odd)?;
        let (mut node, mut segments) = (&self.nodes[0], 0);
        loop {
            let end = slash(rest);
            let segment = &rest[..end];
            match segment {
                b"" | b"." => {}
                // Whether there was a segment to take back, the normal form tells.
                b".." => return Err(Miss::Odd),
                _ if segments == MAX_SEGMENTS => return Err(Miss::Odd),
                _ => {
                    segments += 1;
                    node = self.next(node, segment, ODD, rules, name)?;
                }
            }
            match rest.get(end + 1..) {
                Some(after) => rest = after,
                None => return node.shape.ok_or(Miss::New),
            }
        }
    }

    /// The shape of a path in normal form.
    fn find(
        &self,
        segments: Segments<'_>,
        rules: &Rules,
        name: &mut Vec<u8>,
    ) -> Result<usize, Miss> {
        if !is_kept(&segments) {
            return Err(Miss::Odd);
        }
        let mut node = &self.nodes[0];
        for segment in segments.first {
            node = self.next(node, segments.bytes(*segment), 0, rules, name)?;
        }
        node.shape.ok_or(Miss::New)
    }

    /// Where a segment leads; one of bytes of these `odd` classes may be another in normal form.
    #[inline]
    fn next(
        &self,
        node: &Node,
        segment: &[u8],
        odd: u8,
        rules: &Rules,
        name: &mut Vec<u8>,
    ) -> Result<&Node, Miss> {
        let next = match node.literals.get(segment) {
            Some(&literal) => literal,
            None => {
                let classes = classes(segment);
                if classes & odd != 0 {
                    return Err(Miss::Odd);
                }
                match key(segment, classes, node.learned, rules, name) {
                    Key::Kind(kind) => node.kinds[kind as usize],
                    Key::Open => node.open,
                    Key::Literal(literal) => node.literals.get(literal).copied().unwrap_or(0),
                }
            }
        };
        if next == 0 { Err(Miss::New) } else { Ok(&self.nodes[next]) }
    }

    /// Makes a shape for a path in normal form, if there is room.
    fn insert(
        &mut self,
        segments: Segments<'_>,
        rules: &Rules,
        name: &mut Vec<u8>,
    ) -> Option<&mut Shape> {
        if !is_kept(&segments) {
            return None;
        }
        if self.nodes.len() + MAX_SEGMENTS > Self::NODES || self.refused > Self::REFUSED {
            *self = Self::default();
        }
        let mut at = 0;
        for segment in segments.first {
            let new = self.nodes.len();
            let node = &mut self.nodes[at];
            let bytes = segments.bytes(*segment);
            let (next, learned) = match key(bytes, classes(bytes), node.learned, rules, name) {
                Key::Kind(kind) => {
                    (&mut node.kinds[kind as usize], rules.learned.kind(node.learned, kind))
                }
                Key::Open => (&mut node.open, rules.learned.open(node.learned)),
                Key::Literal(literal) => {
                    if node.literals.len() == Self::LITERALS && node.literals.get(literal).is_none()
                    {
                        self.refused += 1;
                        return None;
                    }
                    let learned = rules.learned.literal(node.learned, literal);
                    (node.literals.get_or_insert_with(literal, || 0), learned)
                }
            };
            if *next == 0 {
                *next = new;
                self.nodes.push(Node::new(learned));
                at = new;
            } else {
                at = *next;
            }
        }
        let shape = self.shapes.len();
        self.nodes[at].shape = Some(shape);
        self.shapes.push(Shape::default());
        self.shapes.last_mut()
    }
}

/// How a segment leads on. A literal of a declared template does so as itself, though its kind be
/// known: `/year/2026` is not `/year/{int}` where a rule says so.
fn key<'k>(
    bytes: &'k [u8],
    classes: u8,
    learned: At,
    rules: &Rules,
    name: &'k mut Vec<u8>,
) -> Key<'k> {
    if rules.is_declared(bytes) {
        return Key::Literal(bytes);
    }
    match rules.learned.way(learned, bytes, classes, name) {
        Way::Literal => return Key::Literal(bytes),
        // A declared template may have it as a literal.
        Way::Open(_) | Way::Kind(_) if rules.is_literal(bytes) => return Key::Literal(bytes),
        Way::Open(_) => return Key::Open,
        Way::Kind(kind) => return Key::Kind(kind),
        Way::Shape => {}
    }
    if let Some(kind) = kind(bytes, classes) {
        return Key::Kind(kind);
    }
    if classes & DOT == 0 {
        return Key::Literal(bytes);
    }
    name.clear();
    write_name(bytes, name);
    Key::Literal(name)
}

#[cfg(test)]
mod tests {
    use dolmen_model::Names;
    use proptest::prelude::*;

    use super::*;
    use crate::rules::RuleSet;

    fn rules(paths: &[&str]) -> Rules {
        let endpoint = |path: &&str| crate::rules::EndpointRule {
            path: (*path).to_owned(),
            ..Default::default()
        };
        let endpoints = paths.iter().map(endpoint).collect();
        Rules::compile(&RuleSet { endpoints, ..RuleSet::default() }, &Names::new()).unwrap()
    }

    /// The leaves and the template of each path, as a fresh memory finds them.
    fn fresh(rules: &Rules, path: &str) -> (Vec<usize>, Vec<u8>) {
        let mut shapes = Shapes::new(rules);
        let shape = shapes.of(path.as_bytes());
        (shape.leaves.clone(), shape.template.clone())
    }

    #[track_caller]
    fn agree(rules: &Rules, shapes: &mut Shapes<'_>, path: &str) {
        for query in ["", "?a=/1"] {
            let target = format!("{path}{query}");
            let (shape, end) = shapes.of_target(target.as_bytes());
            let found = (shape.leaves.clone(), shape.template.clone());
            assert_eq!((found, end), (fresh(rules, path), path.len()), "{path}");
        }
    }

    #[test]
    fn paths_of_one_shape_share_it() {
        let rules = rules(&["/a/{x}"]);
        let mut shapes = Shapes::new(&rules);
        for path in
            ["/a/1", "/a/2", "//a/./3;v=1", "/%61/4", "/b/x-3f2a9c1b.js", "/b/x-ffffffff.js"]
        {
            agree(&rules, &mut shapes, path);
        }
        assert_eq!(shapes.tree.shapes.len(), 2);
    }

    #[test]
    fn a_declared_literal_is_told_from_its_kind() {
        let rules = rules(&["/year/2026", "/year/{other}", "/js/app.3f2a9c1b.js"]);
        for order in [["/year/1", "/year/2026"], ["/year/2026", "/year/1"]] {
            let mut shapes = Shapes::new(&rules);
            for path in order {
                agree(&rules, &mut shapes, path);
            }
        }
        let mut shapes = Shapes::new(&rules);
        for path in ["/js/app.00000000.js", "/js/app.3f2a9c1b.js", "/js/app.3f2a9c1b.js/7"] {
            agree(&rules, &mut shapes, path);
        }
    }

    #[test]
    fn an_escaped_way_up_is_one() {
        let rules = rules(&[]);
        let mut shapes = Shapes::new(&rules);
        for path in ["/a/b", "/b", "/a/%2e%2e/../b", "/a/..;/../b", "/a/../b"] {
            agree(&rules, &mut shapes, path);
        }
    }

    proptest! {
        #[test]
        fn what_was_met_before_changes_no_answer(
            paths in prop::collection::vec(
                "(/(a|b|7|42|2026|%37|\\.|\\.\\.|%2e%2E|;v|a;v|a%2Fb|x-3f2a9c1b\\.js|\\*|\\{int\\})){0,5}|\\*|7",
                1..12,
            ),
        ) {
            // Where digits alone are a literal, paths have no forms.
            for declared in [&["/a/{x}", "/{x}/7", "/2026/*"][..], &["/a/{x}", "/{x}/b", "/*"]] {
                let rules = rules(declared);
                let mut shapes = Shapes::new(&rules);
                for path in paths.iter().chain(&paths) {
                    agree(&rules, &mut shapes, path);
                }
            }
        }
    }

    #[test]
    fn what_is_no_path_proper_is_not_kept() {
        let rules = rules(&["/*"]);
        let mut shapes = Shapes::new(&rules);
        let long = "/a".repeat(40);
        for path in ["*", "a.example:443", "a.example:444", &long, "*", "%2A"] {
            agree(&rules, &mut shapes, path);
        }
        assert_eq!(shapes.tree.shapes.len(), 0);
    }

    #[test]
    fn the_tree_is_bounded() {
        let rules = rules(&["/p/{x}"]);
        let mut shapes = Shapes::new(&rules);
        for n in 0..10_000 {
            agree(&rules, &mut shapes, &format!("/p/page-{n}x/{}y/z{}", n % 200, n / 200));
            assert!(shapes.tree.nodes.len() <= Tree::NODES);
            assert!(shapes.tree.nodes.iter().all(|node| node.literals.len() <= Tree::LITERALS));
        }
    }
}
