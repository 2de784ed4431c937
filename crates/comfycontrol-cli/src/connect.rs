//! The client that the arguments ask for.

use std::path::Path;
use std::time::Duration;

use comfycontrol::token;
use comfycontrol::{Client, ClientBuilder};
use comfycontrol_api::Api;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::arguments::Global;
use crate::failure::Failure;

pub(crate) fn api(global: &Global) -> Result<Api, Failure> {
    Ok(Api::new(client(global)?))
}

pub(crate) fn client(global: &Global) -> Result<Client, Failure> {
    let mut builder = without_token(global)?;
    if let Some(path) = &global.token_file {
        builder = builder.token_provider(token::file(path));
    }
    Ok(builder.build()?)
}

/// All that is asked for but the token.
fn without_token(global: &Global) -> Result<ClientBuilder, Failure> {
    let mut builder = Client::builder().user_agent(USER_AGENT);
    if let Some(url) = &global.base_url {
        builder = builder.base_url(url);
    }
    if let Some(path) = &global.ca {
        for certificate in certificates(path)? {
            builder = builder.root_certificate(certificate.to_vec());
        }
    }
    if let Some(seconds) = global.timeout {
        builder = builder.timeout(Duration::from_secs(seconds));
    }
    Ok(builder)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let failed = |what: String| Failure::Setting(format!("{}: {what}", path.display()));
    let read = CertificateDer::pem_file_iter(path).map_err(|e| failed(e.to_string()))?;
    let certificates: Vec<_> = read
        .collect::<Result<_, _>>()
        .map_err(|e| failed(e.to_string()))?;
    if certificates.is_empty() {
        return Err(failed("no certificate in PEM".to_owned()));
    }
    Ok(certificates)
}

const USER_AGENT: &str = concat!("comfycontrol-cli/", env!("CARGO_PKG_VERSION"));
