//! What a caller may rely on when stacking, and what no type shows.

use comfycontrol_test::{SECOND, arrived, within};
use comfycontrol_token::{
    AddToken, AddTokenLayer, Fingerprint, InvalidOrigin, InvalidToken, Origin, ResponseFuture,
    SourceError, SourceErrorKind, Token, TokenHandle, TokenProvider, TokenReplaced, TokenSource,
    TokenWithheld, WithoutToken, env,
};
use http::Response;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Layer, Service, ServiceBuilder};
use tower_test::mock;

use crate::support::{Req, Res, origin, to, token};

#[test]
fn readiness_is_that_of_the_inner_service() {
    let (mut service, mut handle) =
        mock::spawn_layer::<Req, Res, _>(AddTokenLayer::new(origin(), token("abc")));
    handle.allow(0);
    assert_pending!(service.poll_ready());
    handle.allow(1);
    assert_ready_ok!(service.poll_ready());
}

#[test]
fn an_error_of_the_inner_service_passes_through() {
    let (mut service, mut handle) =
        mock::spawn_layer::<Req, Res, _>(AddTokenLayer::new(origin(), token("abc")));
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(to("https://api.example/")));
    arrived(&mut handle).send_error("broken");
    assert_eq!(assert_ready_err!(call.poll()).to_string(), "broken");
}

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = AddTokenLayer::new(origin(), token("abc")).layer(1);
    *service.get_mut() += 1;
    assert_eq!(*service.get_ref(), 2);
    assert_eq!(service.into_inner(), 2);
}

/// A compile-time test: what a caller may rely on when stacking.
#[test]
fn keeps_the_error_type_and_the_auto_traits() {
    #[derive(Debug)]
    enum Mine {
        Withheld,
    }

    impl From<TokenWithheld> for Mine {
        fn from(_: TokenWithheld) -> Self {
            Self::Withheld
        }
    }

    fn check<S, E>(_: &S)
    where
        S: Service<Req, Response = Res, Error = E> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
    }
    fn plain<T: Clone + Send + Sync + 'static>() {}

    let layer = AddTokenLayer::new(origin(), token("abc"));
    let typed = ServiceBuilder::new()
        .layer(layer.clone())
        .service_fn(|_: Req| async { Err::<Res, _>(Mine::Withheld) });
    check::<_, Mine>(&typed);
    let boxed = ServiceBuilder::new()
        .layer(layer)
        .service_fn(|_: Req| async { Ok::<_, BoxError>(Response::new("")) });
    check::<_, BoxError>(&boxed);
    plain::<(
        Token,
        TokenProvider,
        TokenHandle,
        Origin,
        AddTokenLayer,
        AddToken<()>,
        TokenWithheld,
    )>();
    plain::<(
        SourceError,
        InvalidToken,
        InvalidOrigin,
        Fingerprint,
        TokenReplaced,
        WithoutToken,
    )>();
    let _: fn(ResponseFuture<mock::Mock<Req, Res>, ()>);
}

#[tokio::test(start_paused = true)]
async fn no_public_type_shows_the_token() {
    let shows = within(60 * SECOND, shows_of(token("canary").into())).await;
    assert!(!shows.contains("canary"), "{shows}");
    // The same look finds a name that may be shown.
    assert!(shows.contains("api.example"));

    let shows = within(
        60 * SECOND,
        shows_of(TokenProvider::from(env("cfc_canary"))),
    )
    .await;
    assert!(!shows.contains("canary"), "{shows}");
    assert!(shows.contains("environment variable"));
}

// === support ===

async fn shows_of(provider: TokenProvider) -> String {
    let handle = TokenHandle::new(token("canary"));
    let layer = AddTokenLayer::new(origin(), provider.clone());
    let mut service = Layer::layer(&layer, tower::service_fn(respond));
    let mut failing = std::pin::pin!(service.call(to("/v1")));
    let withheld = failing.as_mut().await.unwrap_err();
    let no_token = Layer::layer(
        &AddTokenLayer::new(origin(), env("cfc_canary")),
        tower::service_fn(respond),
    )
    .call(to("https://api.example/"))
    .await
    .unwrap_err();
    let problem = SourceErrorKind::Other("x".into());
    let error = SourceError::other("cfc_canary", "it sent cfc_canary");
    [
        format!("{:?} {:?} {:?}", provider, provider.snapshot(), handle),
        format!("{layer:?} {service:?} {failing:?} {:?}", service.provider()),
        format!("{withheld} {withheld:?} {no_token} {no_token:?}"),
        format!(
            "{error} {error:?} {problem:?} {:?}",
            token("canary").expiring_at(std::time::SystemTime::UNIX_EPOCH)
        ),
        format!("{:?} {:?}", token("canary"), token("canary").header()),
        format!(
            "{:?} {}",
            token("canary").fingerprint(),
            token("canary").fingerprint()
        ),
        format!("{:?} {}", origin(), origin()),
        format!("{TokenReplaced:?} {WithoutToken:?}"),
    ]
    .join("\n")
}

async fn respond(_: Req) -> Result<Res, BoxError> {
    Ok(Response::new(""))
}
