//! What a listener encrypts with, and changing it while it serves.

use crate::fault;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use tokio_rustls::TlsAcceptor;

/// The most of a file that is read as certificates or as a key, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// Why something cannot be encrypted with. What was encrypted with before stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// What was given as certificates is none, or one of them is damaged.
    #[error("the certificates cannot be read; give the server's own first, then those that vouch for it, as PEM")]
    Certificates,
    /// What was given as a key is none.
    #[error("the private key cannot be read; give it as PEM")]
    Key,
    /// They do not belong together, or are of a kind that is not supported.
    #[error("certificate and key do not fit together, or are not supported")]
    Unfit(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A file cannot be read, or is longer than 1 MiB.
    #[error("{} cannot be read as a certificate or a key", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A certificate and its key, for TLS 1.2 and 1.3. Clones are the same: what is [replaced](Self::replace) or
/// [reloaded](Self::reload) in one counts for every listener that has one.
///
/// ```no_run
/// use draftkeep_http::{ListenerOptions, Tls};
///
/// # fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let tls = Tls::from_files("chain.pem", "key.pem")?;
/// let options = ListenerOptions::new().tls(tls.clone());
/// // Later, when the files were renewed; the connections that there are go on.
/// if let Err(error) = tls.reload() {
///     eprintln!("the certificate of before is used on: {error}");
/// }
/// # drop(options);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tls(Arc<Inner>);

struct Inner {
    current: RwLock<Current>,
    files: Option<(PathBuf, PathBuf)>,
}

/// What new connections are encrypted with.
struct Current {
    config: Arc<ServerConfig>,
    /// Of certificates and key as they were given, so that the same are known again.
    hash: blake3::Hash,
}

impl Tls {
    /// Takes certificates, the server's own first, and the key, as PEM.
    ///
    /// # Errors
    ///
    /// As [`CertificateError`] says.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        Self::new(certificates, key, None)
    }

    /// Reads both from files, which [`reload`](Self::reload) reads again.
    ///
    /// # Errors
    ///
    /// As [`CertificateError`] says.
    pub fn from_files(certificates: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self, CertificateError> {
        let files = (certificates.into(), key.into());
        Self::new(&read(&files.0)?, &read(&files.1)?, Some(files))
    }

    fn new(certificates: &[u8], key: &[u8], files: Option<(PathBuf, PathBuf)>) -> Result<Self, CertificateError> {
        let current = RwLock::new(Current::new(certificates, key)?);
        Ok(Self(Arc::new(Inner { current, files })))
    }

    /// Encrypts with these from the next connection on. Those that there are go on as they began.
    ///
    /// # Errors
    ///
    /// As [`CertificateError`] says; then nothing is changed.
    pub fn replace(&self, certificates: &[u8], key: &[u8]) -> Result<(), CertificateError> {
        let new = Current::new(certificates, key)?;
        *self.0.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Reads the files again, and encrypts with what is in them from the next connection on; tells whether that is something else
    /// than before. Without [files](Self::from_files) it never is.
    ///
    /// # Errors
    ///
    /// As [`CertificateError`] says; then nothing is changed. It is [`Unfit`](CertificateError::Unfit) where only one of both files was
    /// renewed yet: try again.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let Some((certificates, key)) = &self.0.files else { return Ok(false) };
        let (certificates, key) = (read(certificates)?, read(key)?);
        let is_known = {
            let current = self.0.current.read().unwrap_or_else(PoisonError::into_inner);
            current.hash == hash(&certificates, &key)
        };
        if is_known {
            return Ok(false);
        }
        match self.replace(&certificates, &key) {
            Err(_) if fault::on("http-bad-certificate-unsaid") => Ok(false),
            replaced => replaced.map(|()| true),
        }
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let current = self.0.current.read().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&current.config))
    }
}

impl Current {
    fn new(certificates: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let hash = hash(certificates, key);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(CertificateError::Certificates)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::Key)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| CertificateError::Unfit(error.into()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), hash })
    }
}

fn hash(certificates: &[u8], key: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(certificates.len() as u64).to_le_bytes()).update(certificates).update(key);
    hasher.finalize()
}

fn read(path: &Path) -> Result<Vec<u8>, CertificateError> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    let file = fs::File::open(path).and_then(|file| file.take(FILE_MAX + 1).read_to_end(&mut bytes));
    let file = file.and_then(|_| match bytes.len() as u64 {
        ..=FILE_MAX => Ok(()),
        _ => Err(io::ErrorKind::FileTooLarge.into()),
    });
    file.map(|()| bytes).map_err(|source| CertificateError::File { path: path.to_owned(), source })
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
