//! What a connector returns.

use std::pin::Pin;

use comfycontrol_core::BoxError;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What carries TLS, or a request in clear text: TCP, or TLS to a proxy.
pub(crate) type Carrier = MaybeHttpsStream<TokioIo<TcpStream>>;

pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;
