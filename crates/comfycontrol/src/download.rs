use http::Method;

use crate::{Client, RequestBuilder};

/// Fetches signed URLs from other hosts, with neither token nor limiter.
///
/// A signed URL carries its own permission; the token would only leak to the host that stores the
/// file. `https` is required, except to this machine. Redirects are not followed, and the query of
/// the URL, which is a secret while it is valid, appears in no error and no span.
///
/// Made by [`Client::downloader`]; shares the client's connections and TLS settings, not its
/// default headers.
///
/// ```no_run
/// # async fn run(client: comfycontrol::Client, src: &str) -> Result<(), comfycontrol::Error> {
/// use futures_util::TryStreamExt;
///
/// let mut file = client.downloader().get(src).send().await?.into_stream();
/// while let Some(piece) = file.try_next().await? {
///     println!("{} bytes", piece.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Downloader(Client);

impl Downloader {
    pub(crate) fn new(client: Client) -> Self {
        Self(client)
    }

    /// Begins a GET request for an absolute URL.
    pub fn get(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.0
            .request(Method::GET, url)
            .header(http::header::ACCEPT, "*/*")
    }

    /// Begins a HEAD request for an absolute URL.
    pub fn head(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.0
            .request(Method::HEAD, url)
            .header(http::header::ACCEPT, "*/*")
    }
}
