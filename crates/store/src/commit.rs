use dolmen_cubes::Cube;
use dolmen_model::Time;

use crate::callers::CallerCounts;
use crate::files::Progress;
use crate::local::ReadAgain;
use crate::segment::Encoded;
use crate::unreadable::Unreadable;

/// Everything that moves together: after a crash all of it is there, or none.
///
/// Commits of one file must come in the order of its lines; blocks of different files may come in
/// any order.
#[derive(Debug)]
pub struct Commit {
    /// The clock on the wall: how old minutes and hours are, and the audit's time.
    pub at: Time,
    /// What is known of the sources that the rows name.
    pub sources: Vec<SourceInfo>,
    /// How far each file was read.
    pub progress: Vec<Progress>,
    /// The rows, encoded.
    pub rows: Vec<Encoded>,
    /// What was counted of the calls in `rows` (hops not), in buckets of at most a minute; calls
    /// without a time are counted at the epoch.
    pub cube: Cube,
    /// Who called.
    pub callers: CallerCounts,
    /// Lines that no format read before; `rows` has all of them, as what they are now.
    pub read_again: Vec<ReadAgain>,
}

impl Commit {
    /// A commit of nothing.
    pub fn new(at: Time) -> Self {
        Self {
            at,
            sources: Vec::new(),
            progress: Vec::new(),
            rows: Vec::new(),
            cube: Cube::default(),
            callers: CallerCounts::default(),
            read_again: Vec::new(),
        }
    }
}

/// A source, as far as the store must know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceInfo {
    /// Its name.
    pub name: String,
    /// Who named it.
    pub named_by: NamedBy,
    /// The source directly in front of it, by name.
    pub behind: Option<String>,
}

/// Who named a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamedBy {
    /// The configuration: its files are told apart from those of every other source.
    Configuration,
    /// Nobody; its name is the path of a file that was typed. All such files are told apart
    /// together, because the same file can be typed in many ways.
    Path,
}

impl SourceInfo {
    pub(crate) fn is_typed(&self) -> bool {
        self.named_by == NamedBy::Path
    }
}

/// A commit's number: they grow by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(pub u64);

/// What a commit did beyond what it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its number.
    pub id: CommitId,
    /// Calls that lines of this commit and of others settled anew: late marks, mostly.
    pub late_joins: u64,
    /// Marks of this commit that wait now.
    pub waiting: u64,
    /// Segments that could not be read. What they hold is joined with this commit's lines by the first
    /// one after they are restored.
    pub unreadable: Vec<Unreadable>,
}
