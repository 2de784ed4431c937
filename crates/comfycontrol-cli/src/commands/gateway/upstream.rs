use std::time::Duration;

use comfycontrol::rate_limit::Limiter;
use comfycontrol::token::{self, Token, TokenProvider};
use comfycontrol::{Client, ClientBuilder, Timeouts};
use comfycontrol_core::Report;
use comfycontrol_emulator::Emulator;

use super::GatewayArguments;
use crate::connect::Connect;
use crate::failure::Failure;

/// Where calls are sent to, and by what.
pub(super) struct Upstream {
    pub(super) url: String,
    pub(super) client: ClientBuilder,
    pub(super) limiter: Limiter,
    pub(super) tokens: TokenProvider,
    pub(super) emulator: Option<Emulator>,
}

impl Upstream {
    pub(super) async fn open(
        connect: Connect<'_>,
        arguments: &GatewayArguments,
    ) -> Result<Self, Failure> {
        if arguments.emulate {
            return emulated(connect, arguments).await;
        }
        let tokens = tokens(connect, arguments)?;
        let preload = tokens.clone();
        let read = tokio::task::spawn_blocking(move || preload.preload()).await;
        read.map_err(|e| Failure::local(e.to_string()))?
            .map_err(|e| Failure::Setting(format!("no usable token: {}", Report::new(&e))))?;
        let url = connect.global.base_url.clone();
        Ok(Self {
            url: url.unwrap_or_else(|| "https://api.comfycontrol.app".to_owned()),
            client: bounded(connect.builder().await?).token_provider(tokens.clone()),
            tokens,
            limiter: connect.limiter()?,
            emulator: None,
        })
    }
}

/// An emulator's limit is its own.
async fn emulated(connect: Connect<'_>, arguments: &GatewayArguments) -> Result<Upstream, Failure> {
    let builder = Emulator::builder().run_time(Duration::from_secs(arguments.run_time));
    let emulator = builder.start().await;
    let emulator = emulator.map_err(|e| Failure::Setting(format!("cannot listen: {e}")))?;
    let token = Token::parse(emulator.tokens().create("gateway", None));
    let tokens = TokenProvider::from(token.map_err(|e| Failure::local(e.to_string()))?);
    let client = Client::builder()
        .base_url(emulator.https_url())
        .root_certificate(emulator.ca_der())
        .token_provider(tokens.clone());
    Ok(Upstream {
        url: emulator.https_url(),
        client: bounded(client),
        tokens,
        limiter: Limiter::new(connect.global.quota),
        emulator: Some(emulator),
    })
}

fn tokens(connect: Connect<'_>, arguments: &GatewayArguments) -> Result<TokenProvider, Failure> {
    if let Some(path) = &connect.global.token_file {
        return Ok(token::file(path).into());
    }
    let Some(command) = &arguments.token_command else {
        return Ok(token::env("COMFYCONTROL_TOKEN").into());
    };
    let mut words = command.split_whitespace();
    let program = words
        .next()
        .ok_or_else(|| Failure::Setting("the token's command is empty".to_owned()))?;
    Ok(token::command(program, words).into())
}

/// Calls as a gateway has them: uploads and events too, and little read ahead for a caller that
/// stalls.
fn bounded(client: ClientBuilder) -> ClientBuilder {
    let silence = Duration::from_secs(60);
    client
        .timeouts(Timeouts::upload().stall(silence))
        .network(|network| network.max_unread(MAX_UNREAD))
}

const MAX_UNREAD: u32 = 1024 * 1024;
