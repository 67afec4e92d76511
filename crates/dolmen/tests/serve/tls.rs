//! Lines through TLS, sent by programs that people have.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Output, Stdio};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::senders::{all_are_there, lines, program, rsyslog};
use crate::server::{Place, Server};

/// An authority, whose certificate is in `NAME.pem`.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(place: &Place, name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        place.file(&format!("{name}.pem"), params.self_signed(&key).unwrap().pem());
        Self { issuer: Issuer::new(params, key) }
    }

    /// A certificate and its key, in `NAME.pem` and `NAME.key`.
    fn issue(&self, place: &Place, name: &str, serial: u64) {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.serial_number = Some(serial.into());
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        // Two steps, as with whoever renews certificates.
        place.file(&format!("{name}.pem"), certificate.pem());
        place.file(&format!("{name}.key"), key.serialize_pem());
    }
}

/// A source of this kind with a certificate, and where it listens.
fn serve(kind: &str, more: &str) -> (Place, Authority, Server, SocketAddr) {
    let place = Place::new();
    let authority = Authority::new(&place, "ca");
    authority.issue(&place, "server", 1);
    let tls = format!("tls = {{ certificate = \"server.pem\", key = \"server.key\"{more} }}");
    place.file(
        "dolmen.toml",
        format!("[[source]]\nname = \"net\"\nkind = \"{kind}\"\nlisten = \"127.0.0.1:0\"\nformat = \"combined\"\n{tls}\n"),
    );
    let server = place.serve();
    let said = server.says("listens with TLS on ");
    let address = said.rsplit(' ').next().unwrap().parse().unwrap();
    (place, authority, server, address)
}

fn rsyslog_with(driver: &str) {
    let (place, authority, server, address) = serve("tcp", ", clients = \"ca.pem\"");
    authority.issue(&place, "sender", 2);
    let path = |name: &str| place.path(name).display().to_string();
    let global = format!(
        "global(DefaultNetstreamDriverCAFile=\"{}\" DefaultNetstreamDriverCertFile=\"{}\" \
         DefaultNetstreamDriverKeyFile=\"{}\")\n",
        path("ca.pem"),
        path("sender.pem"),
        path("sender.key")
    );
    let action = format!(
        "action(type=\"omfwd\" target=\"127.0.0.1\" port=\"{}\" protocol=\"tcp\" template=\"raw\" \
         StreamDriver=\"{driver}\" StreamDriverMode=\"1\" StreamDriverAuthMode=\"x509/name\" \
         StreamDriverPermittedPeers=\"localhost\")",
        address.port()
    );
    let _rsyslog = rsyslog(&place, &(global + &action));
    place.append("in.log", lines(300));
    all_are_there(&server, 300);
}

#[test]
fn rsyslog_by_openssl() {
    rsyslog_with("ossl");
}

#[test]
fn rsyslog_by_gnutls() {
    rsyslog_with("gtls");
}

/// curl, which trusts the authority.
fn curl(place: &Place, args: &[&str]) -> Output {
    let mut command = Command::new(program("curl", "curl"));
    command.args(["--silent", "--show-error", "--max-time", "60", "--cacert"]);
    command.arg(place.path("ca.pem")).args(args).output().unwrap()
}

