//! `dolmen config check` and `dolmen config show` on configurations that can be used.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::util::Folder;

const GOOD: &str = r#"[store]
path = "data"
keep = "2y"

[[source]]
name = "proxy"
path = ["logs/access.log*", "/var/log/old.log"]
format = "common"
service = "monolith"

[[source]]
name = "app"
path = "app.jsonl"
holds = "marks"
format = "json"
fields = { operation = "op" }

[[source]]
name = "appliance"
kind = "syslog"
listen = "127.0.0.1:5514"

[[source]]
name = "deliveries"
kind = "bus"

[[service]]
name = "monolith"
monolith = true

[[actor]]
name = "web portal"
user_agent = "PortailWeb/*"
header = { X-Client = "portal" }

[[operation]]
name = "card block"
path = "/api/card/{client}/block/{card}"

[[endpoint]]
path = "/api/account/{account}"

[attribution]
trusted_proxies = ["10.0.0.0/8"]
"#;

#[test]
fn check_says_what_is_in_it() {
    let folder = Folder::new();
    folder.file("dolmen.toml", GOOD);
    let ok = "dolmen.toml: ok, 4 sources, 1 service, 1 actor, 1 operation, 1 endpoint\n";
    assert_eq!(folder.dolmen(&["config", "check"]).done(), ok);
    assert_eq!(folder.dolmen(&["config", "check", "dolmen.toml"]).done(), ok);
    assert_eq!(folder.dolmen(&["config", "check", "--config", "dolmen.toml"]).done(), ok);
    let checked = folder.dolmen(&["config", "check", "--json"]).json();
    let expected = json!({"ok": true, "file": "dolmen.toml", "errors": [], "warnings": []});
    assert_eq!(checked, expected);
}

#[test]
fn check_without_a_configuration_says_how_to_begin() {
    let err = Folder::new().dolmen(&["config", "check"]).refused(2);
    assert!(err.contains("dolmen config show --default"), "{err}");
}

#[test]
fn check_warns_of_rules_that_never_match() {
    let folder = Folder::new();
    let rules = "[[actor]]\nname = 'all'\nuser_agent = '*'\n\n[[actor]]\nname = 'curl'\n\
                 user_agent = 'curl/*'\n";
    folder.file("dolmen.toml", rules);
    let (out, err) = folder.dolmen(&["config", "check"]).done_with_notes();
    assert_eq!(out, "dolmen.toml: ok, 2 actors\n");
    assert!(err.starts_with("dolmen: warning: dolmen.toml:6:8: actor 2 `curl` never"), "{err}");
    let checked = folder.dolmen(&["config", "check", "--json"]).json();
    assert_eq!(checked["ok"], json!(true));
    assert_eq!(checked["warnings"][0]["line"], json!(6));
}

