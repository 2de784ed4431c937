//! Twenty callers of the application, against an API that allows ten requests in a second.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode};
use comfycontrol_emulator::{Emulator, Fault, FaultRule, Limit, RetryAfter, Shape, Throttled};
use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_token::Token;
use tower::{BoxError, ServiceExt};

#[tokio::test]
async fn twenty_callers_at_once_are_not_throttled_and_need_no_token() -> Result<(), BoxError> {
    let window = Duration::from_secs(1);
    let api = Emulator::builder()
        .limit(Limit::new(10, window)?)
        .start()
        .await?;
    let token = Token::parse(api.tokens().create("recipe", None))?;
    let limiter = Limiter::new(Quota::new(10, window)?);
    let app = recipe_axum::app(&api.http_url(), &limiter, token)?;

    let calls: Vec<_> = (0..20)
        .map(|_| {
            let request = Request::get("/me")
                .body(Body::empty())
                .expect("it is valid");
            tokio::spawn(app.clone().oneshot(request))
        })
        .collect();
    for call in calls {
        assert_eq!(call.await??.status(), StatusCode::OK);
    }
    assert_eq!((api.edge().requests(), api.edge().throttled()), (20, 0));
    Ok(())
}

#[tokio::test]
async fn a_caller_that_would_wait_too_long_is_told_when_to_come_back() -> Result<(), BoxError> {
    let api = Emulator::builder().start().await?;
    let token = Token::parse(api.tokens().create("recipe", None))?;
    let quota = Quota::new(1, Duration::from_secs(60))?;
    let limiter = Limiter::builder(quota)
        .max_wait(Duration::from_secs(1))
        .build();
    let app = recipe_axum::app(&api.http_url(), &limiter, token)?;
    let call = || {
        app.clone().oneshot(
            Request::get("/me")
                .body(Body::empty())
                .expect("it is valid"),
        )
    };
    assert_eq!(call().await?.status(), StatusCode::OK);
    let rejected = call().await?;
    assert_eq!(rejected.status(), StatusCode::SERVICE_UNAVAILABLE);
    let seconds: u64 = rejected.headers()["retry-after"].to_str()?.parse()?;
    assert!((50..=180).contains(&seconds), "{seconds}");
    Ok(())
}

#[tokio::test]
async fn a_page_of_the_edge_stays_a_page_and_a_429_says_when_to_come_back() -> Result<(), BoxError>
{
    let html = HeaderValue::from_static("text/html; charset=UTF-8");
    let page = Shape::Bytes(StatusCode::BAD_GATEWAY, html, "<h1>Bad gateway</h1>".into());
    let api = Emulator::builder()
        .limit(Limit::new(1, Duration::from_secs(60))?)
        .throttled(Throttled::json().retry_after(RetryAfter::Value("17".parse()?)))
        .fault(FaultRule::next(1, Fault::Respond(page)))
        .start()
        .await?;
    let token = Token::parse(api.tokens().create("recipe", None))?;
    // Another program has the same address.
    let limiter = Limiter::new(Quota::new(10, Duration::from_secs(60))?);
    let app = recipe_axum::app(&api.http_url(), &limiter, token)?;
    let call = || {
        app.clone().oneshot(
            Request::get("/me")
                .body(Body::empty())
                .expect("it is valid"),
        )
    };
    let page = call().await?;
    assert_eq!(page.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(page.headers()["content-type"], "text/html; charset=UTF-8");
    let throttled = call().await?;
    assert_eq!(throttled.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(throttled.headers()["retry-after"], "17");
    Ok(())
}
