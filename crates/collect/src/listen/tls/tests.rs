use std::sync::mpsc;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::yield_now;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use super::*;
use crate::listen::testing::{Kind, Source};

struct Files {
    dir: TempDir,
}

impl Files {
    fn new() -> Self {
        let files = Self { dir: tempfile::tempdir().unwrap() };
        files.renew();
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        // Two changes within one tick of the file system's clock are two.
        let later = self.path(name).metadata().unwrap().modified().unwrap() + self.ticks();
        fs::File::options()
            .append(true)
            .open(self.path(name))
            .unwrap()
            .set_modified(later)
            .unwrap();
    }

    /// Another second with each call: as many as there are marks in a file beside.
    fn ticks(&self) -> Duration {
        let path = self.path("ticks");
        let count = fs::read(&path).map_or(0, |marks| marks.len());
        fs::write(&path, vec![b'.'; count + 1]).unwrap();
        Duration::from_secs(count as u64)
    }

    fn renew(&self) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        self.write("cert.pem", &cert.pem());
        self.write("key.pem", &signing_key.serialize_pem());
    }

    fn names(&self) -> TlsFiles {
        TlsFiles { certificate: self.path("cert.pem"), key: self.path("key.pem"), clients: None }
    }

    fn error(&self) -> String {
        Tls::open(self.names()).unwrap_err().what
    }
}

#[test]
fn a_bad_file_is_named_with_what_is_wrong() {
    let files = Files::new();
    let key = fs::read_to_string(files.path("key.pem")).unwrap();
    files.write("key.pem", "nothing");
    assert!(files.error().contains("no private key"), "{}", files.error());
    files.renew();
    files.write("key.pem", &key);
    assert!(files.error().contains("not the key of the certificate"), "{}", files.error());
    files.renew();
    files.write("cert.pem", "nothing");
    assert!(files.error().contains("no certificate in it"), "{}", files.error());
    fs::remove_file(files.path("cert.pem")).unwrap();
    assert!(files.error().contains("cannot be read"), "{}", files.error());
    files.renew();
    let clients = Some(files.path("key.pem"));
    let error = Tls::open(TlsFiles { clients, ..files.names() }).unwrap_err();
    assert_eq!(error.path, files.path("key.pem"));
}

#[test]
fn a_renewed_certificate_is_shown_from_then_on() {
    let files = Files::new();
    let tls = Tls::open(files.names()).unwrap();
    let (first, error) = tls.now();
    assert_eq!(error, None);
    assert!(Arc::ptr_eq(&first, &tls.now().0), "nothing changed");
    // The new certificate is there, its key not yet.
    let key = fs::read_to_string(files.path("key.pem")).unwrap();
    files.renew();
    let new_key = fs::read_to_string(files.path("key.pem")).unwrap();
    files.write("key.pem", &key);
    let (kept, error) = tls.now();
    assert!(Arc::ptr_eq(&first, &kept));
    assert!(error.unwrap().what.contains("not the key"));
    assert_eq!(tls.now().1, None, "said once");
    files.write("key.pem", &new_key);
    let (renewed, error) = tls.now();
    assert_eq!(error, None);
    assert!(!Arc::ptr_eq(&first, &renewed));
}

/// A sender that trusts the certificate of these files.
fn sender(files: &Files) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(files.path("cert.pem")).unwrap();
    roots.add(certificate).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// The clock stands still until this is dropped: it does not move on while a task blocks.
fn hold_the_clock() -> mpsc::Sender<()> {
    let (held, until_dropped) = mpsc::channel();
    tokio::task::spawn_blocking(move || until_dropped.recv());
    held
}

#[tokio::test(start_paused = true)]
async fn who_connects_and_never_agrees_on_tls_is_let_go_and_keeps_nobody_waiting() {
    let files = Files::new();
    let tls = Arc::new(Tls::open(files.names()).unwrap());
    let source = Source::start(Kind::Tcp, |listener| {
        listener.tls = Some(tls);
        listener.limits.connections = 3;
    })
    .await;
    let held = hold_the_clock();
    let began = Instant::now();
    let mut silent = source.connect().await;
    let mut begins = source.connect().await;
    // The first byte of every TLS connection, and no more.
    begins.write_all(&[0x16]).await.unwrap();
    let third = source.connect().await;
    let mut third = sender(&files).connect("localhost".try_into().unwrap(), third).await.unwrap();
    third.write_all(b"a line\n").await.unwrap();
    third.flush().await.unwrap();
    while source.traffic.lines() == 0 {
        yield_now().await;
    }
    assert_eq!(source.lines(), b"a line\n");
    assert_eq!((source.traffic.connections(), source.refused()), (3, vec![]));
    assert_eq!(began.elapsed(), Duration::ZERO);
    drop(held);
    // Both hear that nobody listens any more.
    let mut rest = Vec::new();
    _ = silent.read_to_end(&mut rest).await;
    _ = begins.read_to_end(&mut rest).await;
    let waited = began.elapsed();
    assert!((10..11).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(source.refused(), [("tls", 2)]);
    assert_eq!(source.traffic.connections(), 1, "their seats are free");
    let said = source.said.lock().unwrap().concat();
    assert!(said.contains("it said nothing for ten seconds, where TLS begins"), "{said}");
    assert!(said.contains("TLS was not agreed on within ten seconds"), "{said}");
}
