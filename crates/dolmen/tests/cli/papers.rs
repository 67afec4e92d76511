//! Completions, man pages and the description of the API.

use std::fs;

use crate::util::Folder;

#[test]
fn completions_know_the_commands() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.dolmen(&["completions", shell]).done();
        for word in ["report", "marks-format", "config"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        // The other two do not complete values.
        let has_values = !matches!(shell, "elvish" | "powershell");
        assert_eq!(script.contains("unknown-callers"), has_values, "{shell}");
    }
    let err = folder.dolmen(&["completions", "tcsh"]).refused(2);
    assert!(err.contains("bash"), "{err}");
}

#[test]
fn man_pages_are_written_into_a_folder() {
    let folder = Folder::new();
    assert_eq!(folder.dolmen(&["man", "share/man1"]).done(), "");
    let mut pages: Vec<String> = fs::read_dir(folder.path().join("share/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    for page in ["dolmen.1", "dolmen-report.1", "dolmen-config-check.1", "dolmen-config-show.1"] {
        assert!(pages.iter().any(|name| name == page), "{pages:?}");
    }
    let page = fs::read_to_string(folder.path().join("share/man1/dolmen.1")).unwrap();
    assert!(page.contains("Exit codes"), "{page}");
    let page = fs::read_to_string(folder.path().join("share/man1/dolmen-report.1")).unwrap();
    assert!(page.contains("Examples"), "{page}");
}

#[test]
fn man_says_where_it_cannot_write() {
    let folder = Folder::new();
    folder.file("taken", "");
    let err = folder.dolmen(&["man", "taken/man1"]).refused(1);
    assert!(err.starts_with("dolmen: cannot write man pages into taken/man1: "), "{err}");
}

#[test]
fn the_api_is_described_without_a_server() {
    let printed = Folder::new().dolmen(&["api"]).done();
    let description: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(description["paths"]["/api/v1/panel"]["get"].is_object());
}
