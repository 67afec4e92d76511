//! Commands that write, while `dolmen serve` holds the store.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;

use crate::server::Place;

const CONFIG: &str = r#"
[[source]]
name = "proxy"
path = "access.log*"
format = "combined"
service = "monolith"

[[actor]]
name = "portal"
user_agent = "Portal/*"
"#;

fn line(second: u32, agent: &str) -> String {
    format!(
        "10.0.0.1 - - [01/Mar/2026:10:00:{second:02} +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"{agent}\"\n"
    )
}

/// A place with what every command below reads.
fn place() -> Place {
    let place = Place::new();
    place.file("dolmen.toml", CONFIG);
    place.file("access.log", line(1, "Portal/1"));
    place.file("old.log", [line(2, "Portal/1"), line(3, "bash")].concat());
    place.file("broken.log", "what is this\n\u{1}\n");
    place
}

/// What a command says and how it ends.
fn run(place: &Place, args: &[&str], input: &str) -> (Option<i32>, String, String) {
    let output = place.run(args, input.as_bytes());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_job_that_is_handed_over_says_what_it_says_alone() {
    let (alone, shared) = (place(), place());
    let server = shared.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    let import = ["import", "--store", "store", "--config", "dolmen.toml"];
    // Alone, nobody has read the configured file before.
    assert_eq!(run(&alone, &import, "").0, Some(0));
    let typed = line(4, "curl/8");
    let say = ["verdict", "say", "--actor", "portal", "--who", "me", "--why", "gone"];
    let commands: [(&[&str], &str); 13] = [
        (&["import", "--store", "store"], ""),
        (&["import", "--store", "store", "old.log", "--json"], ""),
        (&["import", "--store", "store", "./old.log"], ""),
        (&["import", "--store", "store", "-", "--final", "--format", "combined"], &typed),
        (&["import", "--store", "store", "nowhere.log"], ""),
        (&["import", "--store", "store", "broken.log"], ""),
        (&["import", "--store", "store", "old.log", "--format", "%q%"], ""),
        (&["rules", "apply", "--store", "store"], ""),
        (&["rules", "apply", "--store", "store", "--json"], ""),
        (&["store", "compact", "--store", "store", "--json"], ""),
        (&[&say[..], &["--store", "store"]].concat(), ""),
        (&["verdict", "take-back", "1", "--store", "store"], ""),
        (&["verdict", "take-back", "1", "--store", "store"], ""),
    ];
    for (args, input) in commands {
        let (code, out, err) = run(&alone, args, input);
        let (shared_code, shared_out, shared_err) = run(&shared, args, input);
        assert_eq!(shared_code, code, "{args:?}: {shared_err}");
        let here = shared.path("");
        // An error may name the whole path of what was typed as a part of it.
        let shared_err = shared_err.replace(here.to_str().unwrap(), "");
        if args[1] != "compact" {
            assert_eq!(shared_out, out, "{args:?}: {shared_err}");
        }
        assert_eq!(shared_err, err, "{args:?}");
    }
    server.until("/api/v1/panel", |panel| panel["calls"] == 4);
    // In the store a file that was handed over has its whole path: it was opened elsewhere.
    let report = |place: &Place| {
        let report = place.dolmen(&["report", "--store", "store", "--json"]);
        report.replace(place.path("").to_str().unwrap(), "")
    };
    assert_eq!(report(&alone), report(&shared));
}

#[test]
fn a_job_is_seen_by_who_looks() {
    let place = place();
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    let mut events = server.events();
    place.dolmen(&["import", "--store", "store", "old.log"]);
    // What the server itself read at its start may be told only now.
    while events.next("commit")["calls"] != 2 {}
    // Nothing of it stays beside the store.
    let left: Vec<_> = fs::read_dir(place.path("store/handover")).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn only_the_same_user_reaches_the_socket() {
    let place = place();
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 1);
    let mode = fs::metadata(place.path("store/handover")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn a_socket_that_a_crash_left_behind_is_recognised() {
    let place = place();
    place.dolmen(&["import", "--store", "store"]);
    fs::create_dir(place.path("store/handover")).unwrap();
    // Bound, and nobody there any more.
    drop(UnixListener::bind(place.path("store/handover/socket")).unwrap());
    place.dolmen(&["import", "--store", "store", "old.log"]);
    let server = place.serve();
    server.until("/api/v1/panel", |panel| panel["calls"] == 3);
    place.dolmen(&["rules", "apply", "--store", "store"]);
    assert_eq!(server.stop(), Some(0));
    // Without anybody to hand over to, the lock speaks.
    let lock = fs::File::create(place.path("store/lock")).unwrap();
    lock.lock().unwrap();
    let (code, _, err) = run(&place, &["import", "--store", "store", "old.log"], "");
    assert_eq!(code, Some(1));
    assert!(err.contains("takes no jobs"), "{err}");
}
