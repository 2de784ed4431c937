//! Layers over a service that responds at once.

use std::fmt;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::Client;
use comfycontrol_error::{ErrorDecoder, ErrorDecoderLayer};
use comfycontrol_rate_limit::{Limiter, Quota, RateLimit, RateLimitLayer};
use comfycontrol_token::{AddToken, AddTokenLayer, Origin, Token};
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::Empty;
use tokio::runtime::Runtime;
use tower::buffer::Buffer;
use tower::limit::rate::Rate;
use tower::{BoxError, Layer, Service, ServiceBuilder, ServiceExt};
use tower_http::auth::AddAuthorizationLayer;
use tower_resilience_ratelimiter::{RateLimiterLayer, WindowType};

pub use super::bare::Bare;
use crate::measure::Case;

/// What stands over the bare service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Stack {
    /// tower-http's `AddAuthorization`.
    AddAuthorization,
    /// `AddToken`.
    AddToken,
    /// Nothing.
    Bare,
    /// Nothing, with the facade's request body.
    BareFacade,
    /// tower's `RateLimit` under its `Buffer`.
    BufferRateLimit,
    /// `ErrorDecoder`.
    ErrorDecoder,
    /// All layers of the facade.
    Facade,
    /// `RateLimit`.
    RateLimit,
    /// tower-resilience-ratelimiter with its exact log.
    ResilienceLog,
    /// The same over tower-http's `AddAuthorization`.
    ResilienceLogAuthorization,
    /// `ErrorDecoder` over `RateLimit` over `AddToken`.
    Three,
}

/// How the service is called, and with what.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Call {
    /// On a clone made for this call, not on the one handle.
    pub cloned: bool,
    /// Whether the request has three headers already.
    pub headers: bool,
}

impl Stack {
    /// All of them; the bare ones first.
    pub const ALL: [Self; 11] = [
        Self::Bare,
        Self::AddToken,
        Self::RateLimit,
        Self::ErrorDecoder,
        Self::Three,
        Self::BareFacade,
        Self::Facade,
        Self::AddAuthorization,
        Self::BufferRateLimit,
        Self::ResilienceLog,
        Self::ResilienceLogAuthorization,
    ];

    /// As it stands in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::AddAuthorization => "tower-http AddAuthorization",
            Self::AddToken => "AddToken",
            Self::Bare => "bare service",
            Self::BareFacade => "bare service, facade's body",
            Self::BufferRateLimit => "tower Buffer + RateLimit",
            Self::ErrorDecoder => "ErrorDecoder",
            Self::Facade => "whole stack",
            Self::RateLimit => "RateLimit",
            Self::ResilienceLog => "tower-resilience log",
            Self::ResilienceLogAuthorization => "tower-resilience log + AddAuthorization",
            Self::Three => "ErrorDecoder + RateLimit + AddToken",
        }
    }

    /// One successful call.
    pub fn case(self, runtime: &Rc<Runtime>, call: Call) -> Case {
        let on = |batch| Setting {
            runtime,
            name: self.name(),
            batch,
            call,
        };
        match self {
            Self::AddAuthorization => {
                let layer = AddAuthorizationLayer::bearer(TOKEN);
                on(BATCH).case(request, move || layer.layer(Bare::<BoxError>::new()))
            }
            Self::AddToken => {
                let layer = add_token();
                on(BATCH).case(request, move || layer.layer(Bare::<BoxError>::new()))
            }
            Self::Bare => on(BATCH).case(request, Bare::<BoxError>::new),
            Self::BareFacade => on(BATCH).case(facade_request, Bare::<BoxError>::new),
            Self::BufferRateLimit => on(BATCH).case(request, || {
                let rate = Rate::new(u64::MAX, Duration::from_secs(3_600));
                Buffer::new(
                    tower::limit::RateLimit::new(Bare::<BoxError>::new(), rate),
                    1_024,
                )
            }),
            Self::ErrorDecoder => on(BATCH).case(request, || {
                ErrorDecoderLayer::new().layer(Bare::<BoxError>::new())
            }),
            Self::Facade => on(QUOTA).case(facade_request, whole),
            Self::RateLimit => {
                on(QUOTA).case(request, || rate_limit().layer(Bare::<BoxError>::new()))
            }
            Self::ResilienceLog => {
                on(BATCH).case(request, || resilience_log().layer(Bare::<BoxError>::new()))
            }
            Self::ResilienceLogAuthorization => {
                let add = AddAuthorizationLayer::bearer(TOKEN);
                on(BATCH).case(request, move || {
                    resilience_log().layer(add.layer(Bare::<BoxError>::new()))
                })
            }
            Self::Three => {
                let add = add_token();
                on(QUOTA).case(request, move || three(&add))
            }
        }
    }
}

