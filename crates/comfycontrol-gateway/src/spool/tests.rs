use futures_util::stream;
use http_body::Frame;
use http_body_util::{Full, StreamBody};

use super::*;

fn pieces(count: usize, len: usize) -> impl HttpBody<Data = Bytes, Error = BoxError> {
    StreamBody::new(stream::iter((0..count).map(move |number| {
        let piece = vec![u8::try_from(number % 251).unwrap(); len];
        Ok(Frame::data(Bytes::from(piece)))
    })))
}

async fn collected(body: Body) -> Bytes {
    body.collect().await.expect("whole").to_bytes()
}

#[tokio::test]
async fn a_body_of_two_megabytes_is_read_into_a_file_and_can_be_sent_twice() {
    let mut spool = Spool::new();
    spool.set_space(5_000_000);
    let body = spool.read(pieces(200, 10_000)).await.unwrap();
    assert_eq!(body.content_length(), Some(2_000_000));
    assert_eq!(spool.space.left(), 3_000_000);
    let again = body.try_clone().expect("can be sent again");
    let expected = pieces(200, 10_000).collect().await.unwrap().to_bytes();
    assert_eq!(collected(body).await, expected);
    assert_eq!(collected(again).await, expected);
    assert_eq!(spool.space.left(), 5_000_000);
}

#[tokio::test]
async fn a_short_body_stays_in_memory() {
    let mut spool = Spool::new();
    spool.directory = Some("/nowhere".into());
    let body = spool.read(Full::from("short")).await.unwrap();
    assert_eq!(body.content_length(), Some(5));
    assert_eq!(collected(body).await, "short");
}

#[tokio::test]
async fn what_is_too_large_is_refused_whether_announced_or_not_and_leaves_nothing() {
    let mut spool = Spool::new();
    spool.max_body = 3_000_000;
    spool.set_space(4_000_000);
    let announced = Full::new(Bytes::from(vec![0; 3_000_001]));
    for refusal in [
        spool.read(announced).await.unwrap_err(),
        spool.read(pieces(31, 100_000)).await.unwrap_err(),
    ] {
        assert_eq!(refusal.status(), 413);
    }
    let first = spool.read(pieces(30, 100_000)).await.unwrap();
    let full = spool.read(pieces(30, 100_000)).await.unwrap_err();
    assert_eq!(full.status(), 503);
    drop(first);
    assert_eq!(spool.space.left(), 4_000_000);
}

/// What comes of a body of `count` pieces of so many bytes, one every so many seconds: its length,
/// or the status of the refusal.
async fn every(seconds: u64, bytes: usize, count: u32) -> Result<u64, u16> {
    let drops = stream::unfold(0, move |number| async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let data = Ok::<_, BoxError>(Frame::data(Bytes::from(vec![0; bytes])));
        (number < count).then_some((data, number + 1))
    });
    match Spool::new().read(StreamBody::new(drops)).await {
        Ok(body) => Ok(body.content_length().unwrap()),
        Err(refusal) => Err(refusal.status().as_u16()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_drips_ends_and_one_that_moves_may_last() {
    assert_eq!(every(5, 1, 1_000).await, Err(408));
    assert_eq!(every(5, 10_240, 90).await, Ok(921_600));
}
