//! Whatever the fields of a form hold, the form reads back as these fields in this order: no name,
//! file name or content type ends its quotes or its line, and the length is the one announced.
//!
//! An input is one field after the other, each of four texts that end with a NUL: name, value, file
//! name and content type (the last two are left out if empty).

#![cfg_attr(fuzzing, no_main)]

use bytes::Bytes;
use comfycontrol_body::{Body, Multipart, Part};
use comfycontrol_fuzz::{fuzz_target, ready};
use http_body_util::BodyExt;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let texts: Vec<&str> = text.split('\0').collect();
    let fields: Vec<&[&str]> = texts.chunks_exact(4).collect();

    let form = fields.iter().fold(Multipart::new(), |form, field| {
        form.part(field[0], part(field))
    });
    let content_type = form.content_type();
    let boundary = content_type
        .to_str()
        .ok()
        .and_then(|value| value.strip_prefix("multipart/form-data; boundary="))
        .expect("a form says how it is divided");
    let body = form.into_body();
    let announced = body.content_length();
    let copy = body.try_clone().expect("bytes can be sent again");
    let sent = read(body);
    assert_eq!(announced, Some(sent.len() as u64));
    assert_eq!(read(copy), sent);

    let sent = String::from_utf8(sent.to_vec()).expect("text stays text");
    let delimiter = format!("\r\n--{boundary}");
    let whole = format!("\r\n{sent}");
    let mut pieces = whole.split(&delimiter);
    assert_eq!(pieces.next(), Some(""));
    for field in fields {
        let piece = pieces.next().expect("one piece a field");
        let (head, value) = piece.split_once("\r\n\r\n").expect("a head, then a value");
        assert_eq!(value, field[1]);
        check_head(head, field);
    }
    assert_eq!(pieces.next(), Some("--\r\n"));
    assert_eq!(pieces.next(), None);
});

fn part(field: &[&str]) -> Part {
    let mut part = Part::bytes(Bytes::copy_from_slice(field[1].as_bytes()));
    if !field[2].is_empty() {
        part = part.file_name(field[2]);
    }
    if !field[3].is_empty() {
        part = part.content_type(field[3]);
    }
    part
}

fn check_head(head: &str, field: &[&str]) {
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some(""));
    let disposition = lines.next().expect("a field has a name");
    let content_type = lines.next();
    assert_eq!(lines.next(), None, "a line too many: {head:?}");
    assert!(!disposition.contains(['\r', '\n']), "{head:?}");

    let quoted: Vec<&str> = disposition.split('"').collect();
    let file = (!field[2].is_empty()).then(|| escaped(field[2]));
    match (&quoted[..], &file) {
        ([before, name, ""], None) => {
            assert_eq!(*before, "Content-Disposition: form-data; name=");
            assert_eq!(*name, escaped(field[0]));
        }
        ([_, name, between, file_name, ""], Some(file)) => {
            assert_eq!(*name, escaped(field[0]));
            assert_eq!(*between, "; filename=");
            assert_eq!(file_name, file);
        }
        _ => panic!("not as many quotes as there should be: {head:?}"),
    }
    // Quotes and all, but nothing that could end the line.
    let kind = match (field[3], &file) {
        ("", None) => None,
        ("", Some(_)) => Some("application/octet-stream".to_owned()),
        (kind, _) => Some(kind.replace(char::is_control, " ")),
    };
    let kind = kind.map(|kind| format!("Content-Type: {kind}"));
    assert_eq!(content_type, kind.as_deref());
}

/// As the HTML Standard has it ("multipart/form-data encoding algorithm").
fn escaped(text: &str) -> String {
    text.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn read(body: Body) -> Bytes {
    ready(body.collect()).expect("bytes do not fail").to_bytes()
}
