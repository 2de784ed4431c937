//! The whole stack over a mock transport, under a paused clock.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use comfycontrol::rate_limit::{Limiter, Quota};
use comfycontrol::retry::RetryPolicy;
use comfycontrol::token::{Token, TokenHandle};
use comfycontrol::{Body, Client, Error, ErrorKind, Multipart, Part, Sent, Timeouts};
use futures_util::stream;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::time::{Instant, advance};
use tokio_test::{assert_pending, assert_ready_err, task};
use tower::{Service, ServiceExt, service_fn};

type Answer = Result<Response<Body>, Error>;

// === what is sent again ===

#[tokio::test(start_paused = true)]
async fn a_streamed_post_is_sent_once_and_never_empty() {
    let (client, seen) = answering(|_| status(503));
    let failed = client
        .post("/v1/workflow")
        .body(Body::from_stream(stream::iter([Ok::<_, io::Error>(
            "payload",
        )])))
        .send()
        .await
        .unwrap_err();
    assert_eq!(failed.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!(seen.bodies(), ["payload"]);
}

#[tokio::test(start_paused = true)]
async fn a_streamed_body_is_not_replayed_even_after_a_429() {
    let (client, seen) = answering(|_| status(429));
    let body = Body::from_stream(stream::iter([Ok::<_, io::Error>("payload")]));
    client.put("/x").body(body).send().await.unwrap_err();
    assert_eq!(seen.bodies(), ["payload"]);
}

#[tokio::test(start_paused = true)]
async fn a_post_is_not_repeated_after_a_5xx() {
    for code in [500, 502, 503, 504, 520, 524] {
        let (client, seen) = answering(move |_| status(code));
        let failed = client.post("/x").body("payload").send().await.unwrap_err();
        assert_eq!(failed.sent(), Sent::Yes);
        assert!(!failed.is_retryable());
        assert_eq!(seen.count(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_idempotent_call_is_repeated_after_a_5xx() {
    for method in [
        Method::GET,
        Method::HEAD,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
    ] {
        let (client, seen) = answering(|n| status(if n < 2 { 503 } else { 200 }));
        let response = client
            .request(method.clone(), "/x")
            .body("payload")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(seen.bodies(), ["payload"; 3], "{method}");
    }
}

#[tokio::test(start_paused = true)]
async fn repeats_end() {
    let (client, seen) = answering(|_| status(503));
    let failed = client.get("/x").send().await.unwrap_err();
    assert!(failed.is_retryable());
    assert_eq!(seen.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn permanent_failures_are_not_repeated() {
    for code in [301, 400, 401, 403, 404, 413, 501, 525] {
        let (client, seen) = answering(move |_| status(code));
        let failed = client.get("/x").send().await.unwrap_err();
        assert_eq!(failed.status().map(|s| s.as_u16()), Some(code));
        assert_eq!(seen.count(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_is_replayed_after_a_429_once_the_gate_opens() {
    let began = now();
    let (client, seen) = answering(|n| status(if n == 0 { 429 } else { 201 }));
    let response = client.post("/x").body("payload").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(seen.bodies(), ["payload"; 2]);
    let waited = began.elapsed();
    assert!(waited >= Duration::from_secs(10), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_only_says_429_is_believed_in_the_end() {
    let (client, seen) = answering(|_| status(429));
    let failed = client.get("/x").send().await.unwrap_err();
    assert_eq!(failed.status(), Some(StatusCode::TOO_MANY_REQUESTS));
    assert!(failed.is_retryable());
    assert_eq!(seen.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn without_the_limiter_the_policy_waits_for_the_cooldown() {
    let began = now();
    let (transport, seen) = transport(|n| status(if n == 0 { 429 } else { 200 }));
    let client = builder().no_limit().transport(transport).build().unwrap();
    client.get("/x").send().await.unwrap();
    assert_eq!(seen.count(), 2);
    assert!(began.elapsed() >= Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_repeated_for_idempotent_methods_only() {
    for (method, sends) in [(Method::GET, 3), (Method::POST, 1)] {
        let (client, seen) = answering(|_| {
            Err(Error::transport(io::Error::from(
                io::ErrorKind::ConnectionReset,
            )))
        });
        let failed = client.request(method, "/x").send().await.unwrap_err();
        assert_eq!(
            (failed.kind(), failed.sent()),
            (ErrorKind::Transport, Sent::Maybe)
        );
        assert_eq!(seen.count(), sends);
    }
}

#[tokio::test(start_paused = true)]
async fn the_budget_ends_repeats_that_help_nobody() {
    let (client, seen) = answering(|_| status(503));
    for _ in 0..100 {
        client.get("/x").send().await.unwrap_err();
    }
    let repeats = seen.count() - 100;
    // Without a budget each call is repeated twice.
    assert!(repeats < 100, "{repeats} repeats");
}

#[tokio::test(start_paused = true)]
async fn a_replaced_token_is_tried_once_and_paid_for() {
    let handle = TokenHandle::new(Token::parse("cfc_old0000000").unwrap());
    let limiter = Limiter::new(Quota::COMFYCONTROL);
    let seen = Seen::default();
    let transport = {
        let (handle, seen) = (handle.clone(), seen.clone());
        service_fn(move |req: Request<Body>| {
            let (handle, seen) = (handle.clone(), seen.clone());
            async move {
                let token = req.headers()["authorization"].clone();
                seen.take(req).await;
                handle.rotate(Token::parse("cfc_new0000000").unwrap());
                // Refused whatever it is: only one more try is worth while.
                assert!(token.is_sensitive());
                status(401)
            }
        })
    };
    let client = Client::builder()
        .tokens(handle)
        .limiter(limiter.clone())
        .transport(transport)
        .build()
        .unwrap();
    let failed = client.post("/x").body("payload").send().await.unwrap_err();
    assert_eq!(failed.status(), Some(StatusCode::UNAUTHORIZED));
    assert_eq!(seen.bodies(), ["payload"; 2]);
    assert_eq!(limiter.snapshot().free(), 38);
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_attempt_did_is_not_forgotten() {
    // Whatever it is, it was not sent.
    let unsent = || Err(builder().base_url("none").build().unwrap_err());
    for (first, sent) in [(503, Sent::Yes), (0, Sent::Maybe)] {
        let (client, seen) = answering(move |n| match (n, first) {
            (0, 0) => Err(Error::transport(io::Error::from(
                io::ErrorKind::ConnectionReset,
            ))),
            (0, code) => status(code),
            _ => unsent(),
        });
        let failed = client.put("/x").send().await.unwrap_err();
        assert_eq!((failed.kind(), failed.sent()), (ErrorKind::Config, sent));
        assert_eq!(seen.count(), 2);
    }
    let (client, _) = answering(move |_| unsent());
    let failed = client.put("/x").send().await.unwrap_err();
    assert_eq!(failed.sent(), Sent::No);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_is_not_admitted_leaves_the_failure_before_it() {
    let limiter = Limiter::builder(Quota::new(1, Duration::from_secs(10)).unwrap())
        .max_wait(Duration::from_secs(1))
        .build();
    let (transport, seen) = transport(|_| status(503));
    let client = builder().limiter(limiter).transport(transport);
    let client = client.build().unwrap();
    let failed = client.put("/x").send().await.unwrap_err();
    assert_eq!(failed.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
    assert_eq!((failed.sent(), seen.count()), (Sent::Yes, 1));
    // What was never tried is told as such.
    let failed = client.put("/x").send().await.unwrap_err();
    assert_eq!(
        (failed.kind(), failed.sent()),
        (ErrorKind::NotAdmitted, Sent::No)
    );
}

#[tokio::test(start_paused = true)]
async fn no_retry_comes_before_the_server_wants_it() {
    for (asked, deadline, sends) in [(7, None, 3), (30, None, 3), (31, None, 1), (7, Some(5), 1)] {
        let (client, seen) = answering(move |_| {
            let response = Response::builder().status(503).header("retry-after", asked);
            Ok(response.body(Body::empty()).unwrap())
        });
        let began = now();
        let mut call = client.get("/x");
        if let Some(deadline) = deadline {
            call = call.timeout(Duration::from_secs(deadline));
        }
        let failed = call.send().await.unwrap_err();
        assert_eq!(failed.retry_after(), Some(Duration::from_secs(asked)));
        assert_eq!(seen.count(), sends, "{asked}");
        let waited = began.elapsed();
        let least = Duration::from_secs(asked) * (sends as u32 - 1);
        assert!(waited >= least && waited <= least + Duration::from_secs(2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cooldown_of_one_s_own_is_kept() {
    let began = now();
    let (transport, _) = transport(|n| status(if n == 0 { 429 } else { 200 }));
    let policy = RetryPolicy::new().cooldown(Duration::from_secs(1));
    let client = builder().no_limit().retry(policy).transport(transport);
    client.build().unwrap().get("/x").send().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(2));
}

// === the limiter ===

#[tokio::test(start_paused = true)]
async fn a_download_from_the_api_itself_waits_its_turn() {
    let (client, seen) = answering(|_| status(200));
    let limiter = client.limiter().unwrap();
    let downloads = client.downloader();
    downloads
        .get("https://storage.example/x")
        .send()
        .await
        .unwrap();
    assert_eq!(limiter.snapshot().free(), 40);
    let home = "https://api.comfycontrol.app/x";
    downloads.get(home).send().await.unwrap();
    assert_eq!((limiter.snapshot().free(), seen.count()), (39, 2));
}

#[test]
fn a_limiter_that_was_set_is_one_s_own_already() {
    let free = |builder: comfycontrol::ClientBuilder| {
        let client = builder.own_limiter().without_token().build().unwrap();
        client.limiter().unwrap().snapshot().free()
    };
    let quota = Quota::new(7, Duration::from_secs(1)).unwrap();
    assert_eq!(free(builder().quota(quota)), 7);
    assert_eq!(free(builder().limiter(Limiter::new(quota))), 7);
    assert_eq!(free(builder().no_limit()), 40);
    assert_eq!(free(builder()), 40);
}

// === time ===

#[tokio::test(start_paused = true)]
async fn a_deadline_shorter_than_the_queue_is_refused_at_once() {
    let quota = Quota::new(1, Duration::from_secs(10)).unwrap();
    let (transport, seen) = transport(|_| status(200));
    let client = builder().quota(quota).transport(transport).build().unwrap();
    client.get("/first").send().await.unwrap();

    let began = now();
    let mut call = task::spawn(client.get("/second").timeout(Duration::from_secs(5)).send());
    let refused = assert_ready_err!(call.poll());
    assert_eq!(
        (refused.kind(), refused.sent()),
        (ErrorKind::NotAdmitted, Sent::No)
    );
    assert!(refused.retry_after().unwrap() >= Duration::from_secs(5));
    assert_eq!((seen.count(), began.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_all_attempts() {
    let (client, seen) = answering(|_| status(429));
    let began = now();
    client
        .get("/x")
        .timeout(Duration::from_secs(15))
        .send()
        .await
        .unwrap_err();
    assert!(began.elapsed() <= Duration::from_secs(15));
    assert!(seen.count() <= 2);
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_ends_the_attempt_with_an_error() {
    let client = client_over(service_fn(|_: Request<Body>| {
        std::future::pending::<Answer>()
    }));
    let mut call = task::spawn(client.post("/x").send());
    assert_pending!(call.poll());
    advance(Duration::from_secs(29)).await;
    assert_pending!(call.poll());
    advance(Duration::from_secs(2)).await;
    let failed = assert_ready_err!(call.poll());
    assert_eq!(
        (failed.kind(), failed.sent()),
        (ErrorKind::TimedOut, Sent::Maybe)
    );
    assert_eq!(failed.to_string(), "no answer within 30s");
}

#[tokio::test(start_paused = true)]
async fn the_whole_call_has_a_deadline_too() {
    let client = client_over(service_fn(|_: Request<Body>| {
        std::future::pending::<Answer>()
    }));
    let mut call = task::spawn(client.get("/x").timeout(Duration::from_secs(3)).send());
    assert_pending!(call.poll());
    advance(Duration::from_secs(4)).await;
    let failed = assert_ready_err!(call.poll());
    assert!(failed.as_timed_out().unwrap().is_total() && failed.is_timeout());
    assert_eq!(failed.call(), Some((&Method::GET, "/x")));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_moves_is_not_timed_out() {
    let slow = service_fn(|req: Request<Body>| async move {
        let mut body = req.into_body();
        while body.frame().await.is_some() {
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
        status(200)
    });
    let client = client_over(slow);
    let parts = Body::concat((0..10).map(|_| Body::from("x")));
    client.post("/x").body(parts).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stalled_body_ends_with_an_error() {
    let (client, _) = answering(|_| {
        let first = stream::iter([Ok::<_, io::Error>("[1,")]);
        let body = Body::from_stream(stream::StreamExt::chain(first, stream::pending()));
        Ok(Response::new(body))
    });
    let mut call = task::spawn(async { client.get("/x").send().await?.bytes().await });
    assert_pending!(call.poll());
    advance(Duration::from_secs(31)).await;
    let failed = assert_ready_err!(call.poll());
    assert_eq!(failed.to_string(), "response body stalled for 30s");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_a_body_that_drips() {
    let (client, _) = answering(|_| {
        let drip = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, io::Error>("x"), ()))
        });
        Ok(Response::new(Body::from_stream(drip)))
    });
    let timeouts = Timeouts::call().total(Duration::from_secs(10));
    let began = now();
    let failed = client
        .get("/x")
        .timeouts(timeouts)
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap_err();
    assert!(failed.is_timeout());
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn profiles_give_way_to_what_the_caller_has_set() {
    let timeouts_of = |request: Result<Request<Body>, Error>| {
        request.unwrap().extensions().get::<Timeouts>().copied()
    };
    let (plain, _) = answering(|_| status(200));
    assert_eq!(timeouts_of(plain.get("/x").build()), None);
    let minute = Duration::from_secs(60);
    let upload = || plain.post("/x").multipart(Multipart::new());
    for request in [
        upload().timeout(minute),
        plain.post("/x").timeout(minute).multipart(Multipart::new()),
    ] {
        assert_eq!(
            timeouts_of(request.build()),
            Some(Timeouts::upload().total(minute))
        );
    }
    let own = upload().timeouts(Timeouts::none());
    assert_eq!(timeouts_of(own.build()), Some(Timeouts::none()));

    let (transport, _) = transport(|_| status(200));
    let patient = builder()
        .attempt_timeout(10 * minute)
        .transport(transport)
        .build()
        .unwrap();
    let request = patient.post("/x").multipart(Multipart::new());
    assert_eq!(timeouts_of(request.build()), None);
}

#[test]
fn a_client_is_built_and_dropped_outside_a_runtime() {
    let (client, _) = answering(|_| status(200));
    drop(client.get("/x"));
}

// === what goes out ===

#[tokio::test(start_paused = true)]
async fn fixed_headers_are_set_unless_the_request_has_them() {
    let heads = Heads::default();
    let client = Client::builder()
        .without_token()
        .default_header("x-team", "blue")
        .transport(heads.transport())
        .build()
        .unwrap();
    client.get("/a").send().await.unwrap();
    client
        .get("/b")
        .header("accept", "text/plain")
        .header("x-team", "red")
        .send()
        .await
        .unwrap();
    let heads = heads.0.lock().unwrap();
    assert_eq!(heads[0]["accept"], "application/json");
    assert!(
        heads[0]["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("comfycontrol-rust/")
    );
    assert_eq!(heads[0]["x-team"], "blue");
    assert_eq!(heads[1]["accept"], "text/plain");
    assert_eq!(heads[1]["x-team"], "red");
    assert_ne!(heads[0]["x-request-id"], heads[1]["x-request-id"]);
}

#[tokio::test(start_paused = true)]
async fn a_form_is_sent_again_whole() {
    let (client, seen) = answering(|n| status(if n == 0 { 429 } else { 200 }));
    let told = Arc::new(AtomicUsize::new(0));
    let tell = Arc::clone(&told);
    let part = Part::bytes("graph")
        .file_name("g.json")
        .on_progress(move |n| {
            tell.fetch_add(n as usize, Ordering::Relaxed);
        });
    client
        .post("/x")
        .multipart(Multipart::new().part("workflow_json", part))
        .send()
        .await
        .unwrap();
    let bodies = seen.bodies();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0], bodies[1]);
    assert!(bodies[0].contains("graph"));
    assert_eq!(told.load(Ordering::Relaxed), 10);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_a_service_for_paths_and_urls_of_its_origin() {
    let (mut client, seen) = answering(|_| status(200));
    let mut send = async |uri: &str| {
        let request = Request::get(uri).body(Body::empty()).unwrap();
        client.ready().await.unwrap().call(request).await
    };
    send("/v1/user").await.unwrap();
    send("https://api.comfycontrol.app/v1/user").await.unwrap();
    let refused = send("https://evil.example/v1/user").await.unwrap_err();
    assert_eq!(
        (refused.kind(), refused.sent()),
        (ErrorKind::Request, Sent::No)
    );
    assert_eq!(seen.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn two_hops_of_a_redirect_layer_outside_never_take_the_token_along() {
    use tower_http::follow_redirect::FollowRedirectLayer;

    let heads = Heads::default();
    let seen = heads.clone();
    let hops = service_fn(move |req: Request<Body>| {
        seen.0.lock().unwrap().push(req.headers().clone());
        let next = match (req.uri().host(), req.uri().path()) {
            (Some("api.comfycontrol.app"), _) => Some("https://evil.example/1"),
            (_, "/1") => Some("https://evil.example/2"),
            _ => None,
        };
        async move {
            let response = Response::builder().status(if next.is_some() { 307 } else { 200 });
            let response = next
                .into_iter()
                .fold(response, |r, to| r.header("location", to));
            Ok::<_, Error>(response.body(Body::empty()).unwrap())
        }
    });
    let layers = builder().layers().unwrap();
    let follows = tower::ServiceBuilder::new()
        .layer(FollowRedirectLayer::new())
        .option_layer(layers.add_token)
        .service(hops);
    let request = Request::get("https://api.comfycontrol.app/v1/user").body(Body::empty());
    assert_eq!(
        follows.oneshot(request.unwrap()).await.unwrap().status(),
        StatusCode::OK
    );
    let tokens: Vec<_> = heads
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|h| h.contains_key("authorization"))
        .collect();
    assert_eq!(tokens, [true, false, false]);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_an_error_and_followed_by_nobody() {
    let (client, seen) = answering(|_| {
        let to = "https://evil.example/?signature=secret";
        Ok(Response::builder()
            .status(302)
            .header("location", to)
            .body(Body::empty())
            .unwrap())
    });
    let failed = client.get("/x").send().await.unwrap_err();
    assert_eq!(
        (failed.status(), seen.count()),
        (Some(StatusCode::FOUND), 1)
    );
    assert!(!format!("{failed:#} {failed:?}").contains("secret"));
}

// === what comes back ===

#[tokio::test(start_paused = true)]
async fn a_wrong_field_is_named_by_its_path() {
    let (client, _) = answering(|_| {
        Ok(Response::new(Body::from(
            r#"{"runners":[{"id":"a"},{"id":7}]}"#,
        )))
    });
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Runner {
        id: String,
    }
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Page {
        runners: Vec<Runner>,
    }
    let failed = client
        .get("/x")
        .send()
        .await
        .unwrap()
        .json::<Page>()
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Decode);
    assert_eq!(failed.status(), Some(StatusCode::OK));
    assert!(failed.to_string().contains("`runners[1].id`"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn html_in_place_of_json_is_an_error_that_shows_it() {
    let (client, _) = answering(|_| {
        let page = "<html>cfc_secret0secret</html>";
        Ok(Response::builder()
            .header("content-type", "text/html")
            .body(Body::from(page))
            .unwrap())
    });
    let failed = client
        .get("/x")
        .send()
        .await
        .unwrap()
        .json::<u8>()
        .await
        .unwrap_err();
    assert_eq!(
        format!("{failed:#}"),
        "200 answer is not the expected JSON at `.` (content type text/html): expected value at line 1 column 1"
    );
    assert!(!format!("{failed:?}").contains("secret0"), "{failed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_large_body_is_cut_off() {
    let (client, _) = answering(|_| Ok(Response::new(Body::from(vec![b'x'; 1_000]))));
    let failed = client
        .get("/x")
        .send()
        .await
        .unwrap()
        .max_body(999)
        .bytes()
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::BodyTooLarge);
    assert_eq!(
        client
            .get("/x")
            .send()
            .await
            .unwrap()
            .max_body(1_000)
            .bytes()
            .await
            .unwrap()
            .len(),
        1_000
    );
}

#[test]
fn an_error_is_one_word_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    fn check<T: std::error::Error + Send + Sync + 'static>() {}
    check::<Error>();
}

/// A compile-time test: what a caller may rely on.
#[test]
fn clients_and_stacks_keep_the_error_type_and_the_auto_traits() {
    fn check<S>(_: &S)
    where
        S: Service<Request<Body>, Error = Error> + Clone + Send + Sync + 'static,
        S::Future: Send,
    {
    }
    check(&answering(|_| status(200)).0);
    let own = service_fn(|_: Request<Body>| async { status(200) });
    check(&builder().layers().unwrap().stack(own));
}

/// A compile-time test: what a layer is made of can be named, and taken apart.
#[test]
fn timeouts_give_back_what_is_inside() {
    use comfycontrol::stack::{
        AttemptTimeout, AttemptTimeoutFuture, AttemptTimeoutLayer, Deadline, DeadlineFuture,
        DeadlineLayer,
    };
    use tower::Layer;

    type Inside = tower::util::BoxCloneSyncService<Request<Body>, Response<Body>, Error>;
    type Inner = <Inside as Service<Request<Body>>>::Future;
    fn check<S: Service<Request<Body>, Error = Error, Future = F>, F>(service: S) -> S {
        service
    }
    let inside = || Inside::new(service_fn(|_: Request<Body>| async { status(200) }));
    let total = DeadlineLayer::new(Timeouts::none()).layer(inside());
    let mut total = check::<Deadline<Inside>, DeadlineFuture<Inner>>(total);
    let attempt = AttemptTimeoutLayer::new(Timeouts::none()).layer(inside());
    let mut attempt = check::<AttemptTimeout<Inside>, AttemptTimeoutFuture<Inner>>(attempt);
    let _: (&Inside, &Inside) = (total.get_ref(), attempt.get_ref());
    let _: (&mut Inside, &mut Inside) = (total.get_mut(), attempt.get_mut());
    let _: (Inside, Inside) = (total.into_inner(), attempt.into_inner());
}

#[tokio::test(start_paused = true)]
async fn layers_of_tower_stand_outside() {
    let (client, seen) = answering(|_| status(200));
    let mut outside = tower::ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(2)
        .timeout(Duration::from_secs(5))
        .service(client);
    let request = Request::get("/x").body(Body::empty()).unwrap();
    let response = outside.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!((response.status(), seen.count()), (StatusCode::OK, 1));
}

#[tokio::test(start_paused = true)]
async fn the_policy_can_be_replaced() {
    let (transport, seen) = transport(|_| status(503));
    let client = builder()
        .retry(RetryPolicy::none())
        .transport(transport)
        .build()
        .unwrap();
    client.get("/x").send().await.unwrap_err();
    assert_eq!(seen.count(), 1);
}

// === support ===

#[expect(clippy::disallowed_methods, reason = "the paused clock")]
fn now() -> Instant {
    Instant::now()
}

#[derive(Clone, Default)]
struct Seen(Arc<std::sync::Mutex<Vec<Bytes>>>);

impl Seen {
    async fn take(&self, req: Request<Body>) -> usize {
        let body = req.into_body().collect().await.unwrap().to_bytes();
        let mut bodies = self.0.lock().unwrap();
        bodies.push(body);
        bodies.len() - 1
    }

    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn bodies(&self) -> Vec<String> {
        let bodies = self.0.lock().unwrap();
        bodies
            .iter()
            .map(|body| String::from_utf8(body.to_vec()).unwrap())
            .collect()
    }
}

#[derive(Clone, Default)]
struct Heads(Arc<std::sync::Mutex<Vec<http::HeaderMap>>>);

impl Heads {
    fn transport(
        &self,
    ) -> impl Service<Request<Body>, Response = Response<Body>, Error = Error, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static {
        let heads = self.clone();
        service_fn(move |req: Request<Body>| {
            heads.0.lock().unwrap().push(req.headers().clone());
            async { status(200) }
        })
    }
}

/// A transport that answers the nth request as it is told, and keeps the bodies.
fn transport(
    answer: impl Fn(usize) -> Answer + Clone + Send + Sync + 'static,
) -> (
    impl Service<Request<Body>, Response = Response<Body>, Error = Error, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static,
    Seen,
) {
    let seen = Seen::default();
    let keep = seen.clone();
    let service = service_fn(move |req| {
        let (keep, answer) = (keep.clone(), answer.clone());
        async move { answer(keep.take(req).await) }
    });
    (service, seen)
}

fn answering(answer: impl Fn(usize) -> Answer + Clone + Send + Sync + 'static) -> (Client, Seen) {
    let (transport, seen) = transport(answer);
    (client_over(transport), seen)
}

fn client_over<S>(transport: S) -> Client
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Error>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    builder().transport(transport).build().unwrap()
}

fn builder() -> comfycontrol::ClientBuilder {
    Client::builder().token("cfc_test0000000")
}

fn status(code: u16) -> Answer {
    Ok(Response::builder()
        .status(code)
        .body(Body::empty())
        .unwrap())
}
