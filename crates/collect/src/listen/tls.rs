//! The certificate of a source, as its files are now.
//!
//! Certificates are renewed every few weeks by somebody else: the files are looked at with every
//! connection, which costs little beside a handshake, and read again when they have changed. What
//! cannot be used then is said, and the certificate from before goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;

/// Where the parts are, in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and the authority after it.
    pub certificate: PathBuf,
    /// Its private key, without a password.
    pub key: PathBuf,
    /// The authorities that sign the certificates of senders; `None`: senders need none.
    pub clients: Option<PathBuf>,
}

/// Why a certificate cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {what}")]
pub struct TlsError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
}

/// A certificate that is ready.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    loaded: Mutex<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    config: Arc<ServerConfig>,
    stamps: Vec<Option<(SystemTime, u64)>>,
}

impl Tls {
    /// Reads the files.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        // Before they are read: what changes meanwhile is seen the next time.
        let stamps = stamps(&files);
        let config = load(&files)?;
        Ok(Self { files, loaded: Mutex::new(Loaded { config, stamps }) })
    }

    /// What to show a sender that comes now. The error is for whoever looks after the files, once a
    /// change.
    pub(super) fn now(&self) -> (Arc<ServerConfig>, Option<TlsError>) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = stamps(&self.files);
        if stamps == loaded.stamps {
            return (Arc::clone(&loaded.config), None);
        }
        loaded.stamps = stamps;
        let error = match load(&self.files) {
            Ok(config) => {
                loaded.config = config;
                None
            }
            Err(error) => Some(error),
        };
        (Arc::clone(&loaded.config), error)
    }
}

fn stamps(files: &TlsFiles) -> Vec<Option<(SystemTime, u64)>> {
    let paths = [Some(&files.certificate), Some(&files.key), files.clients.as_ref()];
    let stamp = |path: &PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    paths.into_iter().flatten().map(stamp).collect()
}

fn load(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(ring::default_provider());
    let chain = certificates(&files.certificate)?;
    let key = private_key(&files.key)?;
    let wrong = |path: &Path, error: &dyn std::fmt::Display| failed(path, error.to_string());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&files.certificate, &error))?;
    let builder = match &files.clients {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut authorities = rustls::RootCertStore::empty();
            for certificate in certificates(path)? {
                authorities.add(certificate).map_err(|error| wrong(path, &error))?;
            }
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(authorities), provider)
                    .build()
                    .map_err(|error| wrong(path, &error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            let of = files.certificate.display();
            failed(&files.key, format!("this is not the key of the certificate {of}"))
        }
        error => wrong(&files.certificate, &error),
    })?;
    // Of the protocols that clients offer beside it, none is spoken here.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(failed(path, "there is no certificate in it (PEM: BEGIN CERTIFICATE)")),
        Err(error) => Err(failed(path, format!("this is no PEM: {error}"))),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read(path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => failed(
            path,
            "there is no private key without a password in it (PEM: BEGIN PRIVATE KEY)",
        ),
        error => failed(path, format!("this is no PEM: {error}")),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| failed(path, format!("it cannot be read: {error}")))
}

fn failed(path: &Path, what: impl Into<String>) -> TlsError {
    TlsError { path: path.to_owned(), what: what.into() }
}

#[cfg(test)]
mod tests;
