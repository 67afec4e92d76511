//! Learned templates, as the paths of calls are led through them.
//!
//! A tree like that of declared templates, but walked without a way back: what a segment is was
//! decided where it stands. A literal is taken first, then its kind, then a parameter that takes
//! any value. Where the tree ends, the rest of a path is named by the shape of its segments.

use crate::learn::{LearnedTemplate, is_language};
use crate::lookup::Lookup;
use crate::paths::class::{DOT, classes};
use crate::template::{KINDS, Kind, kind, shape, write_name};

/// All learned templates in one tree.
#[derive(Debug)]
pub(crate) struct Learned {
    nodes: Vec<Place>,
}

/// A place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct At(u32);

impl At {
    pub(crate) const ROOT: Self = Self(0);
    /// Off the tree.
    pub(crate) const OFF: Self = Self(u32::MAX);
}

#[derive(Debug)]
struct Place {
    literals: Lookup<At>,
    kinds: [At; KINDS],
    open: Option<(At, Box<[u8]>)>,
    /// Whether languages alone are locales here.
    has_languages: bool,
    /// Whether a segment's shape alone does not say how it leads on.
    is_special: bool,
}

impl Default for Place {
    fn default() -> Self {
        let (literals, kinds) = (Lookup::default(), [At::OFF; KINDS]);
        Self { literals, kinds, open: None, has_languages: false, is_special: false }
    }
}

/// How a segment leads on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Way<'s> {
    /// As its shape says.
    Shape,
    /// As the literal it is.
    Literal,
    /// As segments of this kind do, though its shape does not say so.
    Kind(Kind),
    /// As any value does, shown as this.
    Open(&'s [u8]),
}

impl Default for Learned {
    fn default() -> Self {
        Self { nodes: vec![Place::default()] }
    }
}

impl Learned {
    pub(crate) fn new(templates: &[LearnedTemplate]) -> Self {
        let mut learned = Self::default();
        for template in templates.iter().filter(|template| template.special) {
            learned.place(template);
        }
        learned
    }

    fn place(&mut self, template: &LearnedTemplate) {
        let mut at = At::ROOT;
        for (number, segment) in template.path.split('/').skip(1).enumerate() {
            if segment.is_empty() || segment == "{rest...}" {
                break;
            }
            let next = At(self.nodes.len() as u32);
            let parameter = template.parameters.iter().find(|one| one.segment == number);
            let place = &mut self.nodes[at.0 as usize];
            let bytes = segment.as_bytes();
            at = match parameter {
                Some(parameter) if parameter.is_open() => {
                    place.is_special = true;
                    place.open.get_or_insert_with(|| (next, bytes.into())).0
                }
                Some(parameter) => match Kind::of_placeholder(bytes) {
                    Some(kind) => {
                        place.has_languages |= parameter.is_language();
                        place.is_special |= parameter.is_language();
                        let known = &mut place.kinds[kind as usize];
                        if *known == At::OFF {
                            *known = next;
                        }
                        *known
                    }
                    None => break,
                },
                None => {
                    // A literal that passes for something else.
                    place.is_special |= kind(bytes, classes(bytes)).is_some();
                    *place.literals.get_or_insert_with(bytes, || next)
                }
            };
            if at == next {
                self.nodes.push(Place::default());
            }
        }
    }

    /// Whether everywhere a segment's shape alone says how it leads on.
    pub(crate) fn is_plain(&self) -> bool {
        !self.nodes.iter().any(|place| place.is_special)
    }

    fn get(&self, at: At) -> Option<&Place> {
        self.nodes.get(at.0 as usize)
    }

    /// How a segment of these classes leads on from a place.
    pub(crate) fn way(&self, at: At, segment: &[u8], seen: u8, name: &mut Vec<u8>) -> Way<'_> {
        let Some(place) = self.get(at).filter(|place| place.is_special) else {
            return Way::Shape;
        };
        if place.literals.get(segment).is_some() {
            return Way::Literal;
        }
        if let Some(kind) = shape(segment, seen)
            && place.kinds[kind as usize] != At::OFF
        {
            return Way::Shape;
        }
        if place.has_languages && is_language(segment) {
            return Way::Kind(Kind::Locale);
        }
        let Some((_, shown)) = &place.open else { return Way::Shape };
        if seen & DOT != 0 {
            name.clear();
            write_name(segment, name);
            if place.literals.get(name).is_some() {
                return Way::Shape;
            }
        }
        Way::Open(shown)
    }

    /// Where a literal leads.
    pub(crate) fn literal(&self, at: At, literal: &[u8]) -> At {
        self.get(at).and_then(|place| place.literals.get(literal)).copied().unwrap_or(At::OFF)
    }

    /// Where segments of a kind lead.
    pub(crate) fn kind(&self, at: At, kind: Kind) -> At {
        self.get(at).map_or(At::OFF, |place| place.kinds[kind as usize])
    }

    /// Where any value leads.
    pub(crate) fn open(&self, at: At) -> At {
        self.get(at).and_then(|place| place.open.as_ref()).map_or(At::OFF, |(at, _)| *at)
    }
}
