//! Whom to believe.

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::sync::Arc;

/// Why nobody could be believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// What was given as certificates is none, or one of them is damaged.
    #[error("the certificates of HttpOptions::roots cannot be read; give them as PEM")]
    Roots,
    /// The system's certificates cannot be used.
    #[error("the system's certificates cannot be used; give some with HttpOptions::roots")]
    System(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// What an encrypted connection is made with: these roots alone, or the system's where there are none.
pub(super) fn config(roots: Option<&[u8]>) -> Result<ClientConfig, TrustError> {
    let Some(pem) = roots else {
        let builder = builder()?.with_platform_verifier().map_err(|error| TrustError::System(error.into()))?;
        return Ok(builder.with_no_client_auth());
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| TrustError::Roots)?;
        store.add(certificate).map_err(|_| TrustError::Roots)?;
    }
    if store.is_empty() {
        return Err(TrustError::Roots);
    }
    Ok(builder()?.with_root_certificates(store).with_no_client_auth())
}

/// What a connection that is never encrypted is made with: nobody is believed.
pub(super) fn nobody() -> Result<ClientConfig, TrustError> {
    Ok(builder()?.with_root_certificates(RootCertStore::empty()).with_no_client_auth())
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, TrustError> {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| TrustError::System(error.into()))
}
