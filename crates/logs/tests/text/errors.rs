//! A bad format is refused with a caret under the fault and a way out.

use dolmen_logs::{Fields, Format};

#[track_caller]
fn refused(text: &str) -> String {
    match Format::calls(text, &Fields::new()) {
        Ok(format) => panic!("{text} is accepted as {}", format.name()),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
fn assert_refused(text: &str, expected: &str) {
    assert_eq!(refused(text), expected, "\n{}\n", refused(text));
}

#[test]
fn an_unknown_directive_shows_the_nearest() {
    assert_refused(
        "%h %d %u",
        "no directive `%d`; did you mean `%D`? write `%%` for a percent sign\n  %h %d %u\n     ^^",
    );
    assert_refused(
        "%h 100%z",
        "no directive `%z`; write `%%` for a percent sign\n  %h 100%z\n        ^^",
    );
}

#[test]
fn a_directive_without_its_name_shows_an_example() {
    assert_refused(
        "%h %>i",
        "`%i` needs a name in braces, as in `%{Referer}i`\n  %h %>i\n     ^^^",
    );
}

#[test]
fn a_name_where_none_belongs_shows_what_does() {
    for (text, part) in [
        ("%{x}a", "`%a` takes `c` in braces or nothing"),
        ("%{x}b", "`%b` takes nothing in braces"),
        ("%{x}p", "`%p` takes `canonical`, `local` or `remote` in braces"),
        ("%{m}T", "`%T` takes `ms`, `us` or `s` in braces"),
        ("%{id}P", "`%P` takes `pid`, `tid` or `hextid` in braces"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(part), "{text}: {error}");
    }
}

#[test]
fn what_is_not_finished_says_so() {
    assert_refused(
        "%h %{Referer",
        "this `{` is never closed: a directive's name stands in braces, as in `%{Referer}i`\n  \
         %h %{Referer\n      ^",
    );
    assert_refused(
        "%h 5%",
        "the format ends within a directive; write `%%` for a percent sign\n  %h 5%\n      ^",
    );
    assert_refused(
        "%h % u",
        "`% ` is no directive: a letter must follow; write `%%` for a percent sign\n  \
         %h % u\n     ^^",
    );
}

#[test]
fn a_bad_time_is_pointed_at_within_its_directive() {
    assert_refused(
        "%h %{%Y-%Q}t",
        "no conversion `%Q` in a time; write `%%` for a percent sign\n  \
         %h %{%Y-%Q}t\n          ^^",
    );
    let locale = refused("%{%c}t");
    assert!(locale.contains("depends on the server's locale"), "{locale}");
    let ends = refused("%{%Y%}t");
    assert!(ends.contains("the time ends within a conversion"), "{ends}");
}

#[test]
fn a_bad_variable_is_pointed_at() {
    assert_refused(
        "$host cost $ 5",
        "a variable's name must follow `$`, as in `$remote_addr`; nginx cannot log a dollar sign \
         as it is\n  $host cost $ 5\n             ^",
    );
    assert_refused("${host $status", "this `${` is never closed\n  ${host $status\n  ^^^^^^");
}

#[test]
fn a_misspelt_name_shows_the_nearest() {
    let error = refused("combinde");
    assert!(error.starts_with("no format has this name; did you mean `combined`?"), "{error}");
    let error = refused("tomcat");
    assert!(error.contains("Apache's directives (`%h`)"), "{error}");
    let error = refused("");
    assert!(error.contains("Apache's directives (`%h`)"), "{error}");
}

#[test]
fn carets_stand_under_wide_text_and_tabs() {
    assert_refused(
        "é漢\t%h %d",
        "no directive `%d`; did you mean `%D`? write `%%` for a percent sign\n  \
         é漢\t%h %d\n     \t   ^^",
    );
    assert_refused(
        "%h %é",
        "`%é` is no directive: a letter must follow; write `%%` for a percent sign\n  %h %é\n     ^^",
    );
}

#[test]
fn of_several_lines_the_one_at_fault_is_shown() {
    assert_refused(
        "log_format main '$remote_addr'\n    '$ $status';",
        "a variable's name must follow `$`, as in `$remote_addr`; nginx cannot log a dollar sign \
         as it is\n      '$ $status';\n       ^",
    );
}