#[test]
fn check_warns_of_names_that_nothing_declares() {
    let folder = Folder::new();
    let rules = "[[service]]\nname = 'monolith'\n\n[[operation]]\nname = 'card block'\n\
                 service = 'monolit'\nmethod = ['POST', 'DELET']\npath = '/card'\n\
                 moved_to = 'cards'\n";
    folder.file("dolmen.toml", rules);
    let checked = folder.dolmen(&["config", "check", "--json"]).json();
    let said: Vec<String> = checked["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| format!("{}:{} {}", w["line"], w["column"], w["message"].as_str().unwrap()))
        .collect();
    assert_eq!(
        said,
        [
            "6:11 no service `monolit` is declared; did you mean `monolith`?",
            "7:19 HTTP knows no method `DELET`; did you mean `DELETE`?",
            "9:12 no service `cards` is declared; add [[service]] with name = \"cards\"",
        ]
    );
    // Who declares no services means none by name.
    folder.file("dolmen.toml", rules.replace("[[service]]\nname = 'monolith'\n", ""));
    let checked = folder.dolmen(&["config", "check", "--json"]).json();
    assert_eq!(checked["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn an_argument_is_not_called_an_option() {
    let err = Folder::new().dolmen(&["config", "check", "nowhere.toml"]).refused(2);
    assert!(err.contains("nowhere.toml: No such file"), "{err}");
}

#[test]
fn the_configuration_is_found_in_its_order() {
    let folder = Folder::new();
    folder.file("dolmen.toml", "[[actor]]\nname = 'here'\nuser = 'x'");
    folder.file("variable.toml", "[[actor]]\nname = 'variable'\nuser = 'x'");
    folder.file("typed.toml", "[[actor]]\nname = 'typed'\nuser = 'x'");
    let show = ["config", "show"];
    assert!(folder.dolmen(&show).done().contains("\"here\""));
    let variable = |args: &[&str]| folder.dolmen(args).env("DOLMEN_CONFIG", "variable.toml");
    assert!(variable(&show).done().contains("\"variable\""));
    let typed = ["config", "show", "--config", "typed.toml"];
    assert!(variable(&typed).done().contains("\"typed\""));
    let err = folder.dolmen(&show).env("DOLMEN_CONFIG", "nowhere.toml").refused(2);
    assert!(err.contains("nowhere.toml, which $DOLMEN_CONFIG names: No such file"), "{err}");
}

#[test]
fn show_prints_each_value_with_its_origin() {
    let folder = Folder::new();
    folder.file("etc/dolmen.toml", GOOD);
    let shown = folder.dolmen(&["config", "show", "--config", "etc/dolmen.toml"]).done();
    assert_snapshot!(shown);
}

/// What is printed is a configuration, and says the same.
#[test]
fn what_show_prints_can_be_read_again() {
    let folder = Folder::new();
    folder.file("dolmen.toml", GOOD);
    let shown = folder.dolmen(&["config", "show"]).done();
    folder.file("again.toml", &shown);
    let again = folder.dolmen(&["config", "show", "--config", "again.toml"]).done();
    let values = |text: &str| -> Vec<String> {
        text.lines().map(|line| line.split("  #").next().unwrap().to_owned()).collect()
    };
    assert_eq!(values(&again), values(&shown));
}

fn origin(shown: &Value, key: &str) -> Value {
    let entry = shown.as_array().unwrap().iter().find(|entry| entry["key"] == json!(key));
    entry.unwrap_or_else(|| panic!("no {key} in {shown:#}"))["origin"].clone()
}

#[test]
fn the_stronger_layer_wins() {
    let folder = Folder::new();
    let store = |run: crate::util::Run| {
        let shown = run.json();
        let path = shown.as_array().unwrap().iter().find(|e| e["key"] == json!("store.path"));
        (path.unwrap()["value"].clone(), origin(&shown, "store.path"))
    };
    let show = ["config", "show", "--json"];
    let (path, from) = store(folder.dolmen(&show));
    let data = folder.path().join("home/.local/share/dolmen");
    assert_eq!((path, from), (json!(data), json!({"from": "default"})));

    let xdg = folder.path().join("xdg");
    let (path, _) = store(folder.dolmen(&show).env("XDG_DATA_HOME", xdg.to_str().unwrap()));
    assert_eq!(path, json!(xdg.join("dolmen")));

    folder.file("dolmen.toml", "[store]\npath = '/from/file'");
    let (path, from) = store(folder.dolmen(&show));
    assert_eq!(path, json!("/from/file"));
    assert_eq!(from, json!({"from": "file", "file": "dolmen.toml", "line": 2}));

    let (path, from) = store(folder.dolmen(&show).env("DOLMEN_STORE", "/from/variable"));
    assert_eq!(path, json!("/from/variable"));
    assert_eq!(from, json!({"from": "environment", "variable": "DOLMEN_STORE"}));

    let flag = ["config", "show", "--json", "--store", "/from/flag"];
    let (path, from) = store(folder.dolmen(&flag).env("DOLMEN_STORE", "/from/variable"));
    assert_eq!(path, json!("/from/flag"));
    assert_eq!(from, json!({"from": "flag", "flag": "--store"}));
}

#[test]
fn the_defaults_are_a_configuration() {
    let folder = Folder::new();
    let defaults = folder.dolmen(&["config", "show", "--default"]).done();
    folder.file("dolmen.toml", &defaults);
    let ok = folder.dolmen(&["config", "check"]).done();
    assert_eq!(ok, "dolmen.toml: ok, nothing is configured\n");
}

/// The examples in the defaults, taken out of their comments, are one configuration that works.
#[test]
fn the_examples_in_the_defaults_work() {
    let folder = Folder::new();
    let defaults = folder.dolmen(&["config", "show", "--default"]).done();
    let examples: String = defaults
        .lines()
        .map(|line| match line.strip_prefix('#') {
            // The bus of the examples is in a file; this is for a broker.
            Some(rest) if rest.starts_with("admin_url") => format!("{line}\n"),
            Some(rest) if rest.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => {
                format!("{rest}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    folder.file("dolmen.toml", examples);
    folder.file("cards.json", r#"{"openapi": "3.1.0", "paths": {"/cards": {"get": {}}}}"#);
    let ok = folder.dolmen(&["config", "check"]).done();
    assert_eq!(
        ok,
        "dolmen.toml: ok, 4 sources, 2 services, 2 actors, 1 operation, 2 endpoints, 1 service of the bus\n"
    );
}

/// Every key that exists stands in the defaults, so that they are the whole documentation.
#[test]
fn the_defaults_name_every_key() {
    let folder = Folder::new();
    let defaults = folder.dolmen(&["config", "show", "--default"]).done();
    for section in ["store", "source", "service", "actor", "operation", "endpoint", "attribution"] {
        let (open, close) = match section {
            "store" | "attribution" => ("[", "]"),
            _ => ("[[", "]]"),
        };
        // No key is near to this one, so all are listed.
        let path =
            folder.file("f.toml", format!("{open}{section}{close}\nqqqqqqqqqqqqqqqqqqqq = 1"));
        let err = folder.dolmen(&["config", "check", path.to_str().unwrap()]).refused(2);
        let (_, keys) = err.split_once("there are ").unwrap();
        for key in keys.lines().next().unwrap().split(", ") {
            let written = format!("{key} =");
            let in_words = [format!(" {key},"), format!(" {key}\n"), format!("`{key}`")];
            let is_named = in_words.iter().any(|words| defaults.contains(words));
            assert!(defaults.contains(&written) || is_named, "[{section}] {key}");
        }
    }
}

#[test]
fn a_folder_with_wildcards_in_its_name_is_a_folder() {
    let folder = Folder::new();
    folder.file("a[b]*/dolmen.toml", "[[source]]\nname = 's'\npath = 'logs/*.log'\n");
    folder.file("a[b]*/logs/access.log", "");
    let dir = folder.path().join("a[b]*");
    fs::create_dir(folder.path().join("ab")).unwrap();
    let config = dir.join("dolmen.toml");
    let (out, err) = folder
        .dolmen(&["report", "--format", "common", "--config", config.to_str().unwrap()])
        .done_with_notes();
    assert!(out.contains("access.log"), "{out}{err}");
}
