//! `docs/query.md` says what the parser does.

use dolmen_model::query::{Field, Query};

const DOC: &str = include_str!("../../../docs/query.md");

/// The lines of all fenced blocks of one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let mut lines = Vec::new();
    let mut inside = false;
    for line in DOC.lines() {
        match line.strip_prefix("```") {
            Some(opened) => inside = !inside && opened == language,
            None if inside => lines.push(line),
            None => {}
        }
    }
    lines
}

#[test]
fn examples_are_queries() {
    let examples = blocks("query");
    assert!(examples.len() >= 10);
    for example in examples {
        let query = Query::parse(example).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(Query::parse(&query.to_string()), Ok(query));
    }
}

#[test]
fn the_first_column_of_conditions_holds_queries() {
    let (_, table) = DOC.split_once("| you write |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut count = 0;
    for row in rows {
        let example = row.split('`').nth(1).unwrap();
        Query::parse(example).unwrap_or_else(|error| panic!("{error}"));
        count += 1;
    }
    assert!(count >= 10);
}

#[test]
fn refusals_are_refused() {
    let refusals = blocks("query-refused");
    assert!(refusals.len() >= 8);
    for refused in refusals {
        assert!(Query::parse(refused).is_err(), "{refused}");
    }
}

#[test]
fn the_refusal_that_is_shown_is_the_real_one() {
    let shown = blocks("text").join("\n");
    let error = Query::parse("service:monolith and sttaus>=500").unwrap_err();
    assert_eq!(shown, error.to_string());
}

#[test]
fn the_table_of_fields_is_complete() {
    let (_, table) = DOC.split_once("| field |").unwrap();
    let listed: Vec<&str> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .filter_map(|row| row.split('`').nth(1))
        .collect();
    let fields: Vec<&str> = Field::ALL.into_iter().map(Field::name).collect();
    assert_eq!(listed, fields);
}
