//! Runs each timeout into a server that is too slow. The clock is a paused one: the example ends at
//! once.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use comfycontrol_timeout::{
    AttemptTimeoutLayer, MarkDispatchedLayer, ProgressBody, TimedOut, Timeouts, TotalTimeoutLayer,
};
use futures_util::stream::{self, StreamExt};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), BoxError> {
    let timeouts = Timeouts::call().total(120 * SECOND);
    let mut client = ServiceBuilder::new()
        .layer(TotalTimeoutLayer::new(timeouts).with_mark_dispatched())
        .layer(AttemptTimeoutLayer::new(timeouts).with_mark_dispatched())
        .layer(MarkDispatchedLayer::new())
        .service_fn(serve);

    for (head, part) in [(60, 1), (1, 60), (1, 10)] {
        println!("head after {head} s, a part of the body every {part} s:");
        let call = client.ready().await?.call(request(head, part));
        let failed = match call.await {
            Ok(response) => response.into_body().collect().await.map(drop),
            Err(failed) => Err(failed),
        };
        let failed = failed.expect_err("the body has no end");
        let timed_out: &TimedOut = failed.downcast_ref().expect("nothing else fails here");
        println!("  {timed_out}");
    }
    Ok(())
}

/// Asks for a head after so many seconds, and for a part of the body every so many.
fn request(head: u64, part: u64) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    request.extensions_mut().insert(Slow { head, part });
    request
}

#[derive(Clone, Copy)]
struct Slow {
    head: u64,
    part: u64,
}

async fn serve(
    request: Request<ProgressBody<Full<Bytes>>>,
) -> Result<Response<impl Body<Data = Bytes, Error = Infallible>>, BoxError> {
    let Slow { head, part } = *request.extensions().get().ok_or("how slow?")?;
    tokio::time::sleep(Duration::from_secs(head)).await;
    let endless = stream::repeat(()).then(move |()| async move {
        tokio::time::sleep(Duration::from_secs(part)).await;
        Ok(Frame::data(Bytes::from("x")))
    });
    Ok(Response::new(StreamBody::new(endless)))
}
