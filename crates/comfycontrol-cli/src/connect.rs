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

/// For one call after the other, each of which has the time that the command has: one that the limiter
/// cannot let go in time is rejected at once.
pub(crate) fn client(global: &Global) -> Result<Client, Failure> {
    let builder = settings(global)?;
    Ok(match global.timeout {
        Some(seconds) => builder.timeout(Duration::from_secs(seconds)),
        None => builder,
    }
    .build()?)
}

/// For a command that does much: a call of it that was cut short would be looked for at length.
pub(crate) fn long(global: &Global) -> Result<Client, Failure> {
    Ok(settings(global)?.build()?)
}

fn settings(global: &Global) -> Result<ClientBuilder, Failure> {
    let mut builder = Client::builder().user_agent(USER_AGENT);
    if let Some(path) = &global.token_file {
        builder = builder.token_provider(token::file(path));
    }
    if let Some(url) = &global.base_url {
        builder = builder.base_url(url);
    }
    if let Some(path) = &global.ca {
        for certificate in certificates(path)? {
            builder = builder.root_certificate(certificate.to_vec());
        }
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
