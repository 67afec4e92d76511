//! `--snippet`: a server that runs already gets request ids, and keeps what it has.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use crate::client::{Answer, exchange};
use crate::monolith::Monolith;
use crate::one_proxy::id_of;
use crate::report;
use crate::server::{Kind, Server, check, scratch};

const LOG: &str = "ids.log";
const OLD_LOG: &str = "old.log";

/// A virtual host as it may have grown over the years: files of its own, a forbidden corner, error
/// pages (one of them on the monolith), an access log.
fn apache(address: SocketAddr, dir: &Path, upstream: &str) -> String {
    let snippet = report::configuration(Kind::Apache, &["--snippet", "--log", LOG]);
    fs::write(dir.join("dolmen.conf"), snippet).unwrap();
    let load =
        |name: &&str| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n");
    let modules = ["mpm_event", "authz_core", "dir", "alias", "headers", "setenvif", "unique_id"];
    let modules = modules.iter().chain(&["proxy", "proxy_http"]).map(load).collect::<String>();
    let dir = dir.display();
    format!(
        r##"{modules}
User "#65534"
Group "#65534"
DefaultRuntimeDir "."
PidFile dolmen-apache.pid
ErrorLog dolmen-apache-error.log
ServerName old.example
LogFormat "%h %>s \"%r\"" old
Listen {address}
<VirtualHost {address}>
    Include dolmen.conf
    CustomLog {OLD_LOG} old
    DocumentRoot "{dir}/files"
    DirectoryIndex index.html
    ErrorDocument 403 /sorry.html
    ErrorDocument 404 /api/compte/1/solde
    <Location "/geheim">
        Require all denied
    </Location>
    ProxyPass "/api" "{upstream}/api"
    Redirect permanent "/alt" "/"
</VirtualHost>
"##
    )
}

fn nginx(address: SocketAddr, dir: &Path, upstream: &str) -> String {
    let snippet = report::configuration(Kind::Nginx, &["--snippet", "--log", LOG]);
    let parts: Vec<&str> = snippet.split("\n# ==== ").collect();
    let [_, http, server, location] = parts.as_slice() else {
        panic!("the snippet should have three parts: {snippet}");
    };
    let part = |text: &str| {
        let (_heading, part) = text.split_once('\n').unwrap();
        part.to_owned()
    };
    let (http, server, location) = (part(http), part(server), part(location));
    let dir = dir.display();
    format!(
        r#"user www-data;
pid dolmen-nginx.pid;
error_log dolmen-nginx-error.log;
events {{
}}
http {{
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    scgi_temp_path scgi;
    uwsgi_temp_path uwsgi;
    log_format old '$remote_addr $status "$request"';
{http}
    server {{
        listen {address};
        server_name old.example;
{server}
        access_log {OLD_LOG} old;
        root "{dir}/files";
        error_page 403 /sorry.html;
        error_page 404 = /api/compte/1/solde;
        location /geheim {{
            deny all;
        }}
        location /api {{
            proxy_pass {upstream};
{location}
        }}
        location = /alt {{
            return 301 /;
        }}
    }}
}}
"#
    )
}

#[test]
fn an_apache_that_runs_already_gets_ids() {
    a_server_that_runs_already_gets_ids(Kind::Apache, apache);
}

#[test]
fn an_nginx_that_runs_already_gets_ids() {
    a_server_that_runs_already_gets_ids(Kind::Nginx, nginx);
}

fn a_server_that_runs_already_gets_ids(
    kind: Kind,
    configuration: fn(SocketAddr, &Path, &str) -> String,
) {
    let monolith = Monolith::start();
    let server = Server::start(kind, |address, dir| {
        let files = dir.join("files");
        fs::create_dir(&files).unwrap();
        fs::write(files.join("index.html"), "home").unwrap();
        fs::write(files.join("sorry.html"), "sorry").unwrap();
        configuration(address, dir, &monolith.url())
    });
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: old.example\r\n");
    let cases: [(&str, u16, &[u8]); 6] = [
        ("/", 200, b"home"),
        ("/geheim", 403, b"sorry"),
        // A file that is not there: an internal redirect, and the monolith answers.
        ("/nirgends", 200, b"ok\n"),
        ("/alt", 301, b""),
        ("/api/compte/7/solde", 200, b"ok\n"),
        ("/%zz", 400, b""),
    ];
    let mut told = Vec::new();
    for (path, status, body) in cases {
        for id in [None, Some(format!("kept-for-{}", path.replace('%', "")))] {
            let field = id.as_ref().map(|id| format!("X-Request-Id: {id}\r\n"));
            let request = get(path) + field.as_deref().unwrap_or_default() + "\r\n";
            let answer = exchange(server.address(), request.as_bytes()).unwrap();
            let Answer { status: got, ids, body: page } = &answer;
            // nginx takes the status of the page that answers, Apache that of the error.
            assert!(
                *got == status || (kind, *got, status) == (Kind::Nginx, 200, 404),
                "{answer:?}"
            );
            assert!(body.is_empty() || page == body, "{path}: {answer:?}");
            let [told_id] = ids.as_slice() else { panic!("{path}: {answer:?}") };
            // What is no valid HTTP has no headers either.
            assert!(path == "/%zz" || id.is_none_or(|id| id == *told_id), "{path}: {answer:?}");
            told.push(told_id.clone());
        }
    }
    let arrived: Vec<String> = monolith.received().into_iter().flat_map(|r| r.ids).collect();
    assert_eq!(arrived, [told[4..6].to_vec(), told[8..10].to_vec()].concat());
    let stopped = server.stop();
    let lines = stopped.lines(LOG);
    let mut logged: Vec<&str> = lines.iter().map(|line| id_of(line)).collect();
    // A line is written after its answer, so two lines may change places.
    logged.sort_unstable();
    told.sort_unstable();
    assert_eq!(logged, told);
    assert_eq!(stopped.lines(OLD_LOG).len(), told.len(), "the old log goes on");
}

#[test]
fn apache_without_mod_unique_id_says_what_to_do() {
    let dir = scratch();
    let configuration = apache(SocketAddr::from(([127, 0, 0, 1], 8000)), dir.path(), "http://x");
    fs::create_dir(dir.path().join("files")).unwrap();
    let (status, said) = check(Kind::Apache, dir.path(), &configuration);
    assert!(status.success(), "{said}");
    let lacking: Vec<&str> =
        configuration.lines().filter(|line| !line.contains("unique_id_module")).collect();
    let (status, said) = check(Kind::Apache, dir.path(), &lacking.join("\n"));
    assert!(!status.success());
    assert!(said.contains("a2enmod unique_id"), "{said}");
}
