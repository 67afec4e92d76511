//! Conditions on query parameters.

use memchr::memmem::Finder;

use super::bits::Bits;
use super::text::{TextIndex, TextMemo};
use crate::paths::hex;

/// All rules' conditions on query parameters, one [`TextIndex`] a name.
#[derive(Debug)]
pub(crate) struct QueryIndex {
    parameters: Vec<Parameter>,
    asking: Bits,
    /// The rules that allow an empty query.
    not_asking: Bits,
}

#[derive(Debug)]
struct Parameter {
    name: Box<[u8]>,
    /// `None` for a name that only escapes can spell.
    finder: Option<Finder<'static>>,
    values: TextIndex,
    /// The rules that allow a query without this parameter.
    absent: Bits,
}

/// What one worker keeps for its [`QueryIndex`].
#[derive(Debug)]
pub(crate) struct QueryMemo {
    /// For each parameter the texts met before, and the rules that the query at hand allows.
    parameters: Vec<(TextMemo, Bits)>,
    name: Vec<u8>,
    value: Vec<u8>,
}

impl QueryIndex {
    /// Parameters by decoded name; rules out of `count`.
    pub(crate) fn new(parameters: Vec<(Box<[u8]>, TextIndex)>, count: usize) -> Self {
        let mut asking = Bits::none(count);
        for (_, values) in &parameters {
            asking.add(values.asking());
        }
        let parameter = |(name, values): (Box<[u8]>, TextIndex)| Parameter {
            finder: memchr::memchr2(b'&', b'=', &name)
                .is_none()
                .then(|| Finder::new(&*name).into_owned()),
            name,
            absent: values.asking().complement(count),
            values,
        };
        Self {
            parameters: parameters.into_iter().map(parameter).collect(),
            not_asking: asking.complement(count),
            asking,
        }
    }

    /// An empty memo for this index.
    pub(crate) fn memo(&self) -> QueryMemo {
        let memo = |parameter: &Parameter| (TextMemo::default(), parameter.absent.clone());
        QueryMemo {
            parameters: self.parameters.iter().map(memo).collect(),
            name: Vec::new(),
            value: Vec::new(),
        }
    }

    /// Takes from `rules` those whose conditions this query does not meet. A repeated parameter
    /// meets a condition with any of its values: which one the service reads cannot be known.
    pub(crate) fn narrow(&self, query: &[u8], memo: &mut QueryMemo, rules: &mut Bits) {
        if !self.asking.meets(rules) {
            return;
        }
        if query.is_empty() {
            return rules.keep(&self.not_asking);
        }
        for (parameter, (_, allowed)) in self.parameters.iter().zip(&mut memo.parameters) {
            allowed.set(&parameter.absent);
        }
        if memchr::memchr2(b'%', b'+', query).is_some() {
            self.add_encoded(query, memo);
        } else {
            self.add_plain(query, memo);
        }
        for (_, allowed) in &memo.parameters {
            rules.keep(allowed);
        }
    }

    /// A query without escapes: searched for the names, whatever else it holds.
    fn add_plain(&self, query: &[u8], memo: &mut QueryMemo) {
        for (parameter, (texts, allowed)) in self.parameters.iter().zip(&mut memo.parameters) {
            let Some(finder) = &parameter.finder else { continue };
            for at in finder.find_iter(query) {
                let after = &query[at + parameter.name.len()..];
                let begins = at == 0 || query[at - 1] == b'&';
                let value = match after {
                    [b'=', value @ ..] if begins => value,
                    [] | [b'&', ..] if begins => b"",
                    _ => continue,
                };
                let end = memchr::memchr(b'&', value).unwrap_or(value.len());
                parameter.values.with(&value[..end], texts, |rules| allowed.add(rules));
            }
        }
    }

