//! Paths: their normal form, declared templates, and the tree that finds which match.

pub(crate) mod class;
mod normal;
mod template;
mod trie;

pub use normal::MAX_SEGMENTS;
pub(crate) use normal::{PathReader, Segments, hex, slash};
pub(crate) use template::{End, Part, PathTemplate};
pub(crate) use trie::Trie;