/// The three layers over a service.
pub type Three = ErrorDecoder<RateLimit<AddToken<Bare>>>;

/// All layers of the facade over a service.
pub type Whole = comfycontrol::stack::Stack<Bare<comfycontrol::Error>>;

/// The three layers over the bare service, with the whole quota free.
pub fn three(add: &AddTokenLayer) -> Three {
    ServiceBuilder::new()
        .layer(ErrorDecoderLayer::new())
        .layer(rate_limit())
        .layer(add.clone())
        .service(Bare::new())
}

/// All layers over the bare service, with the whole quota free.
pub fn whole() -> Whole {
    let builder = Client::builder()
        .token(TOKEN)
        .rate_limit(Limiter::new(Quota::COMFYCONTROL));
    let layers = builder.layers().expect("the settings are sound");
    layers.stack(Bare::new())
}

/// A layer that adds a token to requests as [`request`] makes them.
pub fn add_token() -> AddTokenLayer {
    let origin = Origin::parse("https://api.comfycontrol.app").expect("an origin");
    AddTokenLayer::new(origin, TOKEN.parse::<Token>().expect("a token"))
}

/// A limiter's layer as it is for the API, with its whole quota free.
pub fn rate_limit() -> RateLimitLayer {
    Limiter::new(Quota::COMFYCONTROL).layer()
}

/// A request to the API without a body.
pub fn request(headers: bool) -> Request<Empty<Bytes>> {
    with_headers(Empty::new(), headers)
}

/// The same with the facade's body.
pub fn facade_request(headers: bool) -> Request<comfycontrol::Body> {
    with_headers(comfycontrol::Body::empty(), headers)
}

fn with_headers<B>(body: B, headers: bool) -> Request<B> {
    let mut request = Request::new(body);
    *request.uri_mut() = URI.clone();
    if headers {
        let map = request.headers_mut();
        map.insert(ACCEPT, HeaderValue::from_static("application/json"));
        map.insert(USER_AGENT, HeaderValue::from_static("comfycontrol-benches"));
        map.insert(REQUEST_ID, HeaderValue::from_static("0123456789abcdef"));
    }
    request
}

fn resilience_log() -> RateLimiterLayer {
    RateLimiterLayer::builder()
        .limit_for_period(40)
        .refresh_period(Duration::from_nanos(1))
        .window_type(WindowType::SlidingLog)
        .timeout_duration(Duration::ZERO)
        .build()
        .expect("the settings are sound")
}

struct Setting<'a> {
    runtime: &'a Rc<Runtime>,
    name: &'static str,
    batch: u64,
    call: Call,
}

impl Setting<'_> {
    fn case<S, Req, B>(self, request: fn(bool) -> Req, prepare: impl FnMut() -> S + 'static) -> Case
    where
        S: Service<Req, Response = Response<B>> + Clone,
        S::Error: fmt::Debug,
        Req: 'static,
    {
        let Call { cloned, headers } = self.call;
        if cloned {
            Case::on(
                self.runtime,
                self.name,
                self.batch,
                prepare,
                async move |service: &mut S| {
                    let response = service.clone().oneshot(request(headers)).await;
                    assert_eq!(response.expect("a success").status(), StatusCode::OK);
                },
            )
        } else {
            Case::on(
                self.runtime,
                self.name,
                self.batch,
                prepare,
                async move |service: &mut S| {
                    let ready = service.ready().await.expect("ready");
                    let response = ready.call(request(headers)).await;
                    assert_eq!(response.expect("a success").status(), StatusCode::OK);
                },
            )
        }
    }
}

static URI: LazyLock<Uri> =
    LazyLock::new(|| Uri::from_static("https://api.comfycontrol.app/v1/user"));

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const TOKEN: &str = "cfc_0123456789abcdef0123456789abcdef";

/// So many calls pass a limiter before it is full.
const QUOTA: u64 = 39;

const BATCH: u64 = 10_000;
