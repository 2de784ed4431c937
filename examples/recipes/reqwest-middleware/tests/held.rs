//! Twenty requests of a reqwest client with middleware at once, to a server that allows ten in a
//! second.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, Limit};
use comfycontrol_rate_limit::{Limiter, Quota, Rejected};
use comfycontrol_token::Token;
use tower::BoxError;

#[tokio::test]
async fn twenty_requests_of_reqwest_are_not_throttled_and_have_the_token() -> Result<(), BoxError> {
    let window = Duration::from_secs(1);
    let api = Emulator::builder()
        .limit(Limit::new(10, window)?)
        .start()
        .await?;
    let token = Token::parse(api.tokens().create("recipe", None))?;
    let limiter = Limiter::new(Quota::new(10, window)?);
    let client = recipe_reqwest_middleware::client(&api.http_url(), &limiter, token)?;

    let url = format!("{}/v1/user", api.http_url());
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let call = client.get(&url).send();
            tokio::spawn(async { Ok::<_, BoxError>(call.await?) })
        })
        .collect();
    for call in calls {
        let response = call.await??;
        assert_eq!(response.url().as_str(), url);
        assert!(response.error_for_status()?.text().await?.contains("email"));
    }
    assert_eq!((api.edge().requests(), api.edge().throttled()), (20, 0));
    Ok(())
}

#[tokio::test]
async fn what_the_limiter_says_is_found_in_the_error() -> Result<(), BoxError> {
    let limiter = Limiter::builder(Quota::COMFYCONTROL).max_queued(0).build();
    limiter.pause_for(Duration::from_secs(10));
    let (base, token) = ("http://127.0.0.1:1", Token::parse("cfc_recipe")?);
    let client = recipe_reqwest_middleware::client(base, &limiter, token)?;
    let error = client.get(base).send().await.expect_err("there is no slot");
    let reqwest_middleware::Error::Middleware(error) = error else {
        return Err(error.into());
    };
    assert!(error.downcast_ref::<Rejected>().is_some(), "{error:?}");
    Ok(())
}
