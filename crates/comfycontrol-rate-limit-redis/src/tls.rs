//! TLS, with the provider passed explicitly: the process-wide default is neither read nor set.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{RedisError, RedisErrorKind};

/// Whom to trust: the operating system, and these.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tls {
    roots: Vec<CertificateDer<'static>>,
}

impl Tls {
    /// Trusts the certificates in this PEM too.
    pub(crate) fn trust(&mut self, pem: &[u8]) -> Result<(), RedisError> {
        let invalid = |_| RedisError::new(RedisErrorKind::InvalidCertificate);
        let before = self.roots.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            self.roots.push(certificate.map_err(invalid)?);
        }
        if self.roots.len() == before {
            return Err(RedisError::new(RedisErrorKind::InvalidCertificate));
        }
        Ok(())
    }

    /// Speaks TLS to the server of this name.
    pub(crate) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, RedisError> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let config = self.config().map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::new(config));
        Ok(connector.connect(name, stream).await?)
    }

    #[cfg(not(target_os = "android"))]
    fn config(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(
            self.roots.iter().cloned(),
            provider,
        )?;
        Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth())
    }

    /// There, the verifier of the system takes only its own certificates.
    #[cfg(target_os = "android")]
    fn config(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(self.roots.iter().cloned());
        Ok(ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth())
    }
}
