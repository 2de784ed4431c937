//! What becomes of a response whose body breaks off.

use std::pin::pin;
use std::sync::Arc;

use comfycontrol_core::{BoxError, Deadline};
use comfycontrol_retry::{CollectError, FailureKind, RetryLayer, RetryPolicy, collect};
use comfycontrol_test::{SECOND, now};
use http::{Method, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use tokio_test::{assert_pending, assert_ready_eq, task};
use tower::{Layer, ServiceExt};

use crate::script::{get, millis, with};
use crate::server::{Failed, Piece, Pieces, Server, ok};

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_before_its_first_byte_is_had_by_another_attempt() {
    let began = now();
    let server = Server::new(|n| match n {
        0 => ok([Piece::Broken]),
        1 => ok([Piece::Data(""), Piece::Broken]),
        _ => ok([Piece::Data("who"), Piece::Data("le"), Piece::Trailers]),
    });
    let response = server.call(get()).await.unwrap();
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["t"], "1");
    assert_eq!(body.to_bytes(), "whole");
    assert_eq!(server.count(), 3);
    // Both backoffs.
    assert!(began.elapsed() >= millis(600));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_has_handed_on_a_byte_is_not_had_again() {
    let server = Server::new(|_| ok([Piece::Data("x"), Piece::Broken]));
    let response = server.call(get()).await.unwrap();
    let mut body = pin!(response.into_body());
    let first = body.frame().await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "x");
    assert_eq!(body.frame().await.unwrap().unwrap_err().to_string(), "1");
    assert!(body.frame().await.is_none());
    assert_eq!(server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_read_whole_is_had_again_wherever_it_breaks() {
    let server = Server::new(|n| match n {
        0 => ok([Piece::Data("wh"), Piece::Data("o"), Piece::Broken]),
        1 => ok([Piece::Data("whol"), Piece::Broken]),
        _ => ok([Piece::Data("who"), Piece::Data("le")]),
    });
    let response = server.call(get()).await.unwrap();
    // As many bytes as there are: what came before does not count.
    let body = collect(response.into_body(), 5).await.unwrap();
    assert_eq!((body.as_ref(), server.count()), (&b"whole"[..], 3));

    let response = server.call(get()).await.unwrap();
    let large = collect(response.into_body(), 4).await.unwrap_err();
    assert!(matches!(large, CollectError::TooLarge), "{large:?}");
    assert_eq!(server.count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_always_breaks_is_had_as_often_as_a_call_that_fails() {
    for whole in [false, true] {
        let server = Server::new(|_| ok([Piece::Broken]));
        let body = server.call(get()).await.unwrap().into_body();
        let error: BoxError = match whole {
            false => body.collect().await.unwrap_err(),
            true => match collect(body, 9).await.unwrap_err() {
                CollectError::Body(e) => e,
                CollectError::TooLarge => unreachable!(),
            },
        };
        assert_eq!(error.to_string(), "3", "the error of the last");
        assert_eq!(server.count(), 3);
    }
    // Failed attempts before the head count as well, and those after it.
    for (heads, count) in [
        ([503, 200, 200], 3),
        ([200, 503, 200], 3),
        ([503, 503, 200], 3),
    ] {
        let server = Server::new(move |n| match heads[n] {
            200 => ok([Piece::Broken]),
            _ => Err(Failed(FailureKind::MaybeApplied)),
        });
        let body = server.call(get()).await.unwrap().into_body();
        body.collect().await.unwrap_err();
        assert_eq!(server.count(), count, "{heads:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_an_idempotent_request_that_can_be_had_again_is_sent_again() {
    let broken = |_| ok([Piece::Broken]);
    for (method, count) in [
        (Method::GET, 3),
        (Method::PUT, 3),
        (Method::DELETE, 3),
        (Method::POST, 1),
        (Method::PATCH, 1),
    ] {
        let server = Server::new(broken);
        let response = server.call(with(method.clone())).await.unwrap();
        collect(response.into_body(), 9).await.unwrap_err();
        assert_eq!(server.count(), count, "{method}");
    }
    let none = Server::new(broken);
    let service = RetryLayer::new(RetryPolicy::none()).layer(none.clone());
    let response = service.oneshot(get()).await.unwrap();
    response.into_body().collect().await.unwrap_err();
    assert_eq!(none.count(), 1);

    let lasting = Server::new(|_| ok([Piece::Lasting]));
    let response = lasting.call(get()).await.unwrap();
    response.into_body().collect().await.unwrap_err();
    assert_eq!(lasting.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_of_another_head_does_not_stand_in() {
    type Change = fn(&mut Response<Pieces>);
    let same: Change = |response| {
        response.headers_mut().insert("date", "1".parse().unwrap());
    };
    let others: [Change; 7] = [
        |response| *response.status_mut() = StatusCode::PARTIAL_CONTENT,
        |response| drop(response.headers_mut().remove("etag")),
        |response| {
            drop(
                response
                    .headers_mut()
                    .insert("content-length", "6".parse().unwrap()),
            )
        },
        |response| {
            drop(
                response
                    .headers_mut()
                    .insert("content-type", "b".parse().unwrap()),
            )
        },
        |response| {
            drop(
                response
                    .headers_mut()
                    .insert("content-encoding", "b".parse().unwrap()),
            )
        },
        |response| {
            drop(
                response
                    .headers_mut()
                    .insert("content-range", "b".parse().unwrap()),
            )
        },
        |response| {
            drop(
                response
                    .headers_mut()
                    .insert("last-modified", "b".parse().unwrap()),
            )
        },
    ];
    for (change, stands_in) in others.map(|c| (c, false)).into_iter().chain([(same, true)]) {
        let server = Server::new(move |n| {
            let piece = if n == 0 {
                Piece::Broken
            } else {
                Piece::Data("whole")
            };
            let mut response = ok([piece])?;
            let headers = response.headers_mut();
            headers.insert("etag", "\"a\"".parse().unwrap());
            headers.insert("content-type", "a".parse().unwrap());
            if n > 0 {
                change(&mut response);
            }
            Ok(response)
        });
        let response = server.call(get()).await.unwrap();
        match response.into_body().collect().await {
            Ok(body) => assert!(stands_in && body.to_bytes() == "whole"),
            Err(error) => assert!(!stands_in && error.to_string() == "1"),
        }
        assert_eq!(server.count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_good_leaves_the_error_of_the_body() {
    let server = Server::new(|n| match n {
        0 => ok([Piece::Broken]),
        _ => Err(Failed(FailureKind::Permanent)),
    });
    let response = server.call(get()).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert_eq!((error.to_string(), server.count()), ("1".to_owned(), 2));
}

#[tokio::test(start_paused = true)]
async fn budget_and_deadline_are_those_of_the_call() {
    let server = Server::new(|_| ok([Piece::Broken]));
    let layer = RetryLayer::new(RetryPolicy::new());
    for _ in 0..20 {
        let response = layer.layer(server.clone()).oneshot(get()).await.unwrap();
        response.into_body().collect().await.unwrap_err();
    }
    // Ten, and one of five for the heads that came; it takes less than 20 s.
    assert!((30..=38).contains(&server.count()), "{}", server.count());

    let server = Server::new(|_| ok([Piece::Broken]));
    let mut request = get();
    request
        .extensions_mut()
        .insert(Deadline(now() + millis(150)));
    let response = server.call(request).await.unwrap();
    response.into_body().collect().await.unwrap_err();
    assert_eq!(server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_stops_reading_stops_the_sending() {
    let server = Server::new(|n| match n {
        0 => ok([Piece::Broken]),
        _ => ok([Piece::Data("whole")]),
    });
    let response = server.call(get()).await.unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(5));
    let mut body = task::spawn(response.into_body());
    assert_pending!(body.enter(|cx, body| body.poll_frame(cx)).map(drop));
    assert!(!body.is_end_stream());
    assert_eq!(body.size_hint().exact(), None);
    drop(body);
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_request_is_let_go_with_the_first_byte() {
    let kept = Arc::new(());
    let server = Server::new(|_| ok([Piece::Data("x"), Piece::Data("y")]));
    let mut request = get();
    request.extensions_mut().insert(kept.clone());
    let response = server.call(request).await.unwrap();
    assert_eq!(Arc::strong_count(&kept), 2);
    let mut body = task::spawn(response.into_body());
    let data = body.enter(|cx, body| body.poll_frame(cx)).map(|frame| {
        let frame = frame.unwrap().unwrap();
        frame.into_data().unwrap()
    });
    assert_ready_eq!(data, "x");
    assert_eq!(Arc::strong_count(&kept), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_to_be_forgotten_goes_with_the_head() {
    let kept = Arc::new(());
    let server = Server::new(|_| ok([Piece::Data("x")]));
    let layer = RetryLayer::new(RetryPolicy::new()).forgetting::<Arc<()>>();
    let mut request = get();
    request.extensions_mut().insert(kept.clone());
    let response = layer.clone().layer(server).oneshot(request).await.unwrap();
    assert_eq!(Arc::strong_count(&kept), 1);
    drop(response);
}

#[tokio::test(start_paused = true)]
async fn a_body_inside_another_hands_its_bytes_on_whoever_reads_the_outer() {
    // What decodes stands between the two, and cannot begin again.
    let server = Server::new(|_| ok([Piece::Data("x"), Piece::Broken]));
    let inner = RetryLayer::<Failed>::new(RetryPolicy::new()).layer(server.clone());
    let outer = RetryLayer::new(RetryPolicy::new().max_retries(0)).layer(inner);
    let response = outer.oneshot(get()).await.unwrap();
    collect(response.into_body(), 9).await.unwrap_err();
    assert_eq!(server.count(), 1);
}
