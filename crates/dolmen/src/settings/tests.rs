//! Whatever a file holds, it is used or refused with places. What is said of which fault is tested
//! through the program, in `tests/cli/config_faults.rs`.

use std::path::Path;

use proptest::prelude::*;

use super::{Asked, DEFAULT, Settings};

/// The defaults with their examples taken out of the comments.
fn examples() -> String {
    DEFAULT.replace("\n#", "\n").lines().filter(|line| !line.starts_with(' ')).fold(
        String::new(),
        |mut text, line| {
            text.push_str(line);
            text.push('\n');
            text
        },
    )
}

fn read(text: &str) -> Result<Settings, super::ConfigError> {
    Settings::read(&Asked::default(), Some((Path::new("f.toml"), text)), None)
}

#[test]
fn the_examples_are_settings() {
    // The bus of the examples is in a file, and what only a broker has is shown beside it; a
    // document that a service is declared with must be there.
    let examples = ["admin_url", "openapi"]
        .iter()
        .fold(examples(), |text, key| text.replace(&format!("\n{key}"), &format!("\n#{key}")));
    let settings = read(&examples).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(settings.sources.len(), 4);
    assert_eq!(settings.sources[2].behind, Some(0));
    assert_eq!(settings.bus.services.len(), 1);
}

proptest! {
    /// A file that a person is in the middle of editing.
    #[test]
    fn any_file_is_used_or_refused_with_places(
        at in 0_usize..5_000,
        cut in 0_usize..40,
        put in prop::sample::select(vec![
            "", "\"", "'", "[", "]", "[[", "=", "\\", "{", "}", "%", "\n", "3", "é", "#", "''",
        ]),
    ) {
        let mut text = examples();
        let start = text.floor_char_boundary(at.min(text.len()));
        let end = text.floor_char_boundary((start + cut).min(text.len()));
        text.replace_range(start..end, put);
        if let Err(error) = read(&text) {
            prop_assert!(!error.problems.is_empty());
            let lines = text.lines().count() + 1;
            for problem in &error.problems {
                prop_assert!((1..=lines).contains(&problem.line), "{}", problem);
                prop_assert!(!problem.message.is_empty());
            }
        }
    }
}
