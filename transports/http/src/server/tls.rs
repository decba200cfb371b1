//! What a listener encrypts with.

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Why something cannot be encrypted with.
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
}

/// A certificate and its key, for TLS 1.2 and 1.3.
#[derive(Clone)]
pub struct Tls(pub(super) TlsAcceptor);

impl Tls {
    /// Takes certificates, the server's own first, and the key, as PEM. They count until the listener ends: start it again with
    /// new ones before they run out.
    ///
    /// # Errors
    ///
    /// As [`CertificateError`] says.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or(CertificateError::Certificates)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::Key)?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| CertificateError::Unfit(error.into()))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}
