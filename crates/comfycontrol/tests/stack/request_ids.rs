//! The id of a call: in all its requests, in its errors, and in its span.

use std::io;

use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::{Body, Client, Error, ErrorKind};
use comfycontrol_test::{Heads, Log, SECOND, responding};
use futures_util::{TryStreamExt, stream};
use http::{Request, Response};
use tower::ServiceExt;

use super::support::{Outcome, builder, status};

#[tokio::test(start_paused = true)]
async fn an_error_has_the_id_that_all_attempts_had() {
    let (client, heads) = client_of(|n| match n % 2 {
        0 => status(503),
        _ => Err(Error::transport(io::Error::from(
            io::ErrorKind::ConnectionReset,
        ))),
    });
    let request = Request::get("/x").body(Body::empty()).unwrap();
    let failed = [
        client.get("/x").send().await.unwrap_err(),
        client.clone().oneshot(request).await.unwrap_err(),
    ];
    let sent = ids(&heads);
    assert_eq!(sent.len(), 6);
    for (failed, sent) in failed.iter().zip(sent.chunks(3)) {
        assert_eq!(failed.request_id(), Some(&*sent[0]));
        assert!(sent.iter().all(|id| *id == sent[0]), "{sent:?}");
    }
    assert_ne!(sent[0], sent[3]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_never_sent_or_has_no_response_has_its_id_all_the_same() {
    let limiter = Limiter::builder(Quota::new(1, 10 * SECOND).unwrap()).max_queued(0);
    let silent = tower::service_fn(|_: Request<Body>| std::future::pending::<Outcome>());
    let client = builder().rate_limit(limiter.build()).transport(silent);
    let client = client.build().unwrap();
    let (late, rejected) = tokio::join!(
        client.post("/x").header("x-request-id", "one").send(),
        client.post("/x").header("x-request-id", "two").send(),
    );
    let told = [late, rejected].map(|failed| {
        let failed = failed.unwrap_err();
        (failed.kind(), failed.request_id().map(str::to_owned))
    });
    assert_eq!(
        told,
        [
            (ErrorKind::TimedOut, Some("one".to_owned())),
            (ErrorKind::Rejected, Some("two".to_owned()))
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_the_head_has_the_id_of_the_call() {
    let (client, heads) = client_of(|_| {
        let broken = [
            Ok("{"),
            Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        ];
        Ok(Response::new(Body::from_stream(stream::iter(broken))))
    });
    // What is not idempotent is not asked for again.
    let post = async || client.post("/x").send().await.unwrap();
    let broken = post().await.bytes().await.unwrap_err();
    let in_stream = post().await.into_stream().try_collect::<Vec<_>>().await;
    let large = post().await.with_max_body(0).bytes().await.unwrap_err();
    let context = post().await.context().clone();
    let own = context.error(Error::transport("of one's own"));
    let service = client.clone();
    let request = Request::get("/x").body(Body::empty()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    let as_service = http_body_util::BodyExt::collect(response.into_body()).await;

    let (whole, all) = client_of(|_| Ok(Response::new(Body::from("<html>"))));
    let page = whole.get("/x").send().await.unwrap();
    let page = page.json::<u8>().await.unwrap_err();
    assert_eq!(page.request_id(), Some(&*ids(&all)[0]));

    let sent = ids(&heads);
    let failed = [
        broken,
        in_stream.unwrap_err(),
        large,
        own,
        as_service.unwrap_err(),
    ];
    assert_eq!(sent.len(), failed.len());
    for (failed, id) in failed.iter().zip(&sent) {
        assert_eq!(failed.request_id(), Some(id.as_str()), "{failed}");
    }
    assert_ne!(sent[0], sent[1]);
}

#[tokio::test(start_paused = true)]
async fn an_id_that_the_caller_has_set_is_kept_and_told() {
    let (client, heads) = client_of(|_| status(404));
    let call = client.get("/x").header("x-request-id", "mine");
    let failed = call.send().await.unwrap_err();
    assert_eq!(failed.request_id(), Some("mine"));
    assert_eq!(ids(&heads), ["mine"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_never_a_request_has_no_id() {
    let (client, heads) = client_of(|_| status(200));
    let own = client.get("//x").header("x-request-id", "mine");
    let request = Request::get("https://evil.example/").body(Body::empty());
    for invalid in [
        client
            .get("https://evil.example/")
            .send()
            .await
            .unwrap_err(),
        own.send().await.unwrap_err(),
        client.clone().oneshot(request.unwrap()).await.unwrap_err(),
        Client::builder().token("none").build().unwrap_err(),
    ] {
        assert_eq!(invalid.request_id(), None, "{invalid}");
        assert!(!format!("{invalid:?}").contains("request_id"));
    }
    assert_eq!(heads.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_log_of_a_failure_has_the_id_of_its_call() {
    let log = Log::default();
    let _guard = log.capture();
    let (client, heads) = client_of(|n| status(if n == 0 { 200 } else { 404 }));
    client.get("/x").send().await.unwrap();
    let failed = client.get("/x").send().await.unwrap_err();
    let own = client.get("/x").header("x-request-id", "mine");
    own.send().await.unwrap_err();

    let log = log.text();
    let sent = ids(&heads);
    assert_eq!((sent.len(), failed.request_id()), (3, Some(&*sent[1])));
    for (id, fails) in sent.into_iter().zip([false, true, true]) {
        let field = format!("http.request.header.x_request_id=\"{id}\"");
        let mut lines = log.lines().filter(|line| line.contains(&field));
        assert!(lines.clone().next().is_some(), "{field} in {log}");
        let failed = lines.any(|line| line.contains(": failed "));
        assert_eq!(failed, fails, "{field} in {log}");
    }
}

// === support ===

fn client_of(
    respond: impl Fn(usize) -> Outcome + Clone + Send + Sync + 'static,
) -> (Client, Heads) {
    let (transport, heads) = responding(respond);
    (builder().transport(transport).build().unwrap(), heads)
}

/// The ids of the requests that have arrived.
fn ids(heads: &Heads) -> Vec<String> {
    let id = |head: &http::request::Parts| head.headers["x-request-id"].to_str().unwrap().into();
    heads.all().iter().map(id).collect()
}