    fn add_encoded(&self, query: &[u8], memo: &mut QueryMemo) {
        let QueryMemo { parameters: memos, name: name_room, value: value_room } = memo;
        for pair in query.split(|&byte| byte == b'&') {
            let (name, value) = match memchr::memchr(b'=', pair) {
                Some(equals) => (&pair[..equals], &pair[equals + 1..]),
                None => (pair, b"".as_slice()),
            };
            let name = decoded(name, name_room);
            for (parameter, (texts, allowed)) in self.parameters.iter().zip(&mut *memos) {
                if *parameter.name == *name {
                    let value = decoded(value, value_room);
                    parameter.values.with(value, texts, |rules| allowed.add(rules));
                }
            }
        }
    }
}

/// A name or value of a query, as forms encode it: `+` is a space, `%XX` a byte (WHATWG URL,
/// application/x-www-form-urlencoded). Itself where there is nothing to decode.
fn decoded<'q>(raw: &'q [u8], room: &'q mut Vec<u8>) -> &'q [u8] {
    if memchr::memchr2(b'%', b'+', raw).is_none() {
        return raw;
    }
    room.clear();
    let mut rest = raw;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'+', _) => room.push(b' '),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    room.push(high << 4 | low);
                    rest = after;
                }
                _ => room.push(b'%'),
            },
            _ => room.push(byte),
        }
    }
    room
}

#[cfg(test)]
mod tests {
    use super::super::glob::Glob;
    use super::super::text::{Compare, Empty, TextCondition};
    use super::*;

    /// Rule 0 asks for `op=virement`, rule 1 for any `op`, rule 2 for `a b=é`, rule 3 for nothing,
    /// rule 4 for a parameter `a=b`.
    fn allowed(query: &str) -> Vec<usize> {
        let index = |rules: &[(usize, &str)]| {
            let globs: Vec<_> =
                rules.iter().map(|&(rule, g)| (rule, [Glob::parse(g).unwrap()])).collect();
            let conditions: Vec<_> =
                globs.iter().map(|(rule, globs)| TextCondition { rule: *rule, globs }).collect();
            TextIndex::compile(&conditions, 5, Empty::Value, Compare::Exactly).unwrap()
        };
        let op = (b"op".as_slice().into(), index(&[(0, "virement"), (1, "*")]));
        let spaced = (b"a b".as_slice().into(), index(&[(2, "é")]));
        let equals = (b"a=b".as_slice().into(), index(&[(4, "*")]));
        let query_index = QueryIndex::new(vec![op, spaced, equals], 5);
        let mut rules = Bits::none(5).complement(5);
        query_index.narrow(query.as_bytes(), &mut query_index.memo(), &mut rules);
        (0..5).filter(|&rule| rules.contains(rule)).collect()
    }

    #[test]
    fn among_other_parameters() {
        assert_eq!(allowed("x=1&op=virement&y"), [0, 1, 3]);
        assert_eq!(allowed("x=1&op=solde"), [1, 3]);
        assert_eq!(allowed("xop=virement"), [3]);
        assert_eq!(allowed(""), [3]);
    }

    #[test]
    fn present_without_a_value() {
        assert_eq!(allowed("op"), [1, 3]);
        assert_eq!(allowed("op=&x"), [1, 3]);
    }

    #[test]
    fn any_of_a_repeated_parameter() {
        assert_eq!(allowed("op=solde&op=virement"), [0, 1, 3]);
        assert_eq!(allowed("opop=1&op=virement&op"), [0, 1, 3]);
    }

    #[test]
    fn encoded_names_and_values() {
        assert_eq!(allowed("%6fp=vire%6Dent"), [0, 1, 3]);
        assert_eq!(allowed("a+b=%C3%A9"), [2, 3]);
        assert_eq!(allowed("a%20b=%c3%a9&op=100%"), [1, 2, 3]);
        assert_eq!(allowed("a%3Db=c"), [3, 4]);
        assert_eq!(allowed("a=b=c"), [3]);
        // What was escaped twice is decoded once.
        assert_eq!(allowed("op=vire%256Dent"), [1, 3]);
    }
}
