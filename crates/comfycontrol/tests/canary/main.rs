//! Every channel by which foreign text is shown, with a token in it in every form in which it can
//! be known.
//!
//! `comfycontrol-api` has a test of the same name over a real connection.
//!
//! * `channels`: the channels.
//! * `forms`: the forms, and a look for them.
//! * `shown`: all that can be printed of a value or an error.

mod channels;
mod forms;
mod shown;

use std::panic::{AssertUnwindSafe, catch_unwind};

use comfycontrol::token::Token;
use comfycontrol::{Body, Client};
use comfycontrol_test::{Log, chain};
use http::Response;
use tower::BoxError;

use crate::channels::{CHANNELS, Told, client};
use crate::forms::{forms, found};
use crate::shown::Shown;

#[tokio::test]
async fn no_channel_shows_a_token_in_any_form() {
    let log = Log::default();
    log.capture_all();
    let mut seen = Vec::new();
    for token in [
        Token::parse(CANARY).unwrap(),
        Token::opaque(OPAQUE).unwrap(),
    ] {
        let secret = token.header().to_str().unwrap()["Bearer ".len()..].to_owned();
        for (form, text) in forms(&secret) {
            let before = log.text().len();
            for channel in CHANNELS {
                let mut shown = Shown::default();
                channel.show(&token, &text, &mut shown).await;
                assert!(!shown.0.is_empty(), "{channel:?} shows nothing");
                let found = found(&secret, &shown.0);
                seen.extend(found.map(|found| format!("{channel:?}, {form}: {found}")));
            }
            let found = found(&secret, &log.text()[before..]);
            seen.extend(found.map(|found| format!("the log, {form}: {found}")));
        }
    }
    assert!(seen.is_empty(), "{}", seen.join("\n"));
    let log = log.text();
    for speaker in ["comfycontrol.call", "request body failed"] {
        assert!(log.contains(speaker), "nothing heard of {speaker}");
    }
}

/// An `unwrap` or `expect` panics with the `Debug` of the error.
#[tokio::test]
async fn no_panic_of_an_error_that_is_unwrapped_shows_a_token() {
    for (form, text) in forms(CANARY) {
        let token = Token::parse(CANARY).unwrap();
        let echoed = text.clone();
        let client = client(&token, move |_| {
            let body = Body::from(format!("no {echoed} here"));
            let response = Response::builder().status(400).body(body).unwrap();
            async { Ok::<_, BoxError>(response) }
        });
        let failed = client.get("/v1/user").send().await;
        let wrong = Client::builder().token(format!("{text}-")).build();
        let elsewhere = Client::builder().token(CANARY).base_url(&text).build();
        let panics = [
            panic_of(|| failed.unwrap().status()),
            panic_of(|| wrong.unwrap()),
            panic_of(|| elsewhere.expect("a client")),
        ];
        for panic in panics {
            assert!(found(CANARY, &panic).is_none(), "{form}: {panic}");
        }
    }
}

#[test]
fn the_check_can_fail() {
    for (form, text) in forms(CANARY) {
        assert!(found(CANARY, &text).is_some(), "{form}");
    }
}

#[tokio::test]
async fn an_error_without_a_token_in_it_can_be_downcast_as_ever() {
    let client = client(&Token::parse(CANARY).unwrap(), |_| async {
        Err::<Response<Body>, _>(BoxError::from(Told("nothing".into(), None)))
    });
    let error = client.get("/v1/user").send().await.unwrap_err();
    assert!(chain(&error).any(|cause| cause.is::<Told>()), "{error:?}");
}

// === support ===

/// What is said of the panic in which this ends.
fn panic_of<T>(f: impl FnOnce() -> T) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).err().expect("it panics");
    *panic.downcast::<String>().expect("a text")
}

const CANARY: &str = "cfc_Kq7Zt2Xw9Bv4Lm1Pj6Rd8Hs3";
const OPAQUE: &str = "sk-live/9fG+27hJ~k3.Lq_8Wz0x=";
