//! The layers in a tower stack of your own, over TLS: once with boxed errors, once with an enum
//! that tells the stack what to send again.
//!
//! From outside: the total covers all waiting and all attempts; retries decide on decoded errors;
//! errors are decoded after the limiter has seen the status of a 429; the token is added last, so
//! that it has not aged in the queue.

use std::time::Duration;

use comfycontrol_body::Body;
use comfycontrol_core::Report;
use comfycontrol_emulator::{Emulator, Fault, FaultRule, Shape};
use comfycontrol_error::{ApiError, ApiErrorKind, ErrorDecoderLayer, RetryClass};
use comfycontrol_rate_limit::{Limiter, Quota, Rejected};
use comfycontrol_retry::{Failure, FailureKind, RetryLayer, RetryPolicy};
use comfycontrol_timeout::{AttemptTimeoutLayer, MarkDispatchedLayer, TotalTimeoutLayer};
use comfycontrol_timeout::{TimedOut, Timeouts};
use comfycontrol_token::{AddTokenLayer, Origin, Token, TokenReplaced, TokenWithheld};
use comfycontrol_transport::{TransportBuilder, TransportError};
use http::Request;
use tower::{BoxError, ServiceBuilder, ServiceExt};

/// All that can go wrong in the stack. Each layer asks only for the `From` of its own error.
#[derive(Debug)]
enum CallFailed {
    Api(ApiError),
    Rejected(Rejected),
    TimedOut(TimedOut),
    TokenWithheld(TokenWithheld),
    Transport(TransportError),
}

impl From<ApiError> for CallFailed {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl From<Rejected> for CallFailed {
    fn from(error: Rejected) -> Self {
        Self::Rejected(error)
    }
}

impl From<TimedOut> for CallFailed {
    fn from(error: TimedOut) -> Self {
        Self::TimedOut(error)
    }
}

impl From<TokenWithheld> for CallFailed {
    fn from(error: TokenWithheld) -> Self {
        Self::TokenWithheld(error)
    }
}

/// What the retries must know of a failure.
impl Failure for CallFailed {
    fn failure_kind(&self) -> FailureKind {
        match self {
            Self::Api(error) if error.kind() == ApiErrorKind::Throttled => FailureKind::Throttled,
            Self::Api(error) if error.extensions().get::<TokenReplaced>().is_some() => {
                FailureKind::TokenReplaced
            }
            Self::Api(error) => match error.retry_class() {
                RetryClass::NeverApplied => FailureKind::NeverApplied,
                RetryClass::MaybeApplied => FailureKind::MaybeApplied,
                _ => FailureKind::Permanent,
            },
            Self::Rejected(_) => FailureKind::Rejected,
            Self::TimedOut(error) if error.is_total() => FailureKind::Permanent,
            Self::TimedOut(error) if !error.was_dispatched() => FailureKind::NeverApplied,
            Self::TimedOut(_) => FailureKind::MaybeApplied,
            Self::TokenWithheld(_) => FailureKind::Permanent,
            Self::Transport(error) if !error.is_transient() => FailureKind::Permanent,
            Self::Transport(error) if error.is_unprocessed() => FailureKind::NeverApplied,
            Self::Transport(_) => FailureKind::MaybeApplied,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) => error.retry_after(),
            _ => None,
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let api = Emulator::builder().start().await?;
    let token = Token::parse(api.tokens().create("own stack", None))?;
    let add_token = AddTokenLayer::new(Origin::parse(api.https_url())?, token);
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    let timeouts = Timeouts::call().total(Duration::from_secs(5));
    // The emulator has a certificate authority of its own; the real API needs no setting.
    let transport = TransportBuilder::new()
        .root_certificate(api.ca_der())
        .build()?;

    let boxed = ServiceBuilder::new()
        .layer(ErrorDecoderLayer::new())
        .layer(limiter.layer())
        // A slot is taken for as long as the response is awaited, so something has to end that. Its
        // time begins when the slot is there.
        .layer(AttemptTimeoutLayer::new(timeouts))
        .layer(add_token.clone())
        .map_err(BoxError::from)
        .service(transport.clone());
    let response = boxed.clone().oneshot(get(&api, "/v1/user")?).await?;
    let (status, version) = (response.status(), response.version());
    println!("boxed: GET /v1/user -> {status} over {version:?}");
    let error = boxed.oneshot(get(&api, "/v1/nothing")?).await;
    let error = error.expect_err("there is no such path");
    let error = error.downcast::<ApiError>()?;
    println!("boxed: GET /v1/nothing -> {error}");

    // The same limiter: the API counts by address, whatever stack a request has come through.
    let typed = ServiceBuilder::new()
        .layer(TotalTimeoutLayer::new(timeouts).with_mark_dispatched())
        .layer(RetryLayer::new(RetryPolicy::new().behind_rate_limit()))
        .layer(ErrorDecoderLayer::new())
        .layer(limiter.layer())
        .layer(AttemptTimeoutLayer::new(timeouts).with_mark_dispatched())
        .layer(add_token)
        .layer(MarkDispatchedLayer::new())
        .map_err(CallFailed::Transport)
        .service(transport);
    let without_host = Request::get("/v1/user").body(Body::empty())?;
    tell(&typed.clone().oneshot(without_host).await.map(drop));
    let without_tls = Request::get("http://192.0.2.1/").body(Body::empty())?;
    tell(&typed.clone().oneshot(without_tls).await.map(drop));
    // Neither was sent, but that was found out below the limiter: each has had its slot.
    assert_eq!(limiter.snapshot().lost(), 2);
    let unknown = get(&api, "/v1/nothing")?;
    tell(&typed.clone().oneshot(unknown).await.map(drop));

    let fault = Fault::Respond(Shape::BadGateway);
    api.faults().add(FaultRule::next(1, fault));
    let before = api.edge().requests();
    let again = typed.clone().oneshot(get(&api, "/v1/user")?).await;
    tell(&again.map(drop));
    let sent = api.edge().requests() - before;
    println!("typed: sent {sent} times, past a bad gateway");
    assert_eq!(sent, 2, "a GET may be sent again");

    for _ in 0..limiter.snapshot().free() {
        let response = typed.clone().oneshot(get(&api, "/v1/user")?).await;
        assert!(response.is_ok(), "there was a slot for it");
    }
    // The next slot comes after the end of the call: it is rejected at once.
    let rejected = typed.oneshot(get(&api, "/v1/user")?).await.map(drop);
    tell(&rejected);
    assert!(matches!(rejected, Err(CallFailed::Rejected(_))));

    println!("429s: {}", api.edge().throttled());
    assert_eq!(api.edge().throttled(), 0, "the limiter prevents them");
    Ok(())
}

fn get(api: &Emulator, path: &str) -> Result<Request<Body>, http::Error> {
    Request::get(format!("{}{path}", api.https_url())).body(Body::empty())
}

/// No downcast, and the compiler sees to it that no case is forgotten.
fn tell(outcome: &Result<(), CallFailed>) {
    match outcome {
        Ok(()) => println!("typed: success"),
        Err(CallFailed::Api(error)) => println!("typed: the API says {:?}: {error}", error.kind()),
        Err(CallFailed::Rejected(error)) => println!("typed: {error}"),
        Err(CallFailed::TimedOut(error)) => println!("typed: {error}"),
        Err(CallFailed::TokenWithheld(error)) => println!("typed: {}", Report::new(error)),
        Err(CallFailed::Transport(error)) => {
            println!("typed: no response: {}", Report::new(error));
        }
    }
}
