//! A server that says byte for byte what it is told to, one connection a request.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Ends with its last handle.
pub(crate) struct Raw {
    url: String,
    heads: Heads,
    serving: JoinHandle<()>,
}

type Heads = Arc<Mutex<Vec<String>>>;

impl Raw {
    /// `respond` makes the whole response out of the request's target.
    pub(crate) async fn start<R: AsRef<[u8]> + Send + 'static>(
        respond: impl Fn(&str) -> R + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heads = Heads::default();
        let (keep, respond) = (heads.clone(), Arc::new(respond));
        let serving = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                open.spawn(serve(client, keep.clone(), respond.clone()));
            }
        });
        Self {
            url,
            heads,
            serving,
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The request heads seen so far, as they came.
    pub(crate) fn heads(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads.clone()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A response with its length and the promise to say no more.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let mut response = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    for (name, value) in headers {
        response += &format!("{name}: {value}\r\n");
    }
    response + &format!("content-length: {}\r\n\r\n{body}", body.len())
}

async fn serve<R: AsRef<[u8]> + Send>(
    mut client: TcpStream,
    heads: Heads,
    respond: Arc<impl Fn(&str) -> R>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        // A client that gives up has asked for nothing.
        let Ok(byte) = client.read_u8().await else {
            return;
        };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let response = respond(head.split(' ').nth(1).unwrap());
    heads.lock().unwrap().push(head);
    let _ = client.write_all(response.as_ref()).await;
    let _ = client.shutdown().await;
}
