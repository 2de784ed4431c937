//! The simplest client: one connection, one request.

use std::error::Error;

use bytes::Bytes;
use comfycontrol_emulator::{Emulator, Fault, FaultRule};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// An emulator and a token it knows.
pub(crate) struct Account {
    pub(crate) emulator: Emulator,
    pub(crate) token: String,
}

impl Account {
    pub(crate) async fn open() -> Self {
        Self::of(Emulator::builder().limit(None).start().await.unwrap())
    }

    pub(crate) fn of(emulator: Emulator) -> Self {
        let token = emulator.tokens().create("test", None);
        Self { emulator, token }
    }

    /// A request to this path with the token.
    pub(crate) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.emulator.http_url()))
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
    }

    pub(crate) async fn get(&self, path: &str) -> TestResponse {
        let request = self.request("GET", path).body(Full::default()).unwrap();
        fetch(request).await.unwrap()
    }

    /// The head of the response to a request that meets with this fault.
    pub(crate) async fn meet(&self, fault: Fault) -> Response<Incoming> {
        self.emulator.faults().add(FaultRule::next(1, fault));
        let request = self.request("GET", "/v1/user").body(Full::default());
        send(request.unwrap()).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str) -> TestResponse {
        let request = self.request("POST", path).body(Full::default()).unwrap();
        fetch(request).await.unwrap()
    }

    pub(crate) async fn post_json(&self, path: &str, json: &str) -> TestResponse {
        let request = self
            .request("POST", path)
            .body(json.to_owned().into())
            .unwrap();
        fetch(request).await.unwrap()
    }

    pub(crate) async fn put_json(&self, path: &str, json: &str) -> TestResponse {
        let request = self.request("PUT", path).body(json.to_owned().into());
        fetch(request.unwrap()).await.unwrap()
    }

    pub(crate) async fn post_form(&self, path: &str, parts: &[(&str, &str, &str)]) -> TestResponse {
        self.send_form("POST", path, parts).await
    }

    /// Sends a form of (name, file name, content).
    pub(crate) async fn send_form(
        &self,
        method: &str,
        path: &str,
        parts: &[(&str, &str, &str)],
    ) -> TestResponse {
        fetch(self.form(method, path, parts)).await.unwrap()
    }

    /// A form of (name, file name, content).
    pub(crate) fn form(
        &self,
        method: &str,
        path: &str,
        parts: &[(&str, &str, &str)],
    ) -> Request<Full<Bytes>> {
        let mut body = String::new();
        for (name, file, content) in parts {
            let file = match *file {
                "" => String::new(),
                file => format!("; filename=\"{file}\"\r\nContent-Type: application/json"),
            };
            body += &format!(
                "--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{content}\r\n"
            );
        }
        body += "--XX--\r\n";
        let request = self.request(method, path);
        let request = request.header(CONTENT_TYPE, "multipart/form-data; boundary=XX");
        request.body(body.into()).unwrap()
    }
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct TestResponse {
    pub(crate) status: u16,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Bytes,
}

impl TestResponse {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, message: &str) {
        let documented = format!(r#"{{"status":{status},"message":"{message}"}}"#);
        assert_eq!((self.status, self.text()), (status, documented));
        assert_eq!(self.headers[CONTENT_TYPE], "application/json");
    }
}

/// Sends a request by HTTP/1.1 and reads the whole response.
pub(crate) async fn fetch(request: Request<Full<Bytes>>) -> Result<TestResponse, BoxError> {
    let (head, body) = send(request).await?.into_parts();
    Ok(TestResponse {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.collect().await?.to_bytes(),
    })
}

/// Sends a request by HTTP/1.1 and reads the head of the response.
pub(crate) async fn send(
    mut request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, BoxError> {
    let uri = request.uri().clone();
    let authority = uri.authority().unwrap().as_str();
    let stream = TcpStream::connect(authority).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    request.headers_mut().insert(HOST, authority.parse()?);
    *request.uri_mut() = Uri::try_from(uri.path_and_query().unwrap().as_str())?;
    Ok(sender.send_request(request).await?)
}

/// A request without a token.
pub(crate) fn bare(url: String) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).unwrap()
}
