use proptest::prelude::*;

use crate::query::pattern::Pattern;
use crate::query::{Field, Query, Value, quoted};

#[test]
fn prints_the_canonical_form() {
    for (query, canonical) in [
        ("  service:monolith   AND actor:unknown ", "service:monolith and actor:unknown"),
        ("status >= 500", "status>=500"),
        ("a", ""),
        ("((service:a)) or (service:b or service:c)", "service:a or service:b or service:c"),
        ("service:a or service:b and service:c", "service:a or (service:b and service:c)"),
        ("not (service:a or service:b)", "not (service:a or service:b)"),
        ("not not service:a", "service:a"),
        ("not (not (service:a))", "service:a"),
        ("service:(a)", "service:a"),
        ("status:(500 or 502)", "status:(500 or 502)"),
        ("actor:\"web portal\"", "actor:\"web portal\""),
        ("actor:\"portal\"", "actor:portal"),
        ("actor:\"unknown\"", "actor:\"unknown\""),
        ("actor:\"or\"", "actor:\"or\""),
        ("actor:a**b", "actor:a*b"),
        ("actor:\"*\"", "actor:*"),
        ("actor:\"a\\*b\"", "actor:a\\*b"),
        ("duration>1.5s", "duration>1500ms"),
        ("duration>90min", "duration>90min"),
        ("duration>0s", "duration>0us"),
        ("bytes>=2048", "bytes>=2KiB"),
        ("bytes>=2050", "bytes>=2050B"),
        ("address:10.0.9.77/24", "address:10.0.9.0/24"),
        ("address:10.0.9.77/32", "address:10.0.9.77"),
        ("address:2001:DB8:0::1", "address:2001:db8::1"),
        ("method:post", "method:post"),
        ("method:POST", "method:post"),
    ] {
        match Query::parse(query) {
            Ok(parsed) => assert_eq!(parsed.to_string(), canonical),
            Err(error) => assert_eq!(canonical, "", "{error}"),
        }
    }
}

fn value(field: Field) -> BoxedStrategy<String> {
    let numbers = 0_u64..1_000;
    match field {
        Field::Status => {
            prop_oneof![numbers.prop_map(|n| n.to_string()), Just("unknown".into())].boxed()
        }
        Field::Duration => {
            (numbers, prop::sample::select(vec!["us", "ms", "s", ".25s", "min", "h"]))
                .prop_map(|(n, unit)| format!("{n}{unit}"))
                .boxed()
        }
        Field::Bytes => (numbers, prop::sample::select(vec!["", "B", "kB", ".5KiB", "GiB"]))
            .prop_map(|(n, unit)| format!("{n}{unit}"))
            .boxed(),
        Field::Joined => {
            prop::sample::select(vec!["joined", "call_only", "no_id", "mark_only", "*"])
                .prop_map(str::to_owned)
                .boxed()
        }
        Field::Address => prop_oneof![
            any::<std::net::IpAddr>().prop_map(|address| address.to_string()),
            (any::<std::net::Ipv4Addr>(), 0_u8..=32).prop_map(|(net, n)| format!("{net}/{n}")),
            (any::<std::net::Ipv6Addr>(), 0_u8..=128).prop_map(|(net, n)| format!("{net}/{n}")),
            "[a-z]{1,5}\\.\\*",
        ]
        .boxed(),
        _ => prop_oneof![
            "[a-zA-Z/{}*é=!?-]{1,8}",
            "\"([^\\\\\"]|\\\\[*\"\\\\]){1,12}\"",
            Just("unknown".to_owned()),
        ]
        .boxed(),
    }
}

fn condition() -> BoxedStrategy<String> {
    let ordered = prop::sample::select(vec![Field::Status, Field::Duration, Field::Bytes])
        .prop_flat_map(|field| {
            let sign = prop::sample::select(vec!["<", "<=", ">", ">="]);
            (Just(field), sign, value(field))
        })
        .prop_map(|(field, sign, value)| format!("{}{sign}{value}", field.name()));
    let equal = prop::sample::select(Field::ALL.to_vec()).prop_flat_map(|field| {
        prop::collection::vec(value(field), 1..4).prop_map(move |values| match &values[..] {
            [one] => format!("{}:{one}", field.name()),
            many => format!("{}:({})", field.name(), many.join(" or ")),
        })
    });
    prop_oneof![1 => ordered, 4 => equal].boxed()
}

pub(super) fn query() -> impl Strategy<Value = String> {
    condition().prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.join(" and ")),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.join(" OR ")),
            inner.clone().prop_map(|one| format!("not ({one})")),
            inner.prop_map(|one| format!("( {one} )")),
        ]
    })
}

proptest! {
    #[test]
    fn printing_and_parsing_give_the_query_back(text in query()) {
        // Some texts draw `duration>unknown`, a bare `and`, or more than 32 conditions.
        if let Ok(parsed) = Query::parse(&text) {
            let printed = parsed.to_string();
            let again = Query::parse(&printed).map_err(|error| {
                TestCaseError::fail(format!("{text}\nprinted as {printed}\n{error}"))
            })?;
            prop_assert_eq!(&again, &parsed, "{} printed as {}", text, printed);
            prop_assert_eq!(again.to_string(), printed);
        }
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_place(text in "\\PC{0,40}|[ ()\"\\\\*:<>=a-z]{0,40}") {
        match Query::parse(&text) {
            Ok(parsed) => prop_assert_eq!(Query::parse(&parsed.to_string()), Ok(parsed)),
            Err(error) => {
                prop_assert!(error.text.get(error.at.clone()).is_some());
                prop_assert!(!error.message.is_empty());
                prop_assert!(error.to_string().lines().count() == 3);
            }
        }
    }

    #[test]
    fn wildcards_match_as_the_obvious_way_does(
        wild in "[ab*]{1,6}",
        text in "[ab]{0,8}",
    ) {
        fn obvious(wild: &[u8], text: &[u8]) -> bool {
            match wild {
                [] => text.is_empty(),
                [b'*', rest @ ..] => (0..=text.len()).any(|n| obvious(rest, &text[n..])),
                [c, rest @ ..] => text.first() == Some(c) && obvious(rest, &text[1..]),
            }
        }
        let pattern = Pattern::new(wild.split('*').map(str::to_owned).collect(), false);
        prop_assert_eq!(
            pattern.matches(text.as_bytes()),
            obvious(wild.as_bytes(), text.as_bytes())
        );
    }
}

#[test]
fn a_quoted_name_is_found_whatever_it_holds() {
    for name in ["card block", "a\"b", "CORP\\jean", "50 *", "unknown"] {
        let query = Query::parse(&format!("service:{}", quoted(name))).unwrap();
        assert!(query.atoms()[0].matches(Value::Text(name.as_bytes())), "{name}");
    }
    let stars = Query::parse(&format!("service:{}", quoted("a*"))).unwrap();
    assert!(!stars.atoms()[0].matches(Value::Text(b"ab")));
}
