//! Rotates the token of a running client from its own code: the next request carries the new one.

use comfycontrol_token::{AddTokenLayer, Origin, Token, TokenHandle};
use http::header::AUTHORIZATION;
use http::{Request, Response};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let handle = TokenHandle::new(Token::parse("cfc_old")?);
    let origin = Origin::parse("https://api.comfycontrol.app")?;
    let mut client = ServiceBuilder::new()
        .layer(AddTokenLayer::new(origin, handle.clone()))
        .service(service_fn(show));

    let user = || Request::get("https://api.comfycontrol.app/v1/user").body(());
    client.ready().await?.call(user()?).await?;

    handle.rotate(Token::parse("cfc_new")?);
    client.ready().await?.call(user()?).await?;

    // Another server gets no token at all.
    let elsewhere = Request::get("https://storage.comfycontrol.app/signed").body(())?;
    client.ready().await?.call(elsewhere).await?;
    Ok(())
}

/// Stands in for the transport, and prints what it is sent.
async fn show(request: Request<()>) -> Result<Response<()>, BoxError> {
    let token = match request.headers().get(AUTHORIZATION) {
        Some(value) => value.to_str()?,
        None => "no token",
    };
    println!("{}: {token}", request.uri());
    Ok(Response::new(()))
}
