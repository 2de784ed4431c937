//! Twenty requests of an octocrab client at once, to a server that allows ten in a second.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, Limit};
use comfycontrol_rate_limit::{Limiter, Quota};
use comfycontrol_token::Token;
use tower::BoxError;

#[tokio::test]
async fn twenty_requests_of_octocrab_are_not_throttled_and_have_the_token() -> Result<(), BoxError>
{
    let window = Duration::from_secs(1);
    let api = Emulator::builder()
        .limit(Limit::new(10, window)?)
        .start()
        .await?;
    let token = Token::parse(api.tokens().create("recipe", None))?;
    let limiter = Limiter::new(Quota::new(10, window)?);
    let client = recipe_octocrab::client(&format!("{}/v1", api.http_url()), &limiter, token)?;

    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let response = client._get("/user").await?;
                Ok::<_, BoxError>(client.body_to_string(response).await?)
            })
        })
        .collect();
    for call in calls {
        assert!(call.await??.contains("email"));
    }
    assert_eq!((api.edge().requests(), api.edge().throttled()), (20, 0));
    Ok(())
}
