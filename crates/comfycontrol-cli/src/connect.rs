//! The client that the arguments ask for.

use std::path::Path;
use std::time::Duration;

use comfycontrol::rate_limit::Limiter;
use comfycontrol::token;
use comfycontrol::{Client, ClientBuilder};
use comfycontrol_api::Api;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::arguments::Global;
use crate::budget::Budget;
use crate::failure::Failure;
use crate::input::Input;
use crate::out::Out;

/// What a client is made from, apart from the arguments.
#[derive(Clone, Copy)]
pub(crate) struct Connect<'a> {
    pub(crate) global: &'a Global,
    pub(crate) budget: &'a Budget,
    pub(crate) out: Out,
}

impl Connect<'_> {
    pub(crate) async fn api(self) -> Result<Api, Failure> {
        Ok(Api::new(self.client().await?))
    }

    /// For one call after the other, each of which has the time that the command has: one that the
    /// limiter cannot let go in time is rejected at once.
    pub(crate) async fn client(self) -> Result<Client, Failure> {
        let builder = self.settings().await?;
        Ok(match self.global.timeout {
            Some(seconds) => builder.timeout(Duration::from_secs(seconds)),
            None => builder,
        }
        .build()?)
    }

    /// For a command that does much: a call of it that was cut short would be looked for at length.
    pub(crate) async fn long(self) -> Result<Api, Failure> {
        Ok(Api::new(self.settings().await?.build()?))
    }

    async fn settings(self) -> Result<ClientBuilder, Failure> {
        let limiter = self.limiter()?;
        Ok(self.builder().await?.rate_limit(limiter))
    }

    /// The limiter that the command shares with others; once a command.
    pub(crate) fn limiter(self) -> Result<Limiter, Failure> {
        self.budget.limiter(self.global, self.out)
    }

    /// A client of these arguments, but for its limiter.
    pub(crate) async fn builder(self) -> Result<ClientBuilder, Failure> {
        let global = self.global;
        let mut builder = Client::builder().user_agent(USER_AGENT);
        if let Some(path) = &global.token_file {
            builder = builder.token_provider(token::file(path));
        }
        if let Some(url) = &global.base_url {
            builder = builder.base_url(url);
        }
        if let Some(path) = &global.ca {
            for certificate in certificates(path).await? {
                builder = builder.root_certificate(certificate.to_vec());
            }
        }
        Ok(builder)
    }
}

async fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let failed = |what: String| Failure::Setting(format!("{}: {what}", path.display()));
    let input = Input::File(path.to_owned());
    let pem = input.read(MOST).await.map_err(|e| failed(e.to_string()))?;
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|e| failed(e.to_string()))?;
    if certificates.is_empty() {
        return Err(failed("no certificate in PEM".to_owned()));
    }
    Ok(certificates)
}

/// More than all authorities of a system have, in millions of bytes.
const MOST: u64 = 10;
const USER_AGENT: &str = concat!("comfycontrol-cli/", env!("CARGO_PKG_VERSION"));
