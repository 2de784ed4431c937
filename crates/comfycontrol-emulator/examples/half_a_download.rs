//! A download that ends in the middle, as a plain hyper client sees it over HTTP/2: no error.
//!
//! `cargo run -p comfycontrol-emulator --example half_a_download`

use std::error::Error;

use bytes::Bytes;
use comfycontrol_emulator::{Emulator, Ending, Fault, FaultRule, Shape};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let picture = HeaderValue::from_static("image/png");
    let picture = Shape::Bytes(StatusCode::OK, picture, vec![0; 20_000].into());
    let cut = Fault::EndInBody {
        after: 10_000,
        ending: Ending::NoError,
    };
    let rule = FaultRule::next(1, Fault::Respond(picture)).and(cut);
    let emulator = Emulator::builder().fault(rule).start().await?;

    let url = emulator.http_url();
    let stream = TcpStream::connect(url.trim_start_matches("http://")).await?;
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);

    let request = Request::get(url).body(Empty::<Bytes>::new())?;
    let (head, body) = client.send_request(request).await?.into_parts();
    let promised = head.headers["content-length"].to_str()?;
    let came = body.collect().await?.to_bytes().len();
    println!("{}: {came} of {promised} bytes, and no error", head.status);
    emulator.shutdown().await;
    Ok(())
}
