//! Forty-one requests to the emulator by a plain hyper client: the last one is throttled.
//!
//! `cargo run -p comfycontrol-emulator --example forty_one`

use std::error::Error;

use bytes::Bytes;
use comfycontrol_emulator::{Emulator, RetryAfter, Throttled};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let throttled = Throttled::json().retry_after(RetryAfter::Seconds);
    let emulator = Emulator::builder().throttled(throttled).start().await?;
    let token = emulator.tokens().create("example", None);

    let url = emulator.http_url();
    let address = url.trim_start_matches("http://");
    let stream = TcpStream::connect(address).await?;
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);

    for number in 1..=41 {
        let request = Request::get("/v1/user")
            .header("host", address)
            .header("authorization", format!("Bearer {token}"))
            .body(Empty::<Bytes>::new())?;
        let (head, body) = client.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        if head.status != StatusCode::OK {
            let text = String::from_utf8_lossy(&body);
            println!("request {number}: {}, {text}", head.status);
            println!("retry after {} s", head.headers["retry-after"].to_str()?);
        }
    }
    let stats = emulator.edge().stats();
    println!(
        "{} requests, {} throttled",
        stats.requests(),
        stats.throttled()
    );
    emulator.shutdown().await;
    Ok(())
}
