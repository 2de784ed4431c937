//! What is shown of what a server said: nothing that may be secret, and nothing that a terminal
//! obeys.

use std::io;

use comfycontrol::retry::RetryPolicy;
use comfycontrol::transport::Transport;
use comfycontrol::{
    Body, BodyFailed, Client, Error, InvalidJson, TransportError, TransportErrorKind,
};
use comfycontrol_test::http2::{
    END_HEADERS, Frame, GOAWAY, HEADERS, Http2Stream, PREFACE, SETTINGS, frame,
};
use comfycontrol_test::{chain, responding};
use futures_util::stream;
use http::{Response, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tower::service_fn;

const SECRET: &str = "cfc_shown0shown";
const SIGNED: &str = "https://storage.example/a?signature=shown0shown";

#[tokio::test]
async fn of_a_goodbye_only_harmless_text() {
    for head in [None, Some(OK), Some(INTERNAL_ERROR)] {
        let goodbye = format!("{SECRET} \u{1b}[31m{}", "x".repeat(9_000));
        let client = Client::builder()
            .without_token()
            .retry(RetryPolicy::none())
            .transport(Transport::from_tls_connector(h2_that_says(head, goodbye)));
        let client = client.build().unwrap();
        let error = match client.get("/v1/user").send().await {
            Err(error) => error,
            Ok(response) => response.bytes().await.unwrap_err(),
        };
        match head {
            None => {
                let transport = error.as_cause::<TransportError>().unwrap();
                assert_eq!(transport.kind(), TransportErrorKind::Reset);
            }
            Some(OK) => assert!(error.as_cause::<BodyFailed>().is_some()),
            Some(_) => assert!(error.as_api().unwrap().body_error().is_some()),
        }
        let shown = all_forms(&error);
        assert!(
            shown.contains("connection error received"),
            "{head:?}: {shown}"
        );
        assert!(shown.contains("cfc_***"), "{shown}");
        assert!(!shown.contains("shown0"), "{shown}");
        assert!(!shown.contains('\u{1b}'), "{shown}");
        assert!(shown.len() < 3_000, "{}", shown.len());
    }
}

#[tokio::test]
async fn of_a_cause_that_says_too_much_only_harmless_text() {
    let error = Error::transport(format!("no\n{SECRET}\u{1b}[0m {}", "x".repeat(9_000)));
    let shown = format!(
        "{error:#} {} {error:?} {:?}",
        error.report(),
        error.report()
    );
    assert!(shown.contains(r"no\ncfc_***\u{1b}[0m xxx"), "{shown}");
    assert!(!shown.contains("shown0"), "{shown}");
    assert!(shown.len() < 6_000, "{}", shown.len());
}

#[tokio::test(start_paused = true)]
async fn of_a_response_neither_headers_nor_body() {
    let client = client_of(format!(r#"{{"src":"{SIGNED}"}}"#));
    let response = client.get("/v1/user").send().await.unwrap();
    let shown = format!("{response:?}");
    assert!(
        shown.starts_with("Response { status: 200, version: HTTP/1.1"),
        "{shown}"
    );
    assert!(!shown.contains("shown0"), "{shown}");

    let error = response.json::<[u8; 3]>().await.unwrap_err();
    let snippet = error.as_cause::<InvalidJson>().unwrap().snippet();
    assert!(snippet.contains(SIGNED), "{snippet}");
    let shown = all_forms(&error);
    assert!(!shown.contains("shown0"), "{shown}");

    #[derive(Debug, serde::Deserialize)]
    struct Output {
        #[serde(rename = "src")]
        _src: u8,
    }
    let response = client.get("/v1/user").send().await.unwrap();
    let error = response.json::<Output>().await.unwrap_err();
    let shown = all_forms(&error);
    assert!(shown.contains("`src`"), "{shown}");
    assert!(!shown.contains("shown0"), "{shown}");
}

// === support ===

/// All that a user may print of an error.
fn all_forms(error: &Error) -> String {
    let mut shown = format!(
        "{error}\n{error:#}\n{error:?}\n{error:#?}\n{:?}\n",
        error.report()
    );
    for cause in chain(error).skip(1) {
        shown += &format!("{cause}\n{cause:?}\n");
    }
    shown
}

fn client_of(body: String) -> Client {
    let (transport, _) = responding(move |_| {
        let body = Body::from_stream(stream::iter([Ok::<_, io::Error>(body.clone())]));
        Response::builder()
            .header("content-type", "text/event-stream")
            .header("set-cookie", "session=shown0shown")
            .header("x-echo", SECRET)
            .body(body)
    });
    let client = Client::builder().without_token().transport(transport);
    client.build().unwrap()
}

/// Whole heads of responses, from the static table of HPACK.
const OK: u8 = 0x88;
const INTERNAL_ERROR: u8 = 0x8e;

/// Makes connections to a server that sends nothing, or but a head, and then says goodbye.
fn h2_that_says(
    head: Option<u8>,
    goodbye: String,
) -> impl tower::Service<Uri, Response = TokioIo<Http2Stream>, Error = io::Error, Future: Send + Unpin>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |_: Uri| {
        let (ours, theirs) = Http2Stream::pair();
        let goodbye = goodbye.clone();
        tokio::spawn(serve(theirs, head, goodbye));
        std::future::ready(Ok(TokioIo::new(ours)))
    })
}

async fn serve(mut client: DuplexStream, head: Option<u8>, goodbye: String) {
    client.read_exact(&mut [0; PREFACE.len()]).await.unwrap();
    let settings = frame(SETTINGS, 0, 0, &[]);
    client.write_all(&settings).await.unwrap();
    // Until the head of the request has come.
    while Frame::read(&mut client).await.unwrap().kind != HEADERS {}
    if let Some(head) = head {
        let head = frame(HEADERS, END_HEADERS, 1, &[head]);
        client.write_all(&head).await.unwrap();
    }
    const ENHANCE_YOUR_CALM: u32 = 11;
    // No stream at all has been processed, it says.
    let mut payload = 0u32.to_be_bytes().to_vec();
    payload.extend(ENHANCE_YOUR_CALM.to_be_bytes());
    payload.extend(goodbye.as_bytes());
    let goodbye = frame(GOAWAY, 0, 0, &payload);
    client.write_all(&goodbye).await.unwrap();
    let _ = client.read_to_end(&mut Vec::new()).await;
}
