//! Configurations that cannot be used: what is said, and where.

use serde_json::json;

use crate::util::Folder;

/// The complaint about a configuration, without the name of the program.
#[track_caller]
fn refused(config: &str) -> String {
    let folder = Folder::new();
    folder.file("dolmen.toml", config);
    let err = folder.dolmen(&["config", "check"]).refused(2);
    // Whoever reads the configuration says the same.
    assert_eq!(err, folder.dolmen(&["report"]).refused(2));
    err.strip_prefix("dolmen: ").unwrap().to_owned()
}

#[track_caller]
fn check(config: &str, place: &str, said: &str) {
    let err = refused(config);
    assert!(err.starts_with(&format!("dolmen.toml:{place}: ")), "{err}");
    assert!(err.contains(said), "{err}");
}

#[test]
fn the_place_is_shown() {
    assert_eq!(
        refused("[store]\nkeep = \"400d\"\n\n[[source]]\nname = 'a'\npth = '/x'\npath = '/x'\n"),
        "dolmen.toml:6:1: there is no key `pth` in [[source]]; did you mean `path`?\n  \
         6 | pth = '/x'\n    | ^^^\n"
    );
}

#[test]
fn all_faults_are_said_at_once_in_their_order() {
    let folder = Folder::new();
    let path = folder.file("f.toml", "[[actor]]\nnam = 'x'\n[store]\nkeep = '1'\n[sorce]\n");
    let err = folder.dolmen(&["config", "check", path.to_str().unwrap()]).refused(2);
    assert!(err.starts_with("dolmen: 4 errors in the configuration\n"), "{err}");
    let output = folder.dolmen(&["config", "check", "f.toml", "--json"]).output();
    assert_eq!(output.status.code(), Some(2));
    let checked: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let lines: Vec<_> =
        checked["errors"].as_array().unwrap().iter().map(|e| e["line"].clone()).collect();
    assert_eq!(lines, [json!(1), json!(2), json!(4), json!(5)]);
    assert_eq!((&checked["ok"], &checked["file"]), (&json!(false), &json!("f.toml")));
}

#[test]
fn syntax_is_checked() {
    check("[store]\nkeep = 400d\n", "2:8", "");
    check("[store\n", "1:7", "");
    let folder = Folder::new();
    folder.file("dolmen.toml", b"[store]\npath = '\xff'\n");
    let err = folder.dolmen(&["config", "check"]).refused(2);
    assert!(err.contains("dolmen.toml: line 2 is not UTF-8"), "{err}");
}

#[test]
fn keys_and_sections_are_checked() {
    check("[attribution]\ntrusted_proxys = []", "2:1", "did you mean `trusted_proxies`?");
    check("[[operations]]\nname = 'x'", "1:3", "did you mean `operation`?");
    check("[actor]\nname = 'x'", "1:2", "write [[actor]], with two brackets");
    check("[[store]]\nkeep = '1d'", "1:3", "write [store]");
    check("top = 20", "1:1", "there are store, source");
}

#[test]
fn values_are_checked() {
    check("[store]\nkeep = '400'", "2:8", "\"400d\"");
    check("[[source]]\nname = 'a'\npath = 3", "3:8", "a path or a list of paths, not integer");
    check("[[source]]\npath = '/x'", "1:1", "`name` is missing here");
    check("[[source]]\nname = 'a'\nkind = 'fiel'", "3:8", "did you mean \"file\"?");
    check("[[source]]\nname = 'a'\npath = '/x'\nholds = 'call'", "4:9", "\"calls\"");
    check("[[actor]]\nname = 'a'\nip = '10.0.0.300'", "3:6", "neither an address");
    check("[[service]]\nname = 'a'\nmonolith = 'yes'", "3:12", "a boolean");
}

#[test]
fn sources_are_checked() {
    let source = |more: &str| format!("[[source]]\nname = 'a'\n{more}");
    check(&source(""), "2:8", "`a` needs `path`");
    check(&source("path = []"), "2:8", "`a` needs `path`");
    check(&source("path = '/x/[a'"), "3:8", "wildcards");
    check(&source("path = '/x'\nlisten = '127.0.0.1:1'"), "4:10", "listens at no address");
    check(&source("kind = 'tcp'"), "2:8", "needs `listen`");
    check(&source("kind = 'http'\nlisten = 'localhost'"), "4:10", "address and port");
    check(&source("kind = 'tcp'\nlisten = '[::1]:1'\npath = '/x'"), "5:8", "reads no file");
    check(&source("path = '/x'\n[[source]]\nname = 'a'\npath = '/y'"), "5:8", "this name");
    check(&source("path = '/x'\nfields = { time = 't' }"), "4:10", "format = \"json\"");
}

