//! TLS settings, with the provider passed on: the process-wide default is neither read nor
//! set.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;

use crate::invalid_transport::{InvalidTransport, Setting};

/// What the builder has been told about TLS.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsSettings {
    pub(crate) config: Option<ClientConfig>,
    pub(crate) provider: Option<Arc<CryptoProvider>>,
    pub(crate) extra_roots: Vec<CertificateDer<'static>>,
    #[cfg(feature = "webpki-roots")]
    pub(crate) webpki_roots: bool,
}

impl TlsSettings {
    /// A configuration without ALPN, which the connector adds.
    pub(crate) fn build(self) -> Result<ClientConfig, InvalidTransport> {
        if let Some(mut config) = self.config {
            config.alpn_protocols.clear();
            return Ok(config);
        }
        let provider = self
            .provider
            .clone()
            .or_else(default_provider)
            .ok_or_else(|| InvalidTransport::new(Setting::CryptoProvider))?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| InvalidTransport::because(Setting::CryptoProvider, e))?;
        self.trust(builder, provider)
    }

    fn trust(
        self,
        builder: rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
        provider: Arc<CryptoProvider>,
    ) -> Result<ClientConfig, InvalidTransport> {
        // Looked at here, so that the error names the setting that is wrong.
        let mut extra = rustls::RootCertStore::empty();
        for der in &self.extra_roots {
            extra
                .add(der.clone())
                .map_err(|e| InvalidTransport::because(Setting::RootCertificate, e))?;
        }
        #[cfg(all(feature = "platform-verifier", not(target_os = "android")))]
        if !self.uses_webpki_roots() {
            let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(
                self.extra_roots,
                provider,
            )
            .map_err(|e| InvalidTransport::because(Setting::Roots, e))?;
            return Ok(builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth());
        }
        let _ = provider;
        #[cfg(feature = "webpki-roots")]
        extra.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if extra.is_empty() {
            return Err(InvalidTransport::new(Setting::Roots));
        }
        Ok(builder.with_root_certificates(extra).with_no_client_auth())
    }

    #[cfg(all(feature = "platform-verifier", not(target_os = "android")))]
    fn uses_webpki_roots(&self) -> bool {
        #[cfg(feature = "webpki-roots")]
        return self.webpki_roots;
        #[cfg(not(feature = "webpki-roots"))]
        return false;
    }
}

/// ring before aws-lc-rs, so that another crate's enabling the second changes nothing.
fn default_provider() -> Option<Arc<CryptoProvider>> {
    #[cfg(feature = "ring")]
    return Some(Arc::new(rustls::crypto::ring::default_provider()));
    #[cfg(all(feature = "aws-lc-rs", not(feature = "ring")))]
    return Some(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    return None;
}
