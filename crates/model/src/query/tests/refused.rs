use crate::query::Query;

/// The message, and the part of the query that the carets stand under.
fn refused(query: &str) -> (String, String) {
    match Query::parse(query) {
        Ok(parsed) => panic!("{query:?} was read as {parsed}"),
        Err(error) => (error.message, error.text[error.at].to_owned()),
    }
}

#[track_caller]
fn check(query: &str, fault: &str, message: &str) {
    let (found, at) = refused(query);
    assert!(found.contains(message), "{query:?}: {found}");
    assert_eq!(at, fault, "{query:?}: {found}");
}

#[test]
fn unknown_fields_suggest_the_nearest() {
    check("sttaus>=500", "sttaus", "did you mean `status`?");
    check("service:a and agent:curl*", "agent", "did you mean `user_agent`?");
    check("colour:red", "colour", "there are service, actor, operation");
}

#[test]
fn a_bare_word_is_asked_for_its_field() {
    check("monolith", "monolith", "`service:monolith`");
    check("\"web portal\"", "\"", "a text stands after its field");
}

#[test]
fn signs_of_other_languages_are_explained() {
    check("service=monolith", "=", "`service:value`");
    check("status == 500", "==", "`status:value`");
    check("status!=500", "!=", "`not status:value`");
    check("status:>=500", ">=", "`status>=…`");
    check("service>a", ">", "`service` has no order");
    check("status:5*", "5*", "`status>=500 and status<600`");
    check("status 500", "", "expected `:`, `>`, `>=`, `<` or `<=` after `status`");
    check("service monolith", "", "expected `:` after `service`");
}

#[test]
fn what_is_missing_is_named() {
    check("service:", "", "expected a value for `service`");
    check("service:a and", "", "expected a condition");
    check("not", "", "expected a condition");
    check("()", ")", "expected a condition");
    check("service:and", "and", "in quotes");
    check("user:\"\"", "\"\"", "`user:unknown`");
    check("service:a service:b", "service", "`and` or `or` between");
    check("actor:web portal", "portal", "in quotes: `actor:\"… portal\"`");
    check("status:500 portal", "portal", "`and` or `or` between");
}

#[test]
fn what_is_open_is_shown() {
    check("(service:a or service:b", "(", "never closed");
    check("service:(a or b", "(", "never closed");
    check("service:a)", ")", "closes nothing");
    check("actor:\"web", "\"", "never closed");
    check("service:(a and b)", "and", "expected `or` or `)`");
    check("service:(a b)", "b", "expected `or` or `)`");
}

#[test]
fn numbers_and_units_are_checked() {
    check("status>=abc", "abc", "expected a status");
    check("status:5000", "5000", "too large");
    check("duration>3", "3", "the units are us, ms, s, min, h");
    check("duration>3m", "3m", "the units are");
    check("duration>0.1us", "0.1us", "finer");
    check("bytes>lots", "lots", "expected a size");
    check("bytes>unknown", "unknown", "`bytes:unknown`");
    check("bytes>99999999999GB", "99999999999GB", "too large");
}

#[test]
fn addresses_that_are_none_are_refused() {
    check("address:10.0.0.300", "10.0.0.300", "no address");
    check("address:10.0.0.0/40", "10.0.0.0/40", "no network");
}

#[test]
fn words_of_joined_are_checked() {
    check("joined:callonly", "callonly", "did you mean `call_only`?");
    check("joined:j*", "j*", "one of joined, call_only, no_id, mark_only");
}

#[test]
fn escapes_are_few() {
    check("user:CORP\\jean", "\\j", "written `\\\\`");
    check("user:a\\", "\\", "written `\\\\`");
}

#[test]
fn there_are_at_most_32_conditions() {
    let many = |n: usize| vec!["service:a"; n].join(" or ");
    assert_eq!(Query::parse(&many(32)).unwrap().atoms().len(), 32);
    check(&many(33), "service:a", "at most 32 conditions");
    let list = (0..100).map(|n| n.to_string()).collect::<Vec<_>>().join(" or ");
    assert_eq!(Query::parse(&format!("status:({list})")).unwrap().atoms().len(), 1);
}

#[test]
fn a_flood_of_parentheses_is_refused_not_followed() {
    check(&"(".repeat(100_000), "(", "too many parentheses");
    let nots = format!("{}service:a", "not ".repeat(100_000));
    assert_eq!(Query::parse(&nots).unwrap().to_string(), "service:a");
}

#[test]
fn the_error_shows_where() {
    let error = Query::parse("actor:\"café\" and sttaus>=500").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no field `sttaus`; did you mean `status`?\n  \
         actor:\"café\" and sttaus>=500\n                   ^^^^^^"
    );
    let error = Query::parse("service:a\nand\tactor>b").unwrap_err();
    assert!(error.to_string().ends_with("\n  and actor>b\n           ^"), "{error}");
}
