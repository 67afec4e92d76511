//! What is wrong with a rule, where, and what to write instead.

use std::fmt;

use serde::Serialize;

/// The four lists of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// `[[actor]]`
    Actor,
    /// `[[operation]]`
    Operation,
    /// `[[service]]`
    Service,
    /// `[[endpoint]]`
    Endpoint,
}

impl RuleKind {
    /// The word for it, as in `dolmen.toml`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Operation => "operation",
            Self::Service => "service",
            Self::Endpoint => "endpoint",
        }
    }
}

/// Which rule is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct RuleRef {
    /// The list it stands in.
    pub kind: RuleKind,
    /// Its place in that list, from 0 (shown from 1).
    pub index: usize,
    /// Its name; of an endpoint the path template.
    pub name: String,
}

impl fmt::Display for RuleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} `{}`", self.kind.word(), self.index + 1, self.name)
    }
}

/// A rule that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: `{key}`{}: {problem}", Excerpt(self))]
pub struct RuleError {
    /// The rule.
    pub rule: RuleRef,
    /// The key inside the rule; of a header or query condition with its name (`header.X-Client`).
    pub key: String,
    /// The value at fault; empty where no single value is.
    pub value: String,
    /// The column of the fault inside `value`, in characters from 1, where it has one.
    pub column: Option<usize>,
    /// What is wrong, and what to write instead.
    pub problem: Problem,
}

struct Excerpt<'e>(&'e RuleError);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RuleError { value, column, .. } = self.0;
        if !value.is_empty() {
            write!(f, " = \"{value}\"")?;
        }
        match column {
            Some(column) => write!(f, ", column {column}"),
            None => Ok(()),
        }
    }
}

/// What is wrong with a value of a rule. Every text says what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A name of no characters.
    #[error("the name is empty: give the rule a name")]
    EmptyName,
    /// A name that screens and queries use for something else.
    #[error("dolmen uses this name for what no rule names: choose another")]
    ReservedName,
    /// An actor whose rule would name everybody.
    #[error(
        "the rule has no condition and would name nobody: add `user_agent`, `ip`, `user` or \
         `header`"
    )]
    NoCondition,
    /// A list without values.
    #[error("the list is empty and nothing would match it: add a value or remove the key")]
    EmptyList,
    /// A text longer than [`MAX_TEXT`].
    #[error("the text is longer than {MAX_TEXT} bytes: shorten it with `*`")]
    TextTooLong,
    /// All globs on one key together compile to more than the bound.
    #[error("all globs on this key together are too large to compile: use fewer or shorter ones")]
    GlobsTooLarge,
    /// `\` with nothing behind it.
    #[error("`\\` has nothing behind it: write `\\\\` for the character itself")]
    TrailingBackslash,
    /// A method with characters that RFC 9110 does not allow in one.
    #[error("this is not an HTTP method: write a word such as `POST`")]
    NotAMethod,
    /// `post`.
    #[error("methods are case-sensitive: write `{0}`")]
    MethodCase(String),
    /// A header name with characters that RFC 9110 does not allow in one.
    #[error("this is not a header name: write it as in the request, such as `X-Client`")]
    NotAHeader,
    /// `X-Client` and `x-client` in one rule.
    #[error("the header stands here twice, its name in another case: put both values in one list")]
    RepeatedHeader,
    /// A template that does not start with `/`.
    #[error("a path template starts with `/`: write `/{0}`")]
    NotRooted(String),
    /// A query inside a path template.
    #[error("a path template ends before `?`: write the rest as query = {{ name = \"value\" }}")]
    QueryInPath,
    /// `;` or `#` inside a path template.
    #[error("`{0}` and what follows it are not part of the path that rules see: leave them out")]
    NotPath(char),
    /// `.` or `..` inside a path template.
    #[error("dot segments are removed from paths: write the path without them")]
    DotSegment,
    /// `a*`, `**`.
    #[error(
        "a path is a template, no glob: write `{{name}}` for one whole segment, and `/*` at the end \
         for any number of further ones"
    )]
    NotAGlob,
    /// `{id}.pdf`, `a{id}`.
    #[error("a parameter takes a whole segment between two `/`: write `{{name}}` alone")]
    PartialSegment,
    /// `{id`.
    #[error("`{{` is not closed before the segment ends: write `{{name}}`")]
    Unclosed,
    /// `{}`.
    #[error("the parameter has no name: write `{{name}}`")]
    EmptyParameter,
    /// `{a}/{a}`.
    #[error("the parameter `{0}` stands here twice: name them apart")]
    RepeatedParameter(String),
    /// `/*/a`.
    #[error("the rest can only stand at the end: write `{{name}}` for one segment")]
    RestNotLast,
    /// More segments than [`crate::MAX_SEGMENTS`].
    #[error("the template has more than {} segments: end it earlier with `*`", crate::MAX_SEGMENTS)]
    TooDeep,
    /// An operation that moved to where it was.
    #[error("the operation cannot move to the service that it leaves: name the new service")]
    MovedNowhere,
}

/// The longest text in a rule, in bytes.
pub const MAX_TEXT: usize = 1000;
