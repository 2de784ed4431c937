//! `ResendReplaced` outside of the layer, and what is not sent again.

use std::time::Duration;

use comfycontrol_test::{SECOND, within};
use comfycontrol_token::{ResendReplaced, TokenReplaced};
use http::{Response, StatusCode};
use tokio::time::sleep;
use tower::retry::Policy;
use tower::{BoxError, ServiceExt};

use crate::stage::{Stage, it_renames};
use crate::support::get;

#[tokio::test(start_paused = true)]
async fn a_body_that_cannot_be_sent_twice_is_not_and_the_next_call_is_right() {
    let it = Stage::new();
    it.ask().await;
    it_renames(&it.path, 1);
    it.server.revoke(0);
    let once = it.service_without_retry();
    let first = within(60 * SECOND, once.clone().oneshot(get()))
        .await
        .unwrap();
    assert_eq!(first.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        within(60 * SECOND, once.oneshot(get()))
            .await
            .unwrap()
            .status(),
        StatusCode::OK
    );
}

#[tokio::test(start_paused = true)]
async fn a_resend_happens_only_for_a_replaced_token_and_not_for_one_that_had_a_401() {
    let it = Stage::new();
    it.ask().await;
    it.server.revoke(0);
    let response = within(60 * SECOND, it.service().oneshot(get()))
        .await
        .unwrap();
    assert_eq!(
        (response.status(), it.server.unauthorized()),
        (StatusCode::UNAUTHORIZED, 1)
    );
    // Another token, as bad as the first: one resend, and that is all.
    it_renames(&it.path, 7);
    it.server.revoke(7);
    sleep(Duration::from_secs(1)).await;
    let response = within(60 * SECOND, it.service().oneshot(get()))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(it.server.unauthorized() <= 3);
}

#[test]
fn a_token_replaced_thrice_in_one_call_is_sent_a_fourth_time_and_no_more() {
    let marked = || {
        let mut response = Response::new("");
        response.extensions_mut().insert(TokenReplaced);
        Ok::<_, BoxError>(response)
    };
    let mut policy = ResendReplaced::default();
    for mut result in [Ok(Response::new("")), Err(BoxError::from("broken"))] {
        assert!(policy.retry(&mut get(), &mut result).is_none());
    }
    for resends in [true, true, true, false] {
        assert_eq!(policy.retry(&mut get(), &mut marked()).is_some(), resends);
    }
    let mut other = ResendReplaced::default();
    assert!(other.retry(&mut get(), &mut marked()).is_some());
}
