use comfycontrol::{Client, RequestBuilder};
use http::header::{ACCEPT, ACCEPT_ENCODING};
use http::{HeaderValue, Method};

/// Fetches signed URLs from other hosts, without token.
///
/// Other hosts do not count requests against the API's limit, so nothing waits for the limiter; a
/// URL of the API itself does.
///
/// A signed URL carries its own permission; the token would only leak to the host that stores the
/// file. `https` is required. Addresses of this machine and its network are refused unless
/// [named](Self::allow_internal_host). So are names that resolve to one, except by a proxy, which
/// resolves names itself. Where the API itself is on this machine, its other ports are reached, by
/// `http` too. Redirects are not followed, and the query of the URL, which is a secret while it is
/// valid, appears in no error and no span.
///
/// Files are asked for as they are stored: nothing is decoded. If a host encodes them on the way,
/// the error is an [`UnexpectedContentEncoding`](comfycontrol::UnexpectedContentEncoding). What a
/// URL cannot have, such as a blank, is percent-encoded as browsers do. Nothing else of it is
/// changed: its signature stays right. When its time is over, the error says so in the host's own
/// words: ask for the outputs again.
///
/// Read files or drop their responses: over HTTP/2 the files of a connection share one window. When
/// unread files fill it, the others on it stand still.
///
/// Made by [`Api::downloader`](crate::Api::downloader); shares the client's TLS settings, not
/// its default headers, and connections with the other downloaders of the client.
///
/// ```no_run
/// # async fn run(api: comfycontrol_api::Api, src: &str) -> Result<(), comfycontrol::Error> {
/// use futures_util::TryStreamExt;
///
/// let mut file = api.downloader().get(src).send().await?.into_stream();
/// while let Some(piece) = file.try_next().await? {
///     println!("{} bytes", piece.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Downloader {
    /// For URLs of the API, which counts these requests like any other.
    home: Client,
    elsewhere: Client,
    internal_hosts: Vec<String>,
}

impl Downloader {
    pub(crate) fn of(client: &Client) -> Self {
        Self {
            home: client.clone(),
            elsewhere: client.for_other_origins(),
            internal_hosts: Vec::new(),
        }
    }

    /// Fetches from this host of the internal network too, such as `10.0.0.7` or
    /// `storage.internal`.
    ///
    /// A URL that a server gives may lead anywhere: hosts whose address is loopback, private,
    /// link-local or shared are refused unless they are named here; loopback is allowed if the API
    /// itself is there.
    #[must_use]
    pub fn allow_internal_host(mut self, host: impl Into<String>) -> Self {
        self.internal_hosts.push(host.into());
        let hosts = self.internal_hosts.clone();
        self.elsewhere = self.home.for_other_origins_allowing(hosts);
        self
    }

    /// Begins a GET request for an absolute URL.
    pub fn get(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::GET, url.as_ref())
    }

    /// Begins a HEAD request for an absolute URL.
    pub fn head(&self, url: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::HEAD, url.as_ref())
    }

    fn request(&self, method: Method, url: &str) -> RequestBuilder {
        let client = if self.home.is_origin_of(url) {
            &self.home
        } else {
            &self.elsewhere
        };
        client
            .request(method, url)
            .without_token()
            .without_default_headers()
            .header(ACCEPT, ANYTHING)
            .header(ACCEPT_ENCODING, IDENTITY)
    }
}

const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// The bytes as they are stored, whose lengths and ranges are known.
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
