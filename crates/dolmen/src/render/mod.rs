//! How answers are shown: tables for people, JSON and CSV for programs.
//!
//! Everything here turns values into text; nothing reads, counts or decides.

pub(crate) mod advice;
pub(crate) mod bus;
pub(crate) mod calls;
pub(crate) mod candidates;
pub(crate) mod csv;
pub(crate) mod import;
pub(crate) mod number;
mod page;
mod paint;
pub(crate) mod report;
pub(crate) mod store;
pub(crate) mod table;
pub(crate) mod templates;
pub(crate) mod text;
pub(crate) mod verdict;

pub(crate) use paint::{Colours, Painter, Style};

#[cfg(test)]
mod tests;
