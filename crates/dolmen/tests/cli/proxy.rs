//! `dolmen proxy`, as far as no server is needed to see whether it is right.

use crate::util::Folder;

#[test]
fn an_unknown_proxy_is_wrong_usage_and_the_known_ones_are_named() {
    let err = Folder::new().dolmen(&["proxy", "squid"]).refused(2);
    assert!(
        err.contains("invalid value 'squid'") && err.contains("apache, nginx, haproxy"),
        "{err}"
    );
}

#[test]
fn wrong_values_are_refused_with_what_would_be_right() {
    for (option, value, what) in [
        ("--upstream", "monolith:8080", "write http://HOST:PORT"),
        ("--upstream", "https://monolith", "plain HTTP"),
        ("--listen", "localhost", "127.0.0.1:8000"),
        ("--server-name", "a b", "www.example.org"),
        ("--log", "|/bin/sh", "the path of a file"),
    ] {
        let err = Folder::new().dolmen(&["proxy", "nginx", option, value]).refused(2);
        assert!(err.contains(option) && err.contains(what), "{option} {value}: {err}");
    }
}

#[test]
fn a_snippet_has_no_site() {
    for option in [["--upstream", "http://x"], ["--listen", "80"], ["--server-name", "x"]] {
        let args = [&["proxy", "apache", "--snippet"], option.as_slice()].concat();
        let err = Folder::new().dolmen(&args).refused(2);
        assert!(err.contains("cannot be used with"), "{err}");
    }
}

#[test]
fn the_log_goes_where_logs_go() {
    let folder = Folder::new();
    for (args, path) in [
        (&["proxy", "apache"][..], "CustomLog \"dolmen-access.log\""),
        (&["proxy", "apache", "--snippet"], "CustomLog \"/var/log/apache2/dolmen-access.log\""),
        (&["proxy", "nginx", "--snippet"], "access_log \"/var/log/nginx/dolmen-access.log\""),
        (&["proxy", "nginx", "--log", "/srv/a b.log"], "access_log \"/srv/a b.log\""),
    ] {
        let printed = folder.dolmen(args).done();
        assert!(printed.contains(path), "{args:?}: {printed}");
    }
}

#[test]
fn the_routes_of_what_is_retired_are_those_of_its_rules() {
    let folder = Folder::new();
    folder.file(
        "dolmen.toml",
        "[[operation]]\nname = \"card block\"\nmethod = \"POST\"\npath = \"/api/card/{card}/block\"\n\
         [[operation]]\nname = \"by mark\"\n\
         [[operation]]\nname = \"by header\"\nheader = { X-Op = \"a\" }\n\
         [[operation]]\nname = \"odd\"\npath = \"/a$b\"\n",
    );
    let printed = folder.dolmen(&["proxy", "nginx", "--snippet", "--retired", "card block"]).done();
    assert!(printed.contains("\"~^(POST) (/api/card/[^/]+/block/?)[?]\" 1;"), "{printed}");
    for (operation, said) in [
        ("card blok", "did you mean `card block`?"),
        ("by mark", "no rule says on which routes"),
        ("by header", "goes by a header"),
        ("odd", "has the character `$`"),
    ] {
        let err = folder.dolmen(&["proxy", "haproxy", "--retired", operation]).refused(2);
        assert!(err.contains(said), "{operation}: {err}");
    }
}
