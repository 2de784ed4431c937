//! A token that is replaced while calls are on their way.

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::token::{Token, TokenHandle};
use comfycontrol::{Body, Client};
use http::{Request, StatusCode};
use tower::service_fn;

use crate::support::{Seen, status, transport};

#[tokio::test(start_paused = true)]
async fn a_replaced_token_is_tried_and_paid_for_and_no_token_twice() {
    let handle = TokenHandle::new(Token::parse("cfc_old0000000").unwrap());
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    let seen = Seen::default();
    let transport = {
        let (handle, seen) = (handle.clone(), seen.clone());
        service_fn(move |req: Request<Body>| {
            let (handle, seen) = (handle.clone(), seen.clone());
            async move {
                let token = req.headers()["authorization"].clone();
                seen.take(req).await;
                handle.rotate(Token::parse("cfc_new0000000").unwrap());
                // Unauthorized whatever it is: only one more try is worth while.
                assert!(token.is_sensitive());
                status(401)
            }
        })
    };
    let client = Client::builder()
        .token_provider(handle)
        .rate_limit(limiter.clone())
        .transport(transport)
        .build()
        .unwrap();
    let failed = client.post("/x").body("payload").send().await.unwrap_err();
    assert_eq!(failed.status(), Some(StatusCode::UNAUTHORIZED));
    assert_eq!(seen.bodies(), ["payload"; 2]);
    assert_eq!(limiter.snapshot().free(), 38);
}

#[tokio::test(start_paused = true)]
async fn a_token_rotated_again_and_again_while_a_call_is_on_its_way_fails_it_at_the_fourth_401() {
    for (rotations, sends, comes_through) in
        [(1, 2, true), (2, 3, true), (3, 4, true), (9, 4, false)]
    {
        let handle = TokenHandle::new(Token::parse("cfc_n").unwrap());
        let rotating = handle.clone();
        let (transport, seen) = transport(move |n| {
            if n >= rotations {
                return status(200);
            }
            rotating.rotate(Token::parse(format!("cfc_n{}", n + 1)).unwrap());
            status(401)
        });
        let client = Client::builder()
            .token_provider(handle)
            .transport(transport)
            .build()
            .unwrap();
        let outcome = client.post("/x").body("payload").send().await;
        assert_eq!(seen.count(), sends, "{rotations} rotations");
        assert_eq!(outcome.is_ok(), comes_through, "{rotations} rotations");
    }
}