fn answer(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn curl_posts_over_https() {
    let (place, _, server, address) = serve("http", "");
    place.file("some.log", lines(500));
    let body = format!("@{}", place.path("some.log").display());
    let url = format!("https://localhost:{}/api/v1/ingest/net", address.port());
    let said = answer(&curl(&place, &["--data-binary", &body, &url]));
    assert_eq!(said, "{\"lines\":500,\"repeated\":false}");
    let elastic = format!("https://localhost:{}/api/v1/elastic/", address.port());
    assert!(answer(&curl(&place, &[&elastic])).contains("You Know, for Search"));
    all_are_there(&server, 500);
}

#[test]
fn plain_text_is_refused_by_name() {
    let (place, _, server, address) = serve("http", "");
    let url = format!("http://localhost:{}/api/v1/ingest/net", address.port());
    let said = answer(&curl(&place, &["--data-binary", "a line", &url]));
    assert!(said.contains("this address speaks TLS: use https"), "{said}");
    server.says("it speaks plain text, and the source wants TLS: refused");
    server.counts("dolmen_source_refused_total{source=\"net\",reason=\"tls\"} 1");
}

#[test]
fn tls_is_refused_by_name_where_there_is_no_certificate() {
    let place = Place::new();
    place.file(
        "dolmen.toml",
        "[[source]]\nname = \"net\"\nkind = \"tcp\"\nlisten = \"127.0.0.1:0\"\n",
    );
    let server = place.serve();
    let said = server.says("listens on ");
    let url = format!("https://{}/", said.rsplit(' ').next().unwrap());
    let mut command = Command::new(program("curl", "curl"));
    let curl = command.args(["--silent", "--max-time", "60", &url]).status().unwrap();
    assert!(!curl.success());
    server.says("it speaks TLS, and the source has no certificate (`tls`): refused");
    assert_eq!(server.get("/api/v1/unparsed")["total"], 0);
}

#[test]
fn who_shows_no_certificate_may_not_send_where_one_is_asked_for() {
    let (place, authority, server, address) = serve("http", ", clients = \"ca.pem\"");
    let stranger = Authority::new(&place, "other");
    stranger.issue(&place, "stranger", 3);
    authority.issue(&place, "sender", 2);
    let url = format!("https://localhost:{}/api/v1/ingest/net", address.port());
    let post = |name: &str| {
        let path = |end: &str| place.path(&format!("{name}.{end}")).display().to_string();
        let (certificate, key) = (path("pem"), path("key"));
        let body = format!("@{}", place.file("some.log", lines(1)).display());
        let mut args = vec!["--data-binary", &body];
        if !name.is_empty() {
            args.extend(["--cert", &certificate, "--key", &key]);
        }
        curl(&place, &[args, vec![&url]].concat())
    };
    assert!(!post("").status.success());
    server.says("TLS was not agreed on");
    assert!(!post("stranger").status.success());
    server.says("TLS was not agreed on");
    assert!(answer(&post("sender")).starts_with("{\"lines\":1"));
    all_are_there(&server, 1);
}

/// The serial number of the certificate that is shown.
fn serial(address: SocketAddr) -> String {
    let mut openssl = Command::new(program("openssl", "openssl"));
    let shown = openssl
        .args(["s_client", "-connect", &address.to_string(), "-servername", "localhost"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let mut x509 = Command::new(program("openssl", "openssl"))
        .args(["x509", "-noout", "-serial"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    x509.stdin.take().unwrap().write_all(&shown.stdout).unwrap();
    String::from_utf8(x509.wait_with_output().unwrap().stdout).unwrap().trim().to_owned()
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart() {
    let (place, authority, server, address) = serve("tcp", "");
    assert_eq!(serial(address), "serial=01");
    authority.issue(&place, "server", 0x77);
    assert_eq!(serial(address), "serial=77");
    // One that cannot be used changes nothing.
    place.file("server.key", "nothing at all");
    assert_eq!(serial(address), "serial=77");
    server.says("no private key without a password");
}

#[test]
fn a_certificate_that_cannot_be_used_is_a_clear_sentence() {
    let (place, _, server, address) = serve("tcp", "");
    // What runs goes on with what it has.
    let configuration = fs::read_to_string(place.path("dolmen.toml")).unwrap();
    place.file("dolmen.toml", configuration.replace("server.pem", "missing.pem"));
    server.says("missing.pem: it cannot be read: No such file");
    assert_eq!(serial(address), "serial=01");
    drop(server);
    let output = place.run(&["serve", "--listen", "127.0.0.1:0", "--store", "store"], b"");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the certificate of `net` cannot be used"), "{said}");
    assert!(said.contains("missing.pem: it cannot be read"), "{said}");
}

#[test]
fn who_never_speaks_keeps_nobody_waiting() {
    let (place, _, server, address) = serve("http", "");
    let silent: Vec<_> = (0..20).map(|_| TcpStream::connect(address).unwrap()).collect();
    let url = format!("https://localhost:{}/api/v1/ingest/net", address.port());
    let body = format!("@{}", place.file("some.log", lines(1)).display());
    answer(&curl(&place, &["--data-binary", &body, &url]));
    all_are_there(&server, 1);
    // They hear that it ends.
    assert_eq!(server.stop(), Some(0));
    for mut stream in silent {
        assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
    }
}

#[test]
fn who_only_looks_whether_somebody_is_there_is_not_refused() {
    let (_place, _, server, address) = serve("tcp", "");
    drop(TcpStream::connect(address).unwrap());
    let mut plain = TcpStream::connect(address).unwrap();
    writeln!(plain, "a line").unwrap();
    server.says("it speaks plain text");
    // All that came before has been looked at when there is nobody any more.
    server.counts("dolmen_source_connections{source=\"net\"} 0");
    server.counts("dolmen_source_refused_total{source=\"net\",reason=\"tls\"} 1");
}
