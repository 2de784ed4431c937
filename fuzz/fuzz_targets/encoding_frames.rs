//! A body in gzip reads as a decoder of whole files has it, and fails where that fails, whatever it
//! is made of and however it is cut into frames. In another coding that was not asked for it is
//! refused. In none it stays as it is.
//!
//! An input is a line with the value of `Content-Encoding`, a line with the sizes of the frames (`1
//! 7 100`, over and over; 0 is an empty frame), and the body, a line a piece:
//!
//! * `+text` is a member that holds the text;
//! * `*3 text` is one that holds it 3,000 times;
//! * `-2` takes two bytes off the end;
//! * `^5` changes the fifth byte;
//! * anything else is taken as it is, with its line end.

#![cfg_attr(fuzzing, no_main)]

use std::convert::Infallible;
use std::io::{Read, Write};

use bytes::Bytes;
use comfycontrol_encoding::{DecompressionLayer, InvalidGzip, UnexpectedContentEncoding};
use comfycontrol_fuzz::{block_on, fuzz_target};
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use futures_util::stream;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tower::{BoxError, Layer, ServiceExt, service_fn};

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(3, |b| *b == b'\n');
    let coding = lines.next().unwrap_or_default();
    let Ok(coding) = HeaderValue::from_bytes(coding) else {
        return;
    };
    let sizes = sizes(lines.next().unwrap_or_default());
    let body = body(lines.next().unwrap_or_default());
    let read = read(&coding, frames(&body, &sizes));
    match undone(&coding) {
        Undone::Nothing => assert_eq!(read.expect("nothing was done to it"), body),
        Undone::Gzip => check_gzip(read, &body),
        Undone::Unknown => {
            let error = read.expect_err("it was not asked for");
            assert!(error.is::<UnexpectedContentEncoding>(), "{error}");
            assert!(error.to_string().chars().count() < 160);
        }
    }
});

/// A body of no bytes is no file, and yet no error.
fn check_gzip(read: Result<Bytes, BoxError>, file: &[u8]) {
    let mut whole = Vec::new();
    // Bounded, as the input is: 2 KB make at most 2 MB.
    match MultiGzDecoder::new(file).read_to_end(&mut whole) {
        Err(_) if !file.is_empty() => {
            let error = read.expect_err("it is no gzip");
            assert!(error.is::<InvalidGzip>(), "{error}");
        }
        _ => assert_eq!(read.expect("it is gzip"), whole),
    }
}

enum Undone {
    Gzip,
    Nothing,
    Unknown,
}

/// The list in so many words.
fn undone(coding: &HeaderValue) -> Undone {
    let list = String::from_utf8_lossy(coding.as_bytes()).to_ascii_lowercase();
    let list: Vec<&str> = list
        .split(',')
        .map(|name| name.trim_matches([' ', '\t']))
        .filter(|name| !["", "identity"].contains(name))
        .collect();
    match list[..] {
        [] => Undone::Nothing,
        ["gzip" | "x-gzip"] => Undone::Gzip,
        _ => Undone::Unknown,
    }
}

fn read(coding: &HeaderValue, frames: Vec<Bytes>) -> Result<Bytes, BoxError> {
    let frames = frames
        .into_iter()
        .map(|data| Ok::<_, Infallible>(Frame::data(data)));
    let mut response = Response::new(StreamBody::new(stream::iter(frames)));
    response
        .headers_mut()
        .insert(CONTENT_ENCODING, coding.clone());
    let mut response = Some(response);
    let server = service_fn(move |req: Request<()>| {
        assert_eq!(req.headers()[ACCEPT_ENCODING], "gzip");
        std::future::ready(Ok::<_, BoxError>(
            response.take().expect("it is asked once"),
        ))
    });
    let client = DecompressionLayer::new().layer(server);
    block_on(async {
        let response = client.oneshot(Request::new(())).await?;
        Ok(response.into_body().collect().await?.to_bytes())
    })
}

fn sizes(line: &[u8]) -> Vec<usize> {
    let words = line.split(|b| *b == b' ');
    let numbers = words.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok());
    numbers.take(16).collect()
}

fn frames(body: &[u8], sizes: &[usize]) -> Vec<Bytes> {
    if sizes.iter().all(|size| *size == 0) {
        return vec![Bytes::copy_from_slice(body)];
    }
    let mut left = Bytes::copy_from_slice(body);
    let mut frames = Vec::new();
    for size in sizes.iter().cycle() {
        if left.is_empty() {
            break;
        }
        frames.push(left.split_to((*size).min(left.len())));
    }
    frames
}

fn body(script: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for line in script.split_inclusive(|b| *b == b'\n') {
        let piece = line.strip_suffix(b"\n").unwrap_or(line);
        match piece.split_first() {
            Some((b'+', text)) => body.extend(member(text, 1)),
            Some((b'*', rest)) => {
                let (times, text) = rest.split_at(rest.len().min(1));
                let times = usize::from(times.first().map_or(0, |digit| digit % 10));
                body.extend(member(text, 1_000 * times));
            }
            Some((b'-', number)) => body.truncate(body.len().saturating_sub(value(number))),
            Some((b'^', number)) => {
                if let Some(byte) = body.get_mut(value(number)) {
                    *byte ^= 0x55;
                }
            }
            _ => body.extend(line),
        }
    }
    body
}

fn value(number: &[u8]) -> usize {
    let number = std::str::from_utf8(number).unwrap_or_default();
    number.trim().parse().unwrap_or_default()
}

/// One member, of at most 9,000 times 32 bytes.
fn member(text: &[u8], times: usize) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..times {
        let text = if times > 1 {
            &text[..text.len().min(32)]
        } else {
            text
        };
        gzip.write_all(text).expect("memory takes it");
    }
    gzip.finish().expect("memory takes it")
}