#[test]
fn chains_are_checked() {
    let two = |behind: &str| {
        format!(
            "[[source]]\nname = 'proxy'\npath = '/x'\n{behind}\n\
             [[source]]\nname = 'app'\npath = '/y'\nbehind = 'proxy'\n"
        )
    };
    check(&two("behind = 'ap'"), "4:10", "did you mean `app`?");
    check(&two("behind = 'proxy'"), "4:10", "behind itself");
    check(&two("behind = 'app'"), "8:10", "in a circle");
    check(&two("holds = 'marks'"), "8:10", "only sources of calls");
}

#[test]
fn what_is_not_built_in_yet_says_so() {
    check("[[source]]\nname = 'k'\nkind = 'kafka'", "3:8", "not built in yet");
    check("[store]\nurl = 'clickhouse://x'", "2:7", "ClickHouse is not built in yet");
    check("[store]\nurl = 'postgres://x'", "2:7", "not built in yet");
}

#[test]
fn a_format_shows_the_fault_inside_its_text() {
    let err = refused("[[source]]\nname = 'a'\npath = '/x'\nformat = '%h %l %@ %t'\n");
    let lines: Vec<&str> = err.lines().collect();
    assert!(lines[0].starts_with("dolmen.toml:4:17: "), "{err}");
    assert_eq!(lines[1], "  4 | format = '%h %l %@ %t'");
    assert!(lines[2].starts_with("    |                 ^"), "{err}");

    // The same behind escapes, and in a text of several lines.
    check("[[source]]\nname = 'a'\npath = '/x'\nformat = \"\\\"%h\\\" %@\"\n", "4:18", "");
    check("[[source]]\nname = 'a'\npath = '/x'\nformat = '''\n%h %@'''\n", "5:4", "");
}

#[test]
fn rules_show_the_value_at_fault() {
    let rules = "[[actor]]\nname = 'a'\nuser_agent = ['fine', 'wrong\\']\n";
    check(rules, "3:29", "has nothing behind it");
    check("[[operation]]\nname = 'o'\npath = '/a/{b'\n", "3:12", "not closed");
    check("[[operation]]\nname = 'o'\nmethod = 'post'", "3:10", "write `POST`");
    check("[[actor]]\nname = 'a'\nheader = { 'X Y' = 'b' }", "3:20", "not a header name");
    check("[[actor]]\nname = 'a'\n", "2:8", "would name nobody");
}

#[test]
fn sources_of_the_network_are_accepted_and_read_by_others() {
    let folder = Folder::new();
    folder.file("dolmen.toml", "[[source]]\nname = 's'\nkind = 'tcp'\nlisten = '127.0.0.1:1'\n");
    assert_eq!(folder.dolmen(&["config", "check"]).done(), "dolmen.toml: ok, 1 source\n");
    let err = folder.dolmen(&["report"]).refused(2);
    assert!(err.contains("the source `s` (tcp) is left out"), "{err}");
}

#[test]
fn a_glob_in_a_path_is_told_what_to_write() {
    let said = "a path is a template, no glob: write `{name}` for one whole segment, and `/*`";
    check("[[operation]]\nname = 'transfer'\npath = '/transfer*'\n", "3:18", said);
    check("[[endpoint]]\npath = '/transfer*'\n", "2:18", said);
}

#[test]
fn patterns_of_masking_are_checked() {
    let pattern = |text: &str| format!("[masking]\npatterns = ['client=\\d+', '{text}']\n");
    check(&pattern("client=(\\d+"), "2:27", "this is no regular expression: unclosed group");
    check(&pattern("\\d*"), "2:27", "this fits the empty text too");
    check("[masking]\npatterns = 'x'\n", "2:12", "expected a list, not the text \"x\"");
    check("[masking]\npattern = ['x']\n", "2:1", "did you mean `patterns`?");
}
