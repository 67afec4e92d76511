//! The console: a web API over a store, and the page that stands on it.
//!
//! [`app`] is the whole of it as one `Router`: tests call it without a socket, and whoever serves
//! chooses the address. One file a resource. All work on the store is blocking and runs beside the
//! server's own threads.
//!
//! There is no log-in yet, so [`app`] answers only to those who ask for this machine by name
//! (loopback), and changes only what this machine's own page asks to change. See `guard`.
//!
//! Invariants: only this crate knows the API and its JSON; it reads the store through the
//! [`Store`](dolmen_store::Store) trait alone, and nothing here knows a rule: what is declared is
//! handed in as [`Facts`], and what is to be declared is handed to a [`Namer`].

mod app;
mod asked;
mod count;
mod cursor;
mod describe;
mod export;
mod extract;
mod facts;
mod guard;
mod language;
mod masking;
mod name;
mod page;
mod problem;
mod resources;
mod spans;
pub mod verdicts;

pub use app::{Console, Event, OneMore, SourceReading, SourceTraffic, app};
pub use describe::api_description;
pub use facts::{DeclaredOperation, DeclaredSource, Facts, Judging, RulesState, Setting, Warning};
pub use name::{Added, NameError, Namer, NewActor};
pub use resources::alerts::AlertRow;
