//! HTTP/2 without a client in between: what h2 itself says of frames.

use bytes::Bytes;
use h2::client::SendRequest;
use http::{HeaderMap, Request};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::client::Account;

/// A connection of HTTP/2 by prior knowledge, and how it ends.
pub(crate) struct H2 {
    pub(crate) sender: SendRequest<Bytes>,
    pub(crate) connection: JoinHandle<Result<(), h2::Error>>,
}

/// What came over one stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The error that ended it, if it did not end in order.
    pub(crate) error: Option<h2::Error>,
}

impl H2 {
    pub(crate) async fn connect(account: &Account) -> Self {
        let url = account.emulator.http_url();
        let address = url.strip_prefix("http://").unwrap();
        let stream = TcpStream::connect(address).await.unwrap();
        let mut builder = h2::client::Builder::new();
        builder.max_header_list_size(32 << 20);
        let (sender, connection) = builder.handshake(stream).await.unwrap();
        Self {
            sender,
            connection: tokio::spawn(connection),
        }
    }

    /// Sends a request and reads all that comes of it.
    pub(crate) async fn fetch(&mut self, request: Request<()>) -> Result<Stream, h2::Error> {
        self.sender = self.sender.clone().ready().await?;
        let (response, _) = self.sender.send_request(request, true)?;
        read(response.await?).await
    }

    /// Sends a request whose body has begun and never ends, and reads all that comes of it.
    pub(crate) async fn upload(&mut self, request: Request<()>) -> Result<Stream, h2::Error> {
        self.sender = self.sender.clone().ready().await?;
        let (response, mut body) = self.sender.send_request(request, false)?;
        body.send_data(Bytes::from_static(b"a beginning"), false)?;
        let mut stream = read(response.await?).await?;
        let reset = std::future::poll_fn(|cx| body.poll_reset(cx)).await?;
        stream.error.get_or_insert(reset.into());
        Ok(stream)
    }
}

impl Stream {
    /// The code of the RST_STREAM that ended it.
    pub(crate) fn reset(&self) -> Option<h2::Reason> {
        self.error.as_ref()?.reason()
    }
}

/// A request for `GET`, by HTTP/2.
pub(crate) fn get(account: &Account, path: &str) -> Request<()> {
    account.request("GET", path).body(()).unwrap()
}

async fn read(response: http::Response<h2::RecvStream>) -> Result<Stream, h2::Error> {
    let (head, mut body) = response.into_parts();
    let mut stream = Stream {
        status: head.status.as_u16(),
        headers: head.headers,
        body: Vec::new(),
        error: None,
    };
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => {
                body.flow_control().release_capacity(data.len())?;
                stream.body.extend(data);
            }
            Err(error) => {
                stream.error = Some(error);
                break;
            }
        }
    }
    Ok(stream)
}
