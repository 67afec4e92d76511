//! Path templates as rules declare them.

use super::normal::{MAX_SEGMENTS, push_normal};
use crate::rules::{MAX_TEXT, Problem};

/// A declared path template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathTemplate {
    /// As endpoints show it.
    pub(crate) text: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) end: End,
}

/// One segment of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(Box<[u8]>),
    Parameter,
}

/// Where a template stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With its last part.
    Here,
    /// It takes any number of further segments, none included.
    Rest,
}

impl PathTemplate {
    /// Reads a template; the error has the byte offset of the fault.
    pub(crate) fn parse(text: &str) -> Result<Self, (Option<usize>, Problem)> {
        if text.len() > MAX_TEXT {
            return Err((None, Problem::TextTooLong));
        }
        if !text.starts_with('/') {
            return Err((Some(0), Problem::NotRooted(text.to_owned())));
        }
        let mut template = Self { text: String::new(), parts: Vec::new(), end: End::Here };
        let mut names = Vec::new();
        let mut start = 0;
        for segment in text.split('/') {
            let at = start;
            let fault = |problem| Err((Some(at), problem));
            start += segment.len() + 1;
            if segment.is_empty() {
                continue;
            }
            if template.end == End::Rest {
                return fault(Problem::RestNotLast);
            }
            if template.parts.len() == MAX_SEGMENTS {
                return fault(Problem::TooDeep);
            }
            match read_segment(segment).map_err(|(offset, problem)| (Some(at + offset), problem))? {
                Segment::Literal(literal) => template.parts.push(Part::Literal(literal)),
                Segment::Rest(None) => template.end = End::Rest,
                Segment::Parameter(name) | Segment::Rest(Some(name)) if names.contains(&name) => {
                    return fault(Problem::RepeatedParameter(name.to_owned()));
                }
                Segment::Parameter(name) => {
                    names.push(name);
                    template.parts.push(Part::Parameter);
                }
                Segment::Rest(Some(name)) => {
                    names.push(name);
                    template.end = End::Rest;
                }
            }
            template.text.push('/');
            match template.parts.last() {
                Some(Part::Literal(literal)) if template.end == End::Here => {
                    template.text.push_str(&String::from_utf8_lossy(literal));
                }
                _ => template.text.push_str(segment),
            }
        }
        if template.text.is_empty() {
            template.text.push('/');
        }
        Ok(template)
    }

    /// Whether every path that `other` matches is matched by this one too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let enough = match self.end {
            End::Here => other.end == End::Here && other.parts.len() == self.parts.len(),
            End::Rest => other.parts.len() >= self.parts.len(),
        };
        let covered = |(part, other): (&Part, &Part)| *part == Part::Parameter || part == other;
        enough && self.parts.iter().zip(&other.parts).all(covered)
    }
}

enum Segment<'t> {
    Literal(Box<[u8]>),
    Parameter(&'t str),
    Rest(Option<&'t str>),
}

fn read_segment(segment: &str) -> Result<Segment<'_>, (usize, Problem)> {
    if segment == "*" {
        return Ok(Segment::Rest(None));
    }
    if let Some(inner) = segment.strip_prefix('{') {
        let Some(close) = inner.find('}') else {
            return Err((0, Problem::Unclosed));
        };
        let (name, after) = (&inner[..close], &inner[close + 1..]);
        if !after.is_empty() {
            return Err((close + 2, Problem::PartialSegment));
        }
        if name.contains('{') {
            return Err((0, Problem::Unclosed));
        }
        return match (name.strip_suffix("..."), name) {
            (Some(""), _) | (_, "") => Err((0, Problem::EmptyParameter)),
            (Some(name), _) => Ok(Segment::Rest(Some(name))),
            (None, name) => Ok(Segment::Parameter(name)),
        };
    }
    for (at, character) in segment.char_indices() {
        match character {
            '*' => return Err((at, Problem::NotAGlob)),
            '{' | '}' => return Err((at, Problem::PartialSegment)),
            '?' => return Err((at, Problem::QueryInPath)),
            ';' | '#' => return Err((at, Problem::NotPath(character))),
            _ => {}
        }
    }
    let mut literal = Vec::new();
    push_normal(segment.as_bytes(), &mut literal);
    match literal.as_slice() {
        b"." | b".." => Err((0, Problem::DotSegment)),
        _ => Ok(Segment::Literal(literal.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> PathTemplate {
        PathTemplate::parse(text).unwrap()
    }

    fn refused(text: &str) -> (Option<usize>, Problem) {
        PathTemplate::parse(text).unwrap_err()
    }

    #[test]
    fn literals_parameters_and_the_rest() {
        let template = parsed("/api/card/{client}/block/{card}");
        assert_eq!(template.text, "/api/card/{client}/block/{card}");
        assert_eq!(template.parts.len(), 5);
        assert_eq!(template.end, End::Here);
        assert_eq!(parsed("/files/{path...}").end, End::Rest);
        assert_eq!(parsed("/files/*").parts.len(), 1);
        assert_eq!(parsed("/").parts, []);
    }

    #[test]
    fn a_template_is_normal_as_paths_are() {
        assert_eq!(parsed("//r%65el/%c3%a9/é/").text, "/reel/%C3%A9/%C3%A9");
        assert_eq!(parsed("/a%2fb").parts, [Part::Literal(b"a%2Fb".as_slice().into())]);
    }

    #[test]
    fn faults_are_shown_where_they_stand() {
        assert_eq!(refused("api"), (Some(0), Problem::NotRooted("api".into())));
        assert_eq!(refused("/a?b=c"), (Some(2), Problem::QueryInPath));
        assert_eq!(refused("/a;v=1/b"), (Some(2), Problem::NotPath(';')));
        assert_eq!(refused("/a/../b"), (Some(3), Problem::DotSegment));
        assert_eq!(refused("/a/{id}.pdf"), (Some(7), Problem::PartialSegment));
        assert_eq!(refused("/a/x{id}"), (Some(4), Problem::PartialSegment));
        assert_eq!(refused("/a/b*"), (Some(4), Problem::NotAGlob));
        assert_eq!(refused("/a/{id/b"), (Some(3), Problem::Unclosed));
        assert_eq!(refused("/a/{b{c}"), (Some(3), Problem::Unclosed));
        assert_eq!(refused("/a/{}"), (Some(3), Problem::EmptyParameter));
        assert_eq!(refused("/a/{...}"), (Some(3), Problem::EmptyParameter));
        assert_eq!(refused("/{a}/{a}"), (Some(5), Problem::RepeatedParameter("a".into())));
        assert_eq!(refused("/*/a"), (Some(3), Problem::RestNotLast));
        assert_eq!(refused(&"/a".repeat(33)), (Some(65), Problem::TooDeep));
        assert_eq!(refused(&"/aaaa".repeat(300)), (None, Problem::TextTooLong));
    }

    #[test]
    fn covers_what_is_narrower() {
        let covers = |a, b| parsed(a).covers(&parsed(b));
        assert!(covers("/a/{x}", "/a/b") && covers("/a/{x}", "/a/{y}"));
        assert!(!covers("/a/b", "/a/{x}") && !covers("/a/{x}", "/a/b/c"));
        assert!(covers("/a/*", "/a") && covers("/a/*", "/a/{x...}") && covers("/*", "/"));
        assert!(!covers("/a/{x}", "/a/*") && !covers("/a/b/*", "/a/*"));
    }
}
