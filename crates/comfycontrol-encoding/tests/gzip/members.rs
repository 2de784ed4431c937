use comfycontrol_encoding::InvalidGzip;
use flate2::GzBuilder;
use tower::BoxError;

use crate::support::{member, read, written};

#[test]
fn all_members_are_read_also_those_of_nothing() {
    let file = [
        member("one, "),
        member(""),
        member("two, "),
        member("three"),
    ]
    .concat();
    assert_eq!(read([&file[..]]).unwrap(), "one, two, three");
}

#[test]
fn a_header_with_all_its_fields_is_read() {
    let header = GzBuilder::new()
        .extra(vec![7; 65_535])
        .filename("a.json")
        .comment("no comment")
        .mtime(1);
    let file = written(header, "text");
    assert_eq!(read([&file[..]]).unwrap(), "text");
    assert_eq!(read(file.chunks(100)).unwrap(), "text");
}

#[test]
fn the_checksum_of_a_header_is_checked() {
    let plain = member("text");
    // RFC 1952 §2.3.1: FHCRC, the lower half of the CRC-32 of the header.
    let mut head = plain[..10].to_vec();
    head[3] |= 0b10;
    let mut crc = flate2::Crc::new();
    crc.update(&head);
    let right = crc.sum().to_le_bytes();
    let with = |sum: &[u8]| [&head[..], &sum[..2], &plain[10..]].concat();
    assert_eq!(read([&with(&right)[..]]).unwrap(), "text");
    assert!(read([&with(&[!right[0], right[1]])[..]]).is_err());
}

#[test]
fn a_body_of_no_bytes_is_empty() {
    assert_eq!(read([]).unwrap(), "");
    assert_eq!(read([&b""[..], b""]).unwrap(), "");
}

#[test]
fn a_body_that_ends_within_a_member_is_an_error_wherever_it_ends() {
    let file = [member("one"), member("two")].concat();
    let first = member("one").len();
    for end in (1..file.len()).filter(|end| *end != first) {
        let error = read([&file[..end]]).unwrap_err();
        assert!(error.is::<InvalidGzip>(), "{end}: {error}");
    }
    let error = read([&file[..first - 10]]).unwrap_err();
    assert_eq!(error.to_string(), "gzip ends too early");
}

#[test]
fn what_follows_the_last_member_is_an_error_zeros_too() {
    for rest in [&b"garbage"[..], &[0; 512], b"\0", b"\x1f\x8b\x09"] {
        let whole = [&member("text")[..], rest].concat();
        invalid(read([&whole[..]]));
        invalid(read([&member("text")[..], rest]));
    }
}

#[test]
fn a_body_that_is_no_gzip_is_an_error() {
    invalid(read([&b"{\"plain\": \"text that says it is gzip\"}"[..]]));
    let mut file = member("text");
    let checksum = file.len() - 8;
    file[checksum] ^= 1;
    invalid(read([&file[..]]));
}

fn invalid<T: std::fmt::Debug>(read: Result<T, BoxError>) {
    let error = read.unwrap_err();
    assert!(error.is::<InvalidGzip>(), "{error}");
}
