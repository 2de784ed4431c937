//! Bodies seen from outside: what can be sent twice, and what length is announced.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use comfycontrol_body::{Body, Multipart, Part};
use futures_util::stream;
use http_body::Body as _;
use http_body_util::{BodyExt, Full};

#[tokio::test]
async fn bytes_and_factories_can_be_had_twice_and_streams_cannot() {
    let replayable = [
        Body::empty(),
        Body::from("text"),
        Body::from(vec![1, 2]),
        Body::replayable(Some(3), || Full::new(Bytes::from("abc"))),
        Body::concat([
            Body::from("a"),
            Body::replayable(None, || Full::new(Bytes::from("b"))),
        ]),
    ];
    for body in replayable {
        let twin = body.try_clone().unwrap();
        assert_eq!(body.content_length(), twin.content_length());
        assert_eq!(read(body).await, read(twin).await);
    }
    let once = || Body::from_stream(stream::iter([Ok::<_, io::Error>("x")]));
    assert!(once().try_clone().is_none());
    assert!(
        Body::wrap(Full::new(Bytes::from("x")))
            .try_clone()
            .is_none()
    );
    assert!(
        Body::concat([Body::from("a"), once()])
            .try_clone()
            .is_none()
    );
}

#[tokio::test]
async fn a_body_that_has_begun_to_leave_is_not_taken_for_an_empty_one() {
    for mut body in [
        Body::from("text"),
        Body::concat([Body::from("a"), Body::from("b")]),
        Body::from(""),
    ] {
        body.frame().await;
        assert!(body.try_clone().is_none());
    }
    // Of which nothing has left, however often it was asked for.
    let mut empty = Body::empty();
    assert!(empty.frame().await.is_none());
    assert!(empty.try_clone().is_some());
}

#[tokio::test]
async fn lengths_are_announced_where_they_are_known() {
    let stream = Body::from_stream(stream::iter([Ok::<_, io::Error>("x")]));
    assert_eq!(
        (stream.content_length(), stream.size_hint().exact()),
        (None, None)
    );
    let known = Body::wrap(Full::new(Bytes::from("four")));
    assert_eq!(known.size_hint().exact(), Some(4));
    let whole = Body::concat([Body::from("ab"), Body::empty(), Body::from("c")]);
    assert_eq!(whole.content_length(), Some(3));
    assert_eq!(read(whole).await, "abc");
    assert!(Body::concat([]).is_end_stream());
    assert_eq!(
        Body::concat([Body::from("ab"), stream]).content_length(),
        None
    );
}

#[tokio::test]
async fn a_body_longer_or_shorter_than_announced_fails() {
    for announced in [3, 5] {
        let body = Body::replayable(Some(announced), || Full::new(Bytes::from("four")));
        let failed = body.collect().await.unwrap_err();
        assert_eq!(
            failed.to_string(),
            "request body is not as long as it was announced"
        );
    }
}

#[tokio::test]
async fn a_file_is_read_anew_for_each_attempt() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let content = "x".repeat(200_000);
    io::Write::write_all(&mut file, content.as_bytes()).unwrap();
    let body = Body::from_file(file.path()).await.unwrap();
    assert_eq!(body.content_length(), Some(200_000));
    let twin = body.try_clone().unwrap();
    assert_eq!(read(body).await, content);
    // Shorter than announced by the time it is read.
    file.as_file().set_len(10).unwrap();
    assert!(twin.collect().await.is_err());
    assert!(Body::from_file(std::env::temp_dir()).await.is_err());
    assert!(Body::from_file("/nowhere/at/all").await.is_err());
}

/// A length of zero would be sent as an empty body, without a look at what is there.
#[tokio::test]
async fn what_has_no_length_is_not_taken_for_empty() {
    let body = Body::replayable(Some(0), || Full::new(Bytes::from("four")));
    assert_eq!((body.content_length(), body.is_end_stream()), (None, false));
    assert_eq!(read(body.try_clone().unwrap()).await, "four");
    assert_eq!(read(body).await, "four");

    let file = tempfile::NamedTempFile::new().unwrap();
    let body = Body::from_file(file.path()).await.unwrap();
    let twin = body.try_clone().unwrap();
    assert_eq!(read(body).await, "");
    // It has grown in the meantime.
    std::fs::write(file.path(), "grown").unwrap();
    assert!(!twin.is_end_stream());
    assert_eq!(read(twin).await, "grown");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_that_the_system_makes_up_is_sent() {
    let about = "/proc/self/status";
    assert_eq!(std::fs::metadata(about).unwrap().len(), 0);
    let body = Body::from_file(about).await.unwrap();
    assert!(!body.is_end_stream());
    let form = Multipart::new().part("status", Part::file(about).await.unwrap());
    let form = form.into_body();
    assert_eq!(form.content_length(), None);
    for sent in [read(body).await, read(form).await] {
        assert!(sent.contains("Name:"), "{sent}");
    }
}

#[tokio::test]
async fn fifty_megabytes_of_parts_are_not_copied() {
    let big = Bytes::from(vec![b'x'; 50_000_000]);
    let moved = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&moved);
    let part =
        Part::bytes(big.clone()).on_progress(move |n| _ = count.fetch_add(n, Ordering::Relaxed));
    let body = Multipart::new()
        .part("$input", part.file_name("a.png"))
        .into_body();
    let announced = body.content_length().unwrap();
    let mut twin = body.try_clone().unwrap();
    let mut sent = 0;
    let mut same = false;
    while let Some(frame) = twin.frame().await {
        let data = frame.unwrap().into_data().unwrap();
        sent += data.len() as u64;
        same |= data.as_ptr() == big.as_ptr();
    }
    assert!(same, "the bytes were copied");
    assert_eq!(sent, announced);
    assert_eq!(moved.load(Ordering::Relaxed), 50_000_000);
}

#[tokio::test]
async fn what_is_sent_again_is_not_told_again() {
    let told = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&told);
    let parts = ["one", "two", "three"].map(Body::from);
    let body = Body::concat(parts).on_progress(move |n| _ = count.fetch_add(n, Ordering::Relaxed));
    let mut sums = Vec::new();
    // Each attempt comes as many parts further as this; one less far says nothing.
    for parts in [2, 1, 3, 3] {
        let mut attempt = body.try_clone().unwrap();
        for _ in 0..parts {
            attempt.frame().await.unwrap().unwrap();
        }
        sums.push(told.load(Ordering::Relaxed));
    }
    assert_eq!(sums, [6, 6, 11, 11]);
}

// === support ===

async fn read(body: Body) -> String {
    String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
}
