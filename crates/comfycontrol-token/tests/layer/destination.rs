//! Which request gets the token, seen from inside and from outside of the layer.

use comfycontrol_test::{arrived, next_request};
use comfycontrol_token::{
    AddTokenLayer, TokenHandle, TokenProvider, TokenReplaced, TokenWithheld, WithheldReason,
    WithoutToken,
};
use http::header::{AUTHORIZATION, HOST};
use http::{HeaderValue, Response, StatusCode};
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok, task};
use tower_test::mock;

use crate::support::{Req, Res, mocked, origin, to, token};

#[test]
fn the_configured_origin_gets_the_token_marked_sensitive() {
    let seen = sent(token("abc"), to("https://api.example/v1/user"));
    let value = &seen.headers()[AUTHORIZATION];
    assert_eq!(value, "Bearer cfc_abc");
    assert!(value.is_sensitive());
}

#[test]
fn a_header_from_further_out_is_replaced_and_never_doubled() {
    let mut request = to("https://api.example/");
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
            !sent(token("abc"), to(uri))
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
    let mut request = to("https://storage.example/");
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
fn a_uri_without_scheme_or_authority_is_withheld() {
    for uri in [
        "/v1/user",
        "//api.example/v1",
        "*",
        "api.example:443",
        "api.example",
    ] {
        let error = withheld(token("abc"), to(uri));
        assert_eq!(error.reason(), WithheldReason::UriNotAbsolute, "{uri}");
    }
}

#[test]
fn a_host_header_that_differs_is_withheld() {
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
        let mut request = to("https://api.example/");
        for host in hosts {
            request
                .headers_mut()
                .append(HOST, HeaderValue::from_bytes(host.as_bytes()).unwrap());
        }
        if sends {
            sent(token("abc"), request);
        } else {
            let error = withheld(token("abc"), request);
            assert_eq!(error.reason(), WithheldReason::HostMismatch, "{hosts:?}");
        }
    }
}

#[test]
fn a_request_marked_so_passes_untouched() {
    for uri in ["https://api.example/", "https://storage.example/", "/v1"] {
        let mut request = to(uri);
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
        let _call = task::spawn(service.call(to("https://api.example/")));
        assert_eq!(
            next_request(handle).0.headers()[AUTHORIZATION],
            "Bearer cfc_new"
        );
    }
}

#[test]
fn a_response_other_than_401_passes_as_it_is() {
    for status in [
        StatusCode::OK,
        StatusCode::FORBIDDEN,
        StatusCode::TOO_MANY_REQUESTS,
    ] {
        let handle = TokenHandle::new(token("old"));
        let (mut service, mut mock) =
            mock::spawn_layer::<Req, Res, _>(AddTokenLayer::new(origin(), handle.clone()));
        assert_ready_ok!(service.poll_ready());
        let mut call = task::spawn(service.call(to("https://api.example/")));
        let send = arrived(&mut mock);
        handle.rotate(token("new"));
        send.send_response(Response::builder().status(status).body("body").unwrap());
        let response = assert_ready_ok!(call.poll());
        assert_eq!((response.status(), *response.body()), (status, "body"));
        assert!(response.extensions().get::<TokenReplaced>().is_none());
    }
}

// === support ===

/// The request as the inner service sees it.
fn sent(provider: impl Into<TokenProvider>, request: Req) -> Req {
    let (mut service, mut handle) = mocked(provider);
    let _call = task::spawn(service.call(request));
    next_request(&mut handle).0
}

/// The error of a request that must not have reached the inner service.
fn withheld(provider: impl Into<TokenProvider>, request: Req) -> TokenWithheld {
    let (mut service, mut handle) = mocked(provider);
    let mut call = task::spawn(service.call(request));
    let error = assert_ready_err!(call.poll());
    assert_pending!(handle.poll_request());
    *error.downcast().unwrap()
}
