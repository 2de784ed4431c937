use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use comfycontrol::Client;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, StatusCode, Uri, Version};
use http_body_util::{BodyExt, Empty};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::ClientConfig;
use rustls::crypto::ring;

use super::server::Servers;
use super::{PATH, RESPONSE_BODY, Sender, Wire};

/// One client of each kind, ready for each server; all trust the same root through the same
/// provider and put the same headers on the wire.
pub(super) struct Clients {
    bare: HyperClient<HttpsConnector<HttpConnector>, Empty<Bytes>>,
    facade: [Client; 3],
    reqwest: reqwest::Client,
    headers: HeaderMap,
    uris: [Uri; 3],
    urls: [String; 3],
}

impl Clients {
    pub(super) fn new(servers: &Servers) -> Self {
        let base_urls = Wire::ALL.map(|wire| servers.base_url(wire));
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows them")
            .with_root_certificates(servers.roots())
            .with_no_client_auth();
        let urls = base_urls.clone().map(|base| base + PATH);
        Self {
            bare: bare(tls.clone()),
            facade: base_urls.map(|base| facade(base, tls.clone())),
            reqwest: reqwest(tls),
            headers: headers(),
            uris: urls.clone().map(|url| url.parse().expect("a URI")),
            urls,
        }
    }

    /// Sends one request and reads the whole response.
    pub(super) async fn send(&self, sender: Sender, wire: Wire) {
        let (status, version, body) = match sender {
            Sender::Bare => {
                let mut request = Request::new(Empty::new());
                *request.uri_mut() = self.uris[wire as usize].clone();
                *request.headers_mut() = self.headers.clone();
                let response = self.bare.request(request).await.expect("a response");
                let (head, body) = response.into_parts();
                let body = body.collect().await.expect("a whole body").to_bytes();
                (head.status, head.version, body)
            }
            Sender::Facade => {
                let response = self.facade[wire as usize].get(PATH).send().await;
                let response = response.expect("a response");
                let (status, version) = (response.status(), response.version());
                (
                    status,
                    version,
                    response.bytes().await.expect("a whole body"),
                )
            }
            Sender::Reqwest => {
                let response = self.reqwest.get(&self.urls[wire as usize]).send().await;
                let response = response.expect("a response");
                let (status, version) = (response.status(), response.version());
                (
                    status,
                    version,
                    response.bytes().await.expect("a whole body"),
                )
            }
        };
        check(wire, status, version, &body);
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

fn bare(tls: ClientConfig) -> HyperClient<HttpsConnector<HttpConnector>, Empty<Bytes>> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_all_versions()
        .wrap_connector(tcp);
    HyperClient::builder(TokioExecutor::new()).build(connector)
}

fn facade(base: String, tls: ClientConfig) -> Client {
    let client = Client::builder()
        .base_url(base)
        .token(TOKEN)
        .rate_limit(comfycontrol::RateLimitMode::Off)
        .no_proxy()
        .network(|network| network.tls_config(tls));
    client.build().expect("the settings are sound")
}

fn reqwest(mut tls: ClientConfig) -> reqwest::Client {
    tls.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
    // It asks for gzip by itself.
    let mut headers = headers();
    headers.remove(ACCEPT_ENCODING);
    let client = reqwest::Client::builder()
        .default_headers(headers)
        .no_proxy()
        .tls_backend_preconfigured(tls);
    client.build().expect("the settings are sound")
}

/// What the facade sends by itself. Over HTTP/2 neither token nor id may be kept in the table of
/// headers that come again, which would put one byte on the wire for each.
fn headers() -> HeaderMap {
    let mut token = HeaderValue::try_from(format!("Bearer {TOKEN}")).expect("a header value");
    token.set_sensitive(true);
    let mut id = HeaderValue::from_static("0123456789abcdef-1234");
    id.set_sensitive(true);
    HeaderMap::from_iter([
        (USER_AGENT, HeaderValue::from_static("comfycontrol/0.1.0")),
        (ACCEPT, HeaderValue::from_static("application/json")),
        (ACCEPT_ENCODING, HeaderValue::from_static("gzip")),
        (REQUEST_ID, id),
        (AUTHORIZATION, token),
    ])
}

fn check(wire: Wire, status: StatusCode, version: Version, body: &Bytes) {
    assert_eq!(status, StatusCode::OK);
    assert_eq!(version, wire.version());
    assert_eq!(body, RESPONSE_BODY);
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const TOKEN: &str = "cfc_0123456789abcdef0123456789abcdef";
