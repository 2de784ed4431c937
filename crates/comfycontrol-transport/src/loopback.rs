//! TCP connections, and those that may carry plain `http`: the ones that stay on this machine.
//!
//! What a host is called decides [`HostKind`](comfycontrol_core::HostKind), as it does for the
//! token. Where the name leads is looked at here.

use std::task::{Context, Poll};

use comfycontrol_core::BoxError;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::carrier::BoxFuture;
use crate::resolver::{Resolver, is_loopback, not_loopback};

/// Connects to loopback addresses only.
#[derive(Clone, Debug)]
pub(crate) struct Loopback(HttpConnector<Resolver>);

impl Loopback {
    pub(crate) fn new(tcp: HttpConnector<Resolver>) -> Self {
        Self(tcp)
    }
}

impl Service<Uri> for Loopback {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, dst: Uri) -> Self::Future {
        if !is_loopback(dst.host().unwrap_or_default()) {
            return Box::pin(async { Err(not_loopback()) });
        }
        let connecting = self.0.call(dst);
        Box::pin(async move {
            let stream = connecting.await?;
            // The last word has the peer: a name says nothing about where it leads.
            if stream.inner().peer_addr()?.ip().is_loopback() {
                Ok(stream)
            } else {
                Err(not_loopback())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_loopback() {
        for host in ["localhost", "127.255.1.2", "[::1]", "LOCALHOST"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["localhost.", "localhost.example.com", "[::]", "127.1", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[tokio::test]
    async fn plain_http_to_another_machine_is_not_even_tried() {
        let mut connector = Loopback::new(HttpConnector::new_with_resolver(Resolver::new(None)));
        let failed = connector
            .call(Uri::from_static("http://192.0.2.1/"))
            .await
            .unwrap_err();
        assert_eq!(failed.to_string(), "peer is not a loopback address");
    }
}
