//! Which request gets the token, seen from inside and from outside of the layer.

use comfycontrol_token::{
    AddToken, AddTokenLayer, Fingerprint, InvalidOrigin, InvalidToken, Origin, ResponseFuture,
    SourceError, SourceProblem, Token, TokenHandle, TokenReplaced, TokenSource, TokenWithheld,
    Tokens, WithheldReason, WithoutToken, env,
};
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderValue, Request, Response, StatusCode};
use tokio_test::{assert_pending, assert_ready, assert_ready_err, assert_ready_ok, task};
use tower::{BoxError, Service, ServiceBuilder};
use tower_test::mock::{self, Handle};

type Req = Request<&'static str>;
type Res = Response<&'static str>;

#[test]
fn the_configured_origin_gets_the_token_marked_sensitive() {
    let seen = sent(token("abc"), get("https://api.example/v1/user"));
    let value = &seen.headers()[AUTHORIZATION];
    assert_eq!(value, "Bearer cfc_abc");
    assert!(value.is_sensitive());
}

#[test]
fn a_header_from_further_out_is_replaced_and_never_doubled() {
    let mut request = get("https://api.example/");
    for value in ["Bearer cfc_other", "Basic dTpw"] {
        request
            .headers_mut()
            .append(AUTHORIZATION, HeaderValue::from_static(value));
    }
    let seen = sent(token("abc"), request);
    let values: Vec<_> = seen.headers().get_all(AUTHORIZATION).iter().collect();
    assert_eq!(values, ["Bearer cfc_abc"]);
}

#[test]
fn another_origin_gets_the_request_without_the_token() {
    for uri in [
        "https://storage.example/",
        "http://api.example/",
        "https://api.example:444/",
    ] {
        assert!(
            !sent(token("abc"), get(uri))
                .headers()
                .contains_key(AUTHORIZATION),
            "{uri}"
        );
    }
}

#[test]
fn our_token_is_taken_off_a_request_to_another_origin_and_nothing_else_is() {
    let handle = TokenHandle::new(token("earlier"));
    handle.rotate(token("abc"));
    let mut request = get("https://storage.example/");
    for value in [
        "Bearer cfc_abc",
        "Bearer cfc_theirs",
        "bearer  cfc_earlier ",
        "Basic dTpw",
    ] {
        request
            .headers_mut()
            .append(AUTHORIZATION, HeaderValue::from_static(value));
    }
    let seen = sent(handle, request);
    let values: Vec<_> = seen.headers().get_all(AUTHORIZATION).iter().collect();
    assert_eq!(values, ["Bearer cfc_theirs", "Basic dTpw"]);
}

#[test]
fn a_uri_without_scheme_or_authority_is_refused() {
    for uri in [
        "/v1/user",
        "//api.example/v1",
        "*",
        "api.example:443",
        "api.example",
    ] {
        let error = withheld(token("abc"), get(uri));
        assert_eq!(error.reason(), WithheldReason::UriNotAbsolute, "{uri}");
    }
}

#[test]
fn a_host_header_that_differs_is_refused() {
    for (hosts, sends) in [
        (&["api.example"][..], true),
        (&["API.example:443"], true),
        (&["evil.example"], false),
        (&["api.example:444"], false),
        (&["api.example."], false),
        (&["api.example@evil.example"], false),
        (&["\u{e9}vil.example"], false),
        (&[""], false),
        (&["api.example", "api.example"], false),
        (&["api.example", "evil.example"], false),
    ] {
        let mut request = get("https://api.example/");
        for host in hosts {
            request
                .headers_mut()
                .append(HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap());
        }
        if sends {
            sent(token("abc"), request);
        } else {
            let error = withheld(token("abc"), request);
            assert_eq!(error.reason(), WithheldReason::HostDiffers, "{hosts:?}");
        }
    }
}

#[test]
fn a_request_marked_so_passes_untouched() {
    for uri in ["https://api.example/", "https://storage.example/", "/v1"] {
        let mut request = get(uri);
        request.extensions_mut().insert(WithoutToken);
        request
            .headers_mut()
            .insert(AUTHORIZATION, HeaderValue::from_static("Basic dTpw"));
        let seen = sent(token("abc"), request);
        assert_eq!(seen.headers()[AUTHORIZATION], "Basic dTpw");
    }
}

