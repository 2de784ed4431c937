//! A reqwest client with middleware, within a rate limit. The page is `README.md`.

use async_trait::async_trait;
use comfycontrol_rate_limit::{Limiter, Rejected};
use comfycontrol_token::{AddTokenLayer, Origin, TokenProvider};
use http::{Extensions, Request, Response};
use reqwest::redirect::Policy;
use reqwest::{Body, Client, ResponseBuilderExt as _};
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware, Error, Middleware, Next};
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceBuilder, ServiceExt as _, service_fn};

/// Creates a client whose clones keep to one limit. What is to see each call once, such as a
/// cache, goes before the stack with [`ClientBuilder::with`].
///
/// # Errors
///
/// If `base` is no origin that may have the token, or TLS cannot be set up.
pub fn client(
    base: &str,
    limiter: &Limiter,
    token: impl Into<TokenProvider>,
) -> Result<ClientWithMiddleware, BoxError> {
    // What reqwest sends by itself is below the limiter: no slot is paid for it.
    let client = Client::builder()
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .build()?;
    let sender = client.clone();
    let send = service_fn(move |request: Request<Body>| {
        let sender = sender.clone();
        async move {
            let response = sender.execute(request.try_into()?).await?;
            Ok::<_, BoxError>(Response::from(response))
        }
    });
    let stack = ServiceBuilder::new()
        .layer(limiter.layer())
        .layer(AddTokenLayer::new(Origin::parse(base)?, token))
        .service(send);
    let stack = Stack(BoxCloneSyncService::new(stack));
    Ok(ClientBuilder::new(client).with(stack).build())
}

/// A tower stack as the last middleware: it sends the request itself.
struct Stack(BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>);

#[async_trait]
impl Middleware for Stack {
    async fn handle(
        &self,
        request: reqwest::Request,
        _: &mut Extensions,
        _: Next<'_>,
    ) -> Result<reqwest::Response, Error> {
        // The conversions keep all but the URL.
        let url = Response::builder().url(request.url().clone());
        let sent = self.0.clone().oneshot(request.try_into()?).await;
        let mut response = sent.map_err(named)?;
        let url = url.body(()).map_err(Error::middleware)?;
        response
            .extensions_mut()
            .extend(url.into_parts().0.extensions);
        Ok(response.into())
    }
}

/// Takes errors out of their box where they have a name: anyhow finds none that is in one.
fn named(error: BoxError) -> Error {
    match error.downcast::<reqwest::Error>() {
        Ok(error) => Error::Reqwest(*error),
        Err(error) => match error.downcast::<Rejected>() {
            Ok(rejected) => Error::middleware(*rejected),
            Err(error) => Error::Middleware(anyhow::Error::from_boxed(error)),
        },
    }
}
