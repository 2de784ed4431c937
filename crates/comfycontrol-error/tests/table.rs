//! The table that tells users what to do is what the decoder does.

use std::collections::BTreeSet;

use bytes::Bytes;
use comfycontrol_error::ApiError;
use http::{HeaderName, HeaderValue, Response};

const TABLE: &str = include_str!("../src/table.md");

#[test]
fn every_row_of_the_table_holds() {
    for row in rows() {
        let error = ApiError::from_response(row.response());
        let said = (row.kind, row.retry_class, row.applied);
        let done = (
            format!("`{:?}`", error.kind()),
            format!("`{:?}`", error.retry_class()),
            format!("`{:?}`", error.applied()),
        );
        let done = (done.0.as_str(), done.1.as_str(), done.2.as_str());
        assert_eq!(said, done, "{}", row.line);
        assert!(!row.advice.is_empty(), "{}", row.line);
    }
}

#[test]
fn the_table_has_a_row_for_every_kind() {
    let source = include_str!("../src/kind.rs");
    let body = source.split("pub enum ApiErrorKind {").nth(1).unwrap();
    let body = body.split("\n}").next().unwrap();
    let declared: BTreeSet<_> = body
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .filter(|name| name.chars().all(char::is_alphanumeric))
        .map(|name| format!("`{name}`"))
        .collect();
    let listed: BTreeSet<_> = rows().iter().map(|row| row.kind.to_owned()).collect();
    assert!(declared.len() > 20, "{declared:?}");
    assert_eq!(listed, declared);
}

// === support ===

struct Row {
    line: &'static str,
    status: u16,
    /// The code spans of the response's cell: header fields, then the body.
    spans: Vec<&'static str>,
    kind: &'static str,
    retry_class: &'static str,
    applied: &'static str,
    advice: &'static str,
}

impl Row {
    fn response(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = self.status.try_into().unwrap();
        for span in &self.spans {
            match field(span) {
                Some((name, value)) => drop(response.headers_mut().insert(name, value)),
                None => *response.body_mut() = Bytes::from(*span),
            }
        }
        response
    }
}

fn rows() -> Vec<Row> {
    let lines = TABLE.lines().skip(2).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let &[status, response, kind, retry_class, applied, advice] = cells.as_slice() else {
                panic!("not six cells: {line}");
            };
            Row {
                line,
                status: status.parse().unwrap(),
                spans: response.split('`').skip(1).step_by(2).collect(),
                kind,
                retry_class,
                applied,
                advice,
            }
        })
        .collect()
}

/// `name: value`, where the name can be that of a header field.
fn field(span: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = span.split_once(": ")?;
    Some((name.parse().ok()?, value.parse().ok()?))
}