#[test]
fn a_rotated_handle_counts_for_the_next_request_of_every_clone() {
    let handle = TokenHandle::new(token("old"));
    let layer = AddTokenLayer::new(origin(), handle.clone());
    let (mut one, mut at_one) = mock::spawn_layer::<Req, Res, _>(layer.clone());
    let (mut two, mut at_two) = mock::spawn_layer::<Req, Res, _>(layer);
    handle.rotate(token("new"));
    for (service, handle) in [(&mut one, &mut at_one), (&mut two, &mut at_two)] {
        assert_ready_ok!(service.poll_ready());
        let _call = task::spawn(service.call(get("https://api.example/")));
        assert_eq!(
            received(handle).0.headers()[AUTHORIZATION],
            "Bearer cfc_new"
        );
    }
}

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
    let mut call = task::spawn(service.call(get("https://api.example/")));
    received(&mut handle).1.send_error("broken");
    assert_eq!(assert_ready_err!(call.poll()).to_string(), "broken");
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
        Tokens,
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
    let _: fn(ResponseFuture<mock::Mock<Req, Res>, &'static str>);
}

#[tokio::test(start_paused = true)]
async fn no_public_type_shows_the_token() {
    let shows = within(shows_of(token("canary").into())).await;
    assert!(!shows.contains("canary"), "{shows}");
    // The same look finds a name that may be shown.
    assert!(shows.contains("api.example"));

    let shows = within(shows_of(Tokens::from(env("cfc_canary")))).await;
    assert!(!shows.contains("canary"), "{shows}");
    assert!(shows.contains("environment variable"));
}

async fn shows_of(tokens: Tokens) -> String {
    let handle = TokenHandle::new(token("canary"));
    let layer = AddTokenLayer::new(origin(), tokens.clone());
    let mut service = tower::Layer::layer(&layer, tower::service_fn(answer));
    let mut refused = std::pin::pin!(service.call(get("/v1")));
    let withheld = refused.as_mut().await.unwrap_err();
    let no_token = tower::Layer::layer(
        &AddTokenLayer::new(origin(), env("cfc_canary")),
        tower::service_fn(answer),
    )
    .call(get("https://api.example/"))
    .await
    .unwrap_err();
    let problem = SourceProblem::Other("x".into());
    let error = SourceError::other("cfc_canary", "it answered cfc_canary");
    [
        format!("{:?} {:?} {:?}", tokens, tokens.snapshot(), handle),
        format!("{layer:?} {service:?} {refused:?} {:?}", service.tokens()),
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

async fn answer(_: Req) -> Result<Res, BoxError> {
    Ok(Response::new(""))
}

#[test]
fn an_answer_other_than_401_passes_as_it_is() {
    for status in [
        StatusCode::OK,
        StatusCode::FORBIDDEN,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        let handle = TokenHandle::new(token("old"));
        let (mut service, mut mock) =
            mock::spawn_layer::<Req, Res, _>(AddTokenLayer::new(origin(), handle.clone()));
        assert_ready_ok!(service.poll_ready());
        let mut call = task::spawn(service.call(get("https://api.example/")));
        let (_, send) = received(&mut mock);
        handle.rotate(token("new"));
        send.send_response(Response::builder().status(status).body("body").unwrap());
        let response = assert_ready_ok!(call.poll());
        assert_eq!((response.status(), *response.body()), (status, "body"));
        assert!(response.extensions().get::<TokenReplaced>().is_none());
    }
}

// === support ===

/// Fails instead of hanging: the paused clock runs on when there is nothing left to do.
async fn within<F: Future>(future: F) -> F::Output {
    let limit = std::time::Duration::from_secs(60);
    tokio::time::timeout(limit, future).await.expect("wedged")
}

fn token(random: &str) -> Token {
    Token::parse(format!("cfc_{random}")).unwrap()
}

fn origin() -> Origin {
    Origin::parse("https://api.example").unwrap()
}

fn get(uri: &str) -> Req {
    Request::get(uri).body("").unwrap()
}

/// The request as the inner service sees it.
fn sent(tokens: impl Into<Tokens>, request: Req) -> Req {
    let (mut service, mut handle) =
        mock::spawn_layer::<Req, Res, _>(AddTokenLayer::new(origin(), tokens));
    assert_ready_ok!(service.poll_ready());
    let _call = task::spawn(service.call(request));
    received(&mut handle).0
}

/// The refusal of a request that must not have reached the inner service.
fn withheld(tokens: impl Into<Tokens>, request: Req) -> TokenWithheld {
    let (mut service, mut handle) =
        mock::spawn_layer::<Req, Res, _>(AddTokenLayer::new(origin(), tokens));
    assert_ready_ok!(service.poll_ready());
    let mut call = task::spawn(service.call(request));
    let error = assert_ready_err!(call.poll());
    assert_pending!(handle.poll_request());
    *error.downcast().unwrap()
}

/// The one request that must already be waiting; never blocks.
fn received(handle: &mut Handle<Req, Res>) -> (Req, mock::SendResponse<Res>) {
    assert_ready!(handle.poll_request()).expect("mock closed")
}
