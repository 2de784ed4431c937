//! How many attempts a call has at most.

use std::io;

use comfycontrol::rate_limit::Quota;
use comfycontrol::token::{Token, TokenHandle};
use comfycontrol::{Body, Client, Error};
use futures_util::stream;
use http::Response;

use super::support::{Outcome, status, transport};

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_in_every_way_has_nine_attempts() {
    use Failing::*;
    // As many of each as are allowed, in any order, and then any one more.
    let mut failing = [
        Broken,
        Throttled,
        Unauthorized,
        Throttled,
        Unavailable,
        Unauthorized,
        Throttled,
        Unauthorized,
    ];
    for _ in 0..failing.len() {
        failing.rotate_left(1);
        for last in [Broken, Reset, Throttled, Unauthorized, Unavailable] {
            let attempts = attempts(failing, last).await;
            assert_eq!(attempts, 9, "{failing:?}, then {last:?}");
        }
    }
}

// === support ===

/// How an attempt fails.
#[derive(Clone, Copy, Debug)]
enum Failing {
    /// In the body of its response.
    Broken,
    Reset,
    Throttled,
    /// After another token has taken the place of the one that was sent.
    Unauthorized,
    Unavailable,
}

/// How many attempts reach a server that fails them in these ways, and all others in the last.
async fn attempts(failing: [Failing; 8], last: Failing) -> usize {
    let handle = TokenHandle::new(Token::parse("cfc_n").unwrap());
    let rotating = handle.clone();
    let (transport, seen) = transport(move |n| {
        let failing = failing.get(n).copied().unwrap_or(last);
        if let Failing::Unauthorized = failing {
            rotating.rotate(Token::parse(format!("cfc_n{n}")).unwrap());
        }
        outcome(failing)
    });
    let client = Client::builder()
        .token_provider(handle)
        .rate_limit(Quota::COMFYCONTROL)
        .transport(transport)
        .build()
        .unwrap();
    let read = async { client.get("/x").send().await?.text().await };
    read.await.unwrap_err();
    seen.count()
}

fn outcome(failing: Failing) -> Outcome {
    let reset = || io::Error::from(io::ErrorKind::ConnectionReset);
    match failing {
        Failing::Broken => {
            let pieces = [Ok("a piece"), Err(reset())];
            Ok(Response::new(Body::from_stream(stream::iter(pieces))))
        }
        Failing::Reset => Err(Error::transport(reset())),
        Failing::Throttled => status(429),
        Failing::Unauthorized => status(401),
        Failing::Unavailable => status(503),
    }
}
