//! One measurement.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use comfycontrol_test::now;
use comfycontrol_transport::{Transport, TransportBuilder};
use futures_util::future::join_all;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as Legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tower::ServiceExt;

use crate::usage::{cpu_ms, peak_mib};

#[derive(Args, Debug)]
pub(crate) struct Task {
    #[arg(value_enum)]
    subject: Subject,
    #[arg(value_enum)]
    what: What,
    /// Calls at once.
    calls: usize,
    /// Bytes of each response, or request.
    bytes: usize,
    base: String,
    ca: String,
    #[arg(long, default_value_t = 1)]
    times: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Subject {
    Ours,
    /// With a connection for each call.
    Unbounded,
    Legacy,
    Reqwest,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Calls at once by a new client.
    Cold,
    /// Calls at once, one after the other by each caller for a while, by a client that has
    /// connections.
    Warm,
    Upload,
    /// A small call behind unread responses.
    Unread,
}

/// Milliseconds (a call's in µs for `Warm`), processor time in ms, memory in MiB.
pub(crate) fn measure(task: &Task) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let der = CertificateDer::from_pem_file(&task.ca).expect("the server's certificate");
    let mut took = Duration::ZERO;
    let before = cpu_ms();
    runtime.block_on(async {
        for _ in 0..task.times {
            let client = Arc::new(Client::new(task.subject, &der));
            took += run(task, client).await;
        }
    });
    let cpu = (cpu_ms() - before) as f64 / task.times as f64;
    let took = took.as_secs_f64() * 1_000.0 / task.times as f64;
    format!("{took} {cpu} {}", peak_mib())
}

async fn run(task: &Task, client: Arc<Client>) -> Duration {
    let url = format!("{}/{}", task.base, task.bytes);
    match task.what {
        What::Cold => {
            let began = now();
            let calls = (0..task.calls).map(|_| {
                let (client, url) = (Arc::clone(&client), url.clone());
                tokio::spawn(async move { client.get(&url).await })
            });
            for call in join_all(calls).await {
                assert_eq!(call.expect("no panic"), task.bytes);
            }
            began.elapsed()
        }
        What::Warm => {
            let calls = |each: usize| {
                let calls = (0..task.calls).map(|_| {
                    let (client, url) = (Arc::clone(&client), url.clone());
                    tokio::spawn(async move {
                        for _ in 0..each {
                            client.get(&url).await;
                        }
                    })
                });
                join_all(calls)
            };
            calls(20).await;
            let each = 2_000 / task.calls;
            let began = now();
            calls(each).await;
            began.elapsed() / 2
        }
        What::Upload => {
            let body = Bytes::from(vec![b'x'; task.bytes]);
            let began = now();
            client.post(&format!("{}/0", task.base), body).await;
            began.elapsed()
        }
        What::Unread => {
            client.get(&format!("{}/2", task.base)).await;
            let unread = (0..task.calls).map(|_| client.begin(&url));
            let unread = join_all(unread).await;
            // Until the server has sent what it may, on a busy machine too.
            tokio::time::sleep(Duration::from_secs(1)).await;
            let began = now();
            client.get(&format!("{}/100", task.base)).await;
            let took = began.elapsed();
            drop(unread);
            took
        }
    }
}

#[expect(clippy::large_enum_variant, reason = "there is one")]
enum Client {
    Ours(Transport<Full<Bytes>>),
    Legacy(Legacy<HttpsConnector<HttpConnector>, Full<Bytes>>),
    Reqwest(reqwest::Client),
}

impl Client {
    fn new(subject: Subject, der: &CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(der.clone()).expect("a certificate");
        let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        match subject {
            Subject::Ours | Subject::Unbounded => {
                let mut builder = TransportBuilder::new().no_proxy().tls_config(tls);
                if subject == Subject::Unbounded {
                    builder = builder.max_connections(usize::MAX);
                }
                Self::Ours(builder.build().expect("the settings are sound"))
            }
            Subject::Legacy => {
                let mut tcp = HttpConnector::new();
                tcp.enforce_http(false);
                tcp.set_nodelay(true);
                let connector = HttpsConnectorBuilder::new()
                    .with_tls_config(tls)
                    .https_or_http()
                    .enable_all_versions()
                    .wrap_connector(tcp);
                Self::Legacy(Legacy::builder(TokioExecutor::new()).build(connector))
            }
            Subject::Reqwest => {
                tls.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
                let builder = reqwest::Client::builder()
                    .tls_backend_preconfigured(tls)
                    .no_proxy();
                Self::Reqwest(builder.build().expect("the settings are sound"))
            }
        }
    }

    async fn get(&self, url: &str) -> usize {
        self.begin(url).await.read().await
    }

    async fn begin(&self, url: &str) -> Body {
        let req = || Request::get(url).body(Full::default()).expect("a request");
        self.send(req(), url, None).await
    }

    async fn post(&self, url: &str, body: Bytes) {
        let req = Request::post(url).body(Full::new(body.clone()));
        let sent = self.send(req.expect("a request"), url, Some(body)).await;
        sent.read().await;
    }

    async fn send(&self, req: Request<Full<Bytes>>, url: &str, body: Option<Bytes>) -> Body {
        match self {
            Self::Ours(client) => {
                let res = client.clone().oneshot(req).await.expect("a response");
                Body::Ours(res.into_body())
            }
            Self::Legacy(client) => {
                let res = client.request(req).await.expect("a response");
                Body::Legacy(res.into_body())
            }
            Self::Reqwest(client) => {
                let req = match body {
                    None => client.get(url),
                    Some(body) => client.post(url).body(body),
                };
                Body::Reqwest(req.send().await.expect("a response"))
            }
        }
    }
}

enum Body {
    Ours(comfycontrol_transport::TransportBody),
    Legacy(hyper::body::Incoming),
    Reqwest(reqwest::Response),
}

impl Body {
    async fn read(self) -> usize {
        let mut read = 0;
        match self {
            Self::Ours(mut body) => {
                while let Some(frame) = body.frame().await {
                    read += frame
                        .expect("a whole body")
                        .data_ref()
                        .map_or(0, Bytes::len);
                }
            }
            Self::Legacy(mut body) => {
                while let Some(frame) = body.frame().await {
                    read += frame
                        .expect("a whole body")
                        .data_ref()
                        .map_or(0, Bytes::len);
                }
            }
            Self::Reqwest(mut res) => {
                while let Some(chunk) = res.chunk().await.expect("a whole body") {
                    read += chunk.len();
                }
            }
        }
        read
    }
}
