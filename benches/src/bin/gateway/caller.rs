use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A program that calls the gateway over a connection of its own.
#[derive(Debug)]
pub(crate) struct Caller(SendRequest<Empty<Bytes>>);

impl Caller {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("loopback");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP/1.1");
        tokio::spawn(connection);
        Self(sender)
    }

    /// One call, to the end of its response.
    pub(crate) async fn call(&mut self, name: &str) {
        let request = Request::get(PATH)
            .header("host", "localhost")
            .header("x-caller", name)
            .body(Empty::new())
            .expect("a request");
        self.0.ready().await.expect("it is open");
        let response = self.0.send_request(request).await.expect("a response");
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.expect("a whole body");
    }
}

pub(crate) const PATH: &str = "/v1/user";
