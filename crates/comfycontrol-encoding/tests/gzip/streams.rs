use std::io::Write;
use std::mem;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use bytes::Bytes;
use comfycontrol_encoding::InvalidGzip;
use comfycontrol_test::{WakeCounter, at_once};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::{Stream, StreamExt, stream};
use http::HeaderMap;
use http::header::TRAILER;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use tower::BoxError;

use crate::support::{Part, decoded, member, part};

/// A server flushes behind each event; it must not have to send another one first.
#[test]
fn an_event_comes_out_before_the_next_is_there() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    // The second packs to less than a hundredth and fills all buffers.
    let events = ["data: 1\n\n".to_owned(), "data: 2\n\n".repeat(40_000)];
    let frames = events.clone().map(|event| {
        gzip.write_all(event.as_bytes()).unwrap();
        gzip.flush().unwrap();
        Bytes::from(mem::take(gzip.get_mut()))
    });
    for count in [1, 2] {
        let mut body = pin!(decoded(open(&frames[..count])));
        let mut come = Vec::new();
        while let Poll::Ready(frame) = body
            .as_mut()
            .poll_frame(&mut Context::from_waker(Waker::noop()))
        {
            come.extend(frame.unwrap().unwrap().into_data().unwrap());
        }
        assert_eq!(come, events[..count].concat().as_bytes());
    }
}

#[test]
fn trailers_come_last() {
    let trailers = HeaderMap::from_iter([(TRAILER, "x".parse().unwrap())]);
    let frames = [part(member("text")), Ok(Frame::trailers(trailers.clone()))];
    let read = at_once(decoded(StreamBody::new(stream::iter(frames))).collect()).unwrap();
    assert_eq!(read.trailers(), Some(&trailers));
    assert_eq!(read.to_bytes(), "text");
}

/// 100 MiB out of 100 KB, with a bound of 1 MiB around it.
#[test]
fn a_bound_counts_what_comes_out_and_memory_follows_the_bound() {
    let bomb = Bytes::from(member(vec![0; 100 << 20]));
    assert!(bomb.len() < 200 << 10);
    let used = measure(|| {
        let read = at_once(Limited::new(decoded(Full::from(bomb.clone())), 1 << 20).collect());
        assert!(read.is_err());
    });
    assert!(used.bytes_max < 3 << 20, "{used:?}");
}

#[test]
fn members_of_nothing_without_end_let_others_have_their_turn() {
    let nothing = Bytes::from(member(""));
    let in_one_frame = vec![Bytes::from(nothing.repeat(10_000))];
    for frames in [vec![nothing; 10_000], in_one_frame] {
        let mut body = pin!(decoded(open(&frames)));
        let wakes = Arc::new(WakeCounter::default());
        let waker = Arc::clone(&wakes).into();
        let polled = body.as_mut().poll_frame(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        assert_eq!(wakes.count(), 1);
    }
}

#[test]
fn after_its_error_a_body_has_ended() {
    let mut body = pin!(decoded(Full::from("no gzip")));
    let error: BoxError = at_once(body.frame()).unwrap().unwrap_err();
    assert!(error.is::<InvalidGzip>());
    assert!(at_once(body.frame()).is_none());
    assert!(body.is_end_stream());
}

/// A body of these frames; more may come.
fn open(frames: &[Bytes]) -> StreamBody<impl Stream<Item = Part> + use<>> {
    let frames: Vec<Part> = frames.iter().cloned().map(part).collect();
    StreamBody::new(stream::iter(frames).chain(stream::pending()))
}
