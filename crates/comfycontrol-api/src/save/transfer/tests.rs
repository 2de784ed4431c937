use super::*;
use http::header::HeaderName;
use proptest::prelude::*;

fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| (name.clone(), value.parse().unwrap()))
        .collect()
}

/// 60 of 100 bytes of a file with this tag are there.
fn begun(etag: Option<&str>) -> Transfer {
    let mut transfer = Transfer::default();
    let etag = etag.map(|etag| (ETAG, etag));
    let head = headers(etag.as_slice());
    let next = transfer.take(StatusCode::OK, &head, Some(100));
    assert_eq!(next, Next::StartAnew { until: Some(100) });
    transfer.received(60);
    transfer
}

fn range(etag: &str, range: &str) -> HeaderMap {
    headers(&[(ETAG, etag), (CONTENT_RANGE, range)])
}

const BEGINNING: Ask = Ask::From {
    first: 0,
    etag: None,
};
const PARTIAL: StatusCode = StatusCode::PARTIAL_CONTENT;
const BEYOND: StatusCode = StatusCode::RANGE_NOT_SATISFIABLE;

#[test]
fn the_rest_of_the_same_file_is_appended() {
    let mut transfer = begun(Some("\"a\""));
    let etag = Some("\"a\"".parse().unwrap());
    assert_eq!(transfer.ask(), Ask::From { first: 60, etag });
    let next = transfer.take(PARTIAL, &range("\"a\"", "bytes 60-79/100"), Some(20));
    assert_eq!(next, Next::Append { until: 80 });
    transfer.received(20);
    assert!(!transfer.is_whole());
    let next = transfer.take(PARTIAL, &range("\"a\"", "Bytes 80-99/*"), Some(20));
    assert_eq!(next, Next::Append { until: 100 });
    transfer.received(20);
    assert!(transfer.is_whole());
}

#[test]
fn a_part_of_another_file_or_of_another_place_is_not_appended() {
    for (etag, said) in [
        ("\"b\"", "bytes 60-99/100"),
        ("W/\"a\"", "bytes 60-99/100"),
        ("\"a", "bytes 60-99/100"),
        ("\"a\"", "bytes 61-99/100"),
        ("\"a\"", "bytes 0-99/100"),
        ("\"a\"", "bytes 60-99/101"),
        ("\"a\"", "bytes 60-100/100"),
        ("\"a\"", "bytes 60-59/100"),
        ("\"a\"", "bytes 60-18446744073709551615/*"),
        ("\"a\"", "bytes */100"),
        ("\"a\"", "lines 60-99/100"),
        ("\"a\"", "60-99/100"),
    ] {
        let mut transfer = begun(Some("\"a\""));
        let next = transfer.take(PARTIAL, &range(etag, said), Some(40));
        assert_eq!(next, Next::AskAgain, "{etag} {said}");
        assert_eq!((transfer.ask(), transfer.have()), (Ask::Whole, 0));
    }
    // One that says nothing of itself.
    let mut transfer = begun(Some("\"a\""));
    let untold = headers(&[(CONTENT_RANGE, "bytes 60-99/100")]);
    assert_eq!(transfer.take(PARTIAL, &untold, Some(40)), Next::AskAgain);
    let mut transfer = begun(Some("\"a\""));
    let unplaced = headers(&[(ETAG, "\"a\"")]);
    assert_eq!(transfer.take(PARTIAL, &unplaced, Some(40)), Next::AskAgain);
}

#[test]
fn without_a_strong_tag_nothing_is_put_together() {
    for etag in [None, Some("W/\"a\""), Some("a"), Some("\"")] {
        assert_eq!(begun(etag).ask(), BEGINNING, "{etag:?}");
    }
    let mut transfer = Transfer::default();
    let two = headers(&[]);
    let mut two = two;
    two.append(ETAG, HeaderValue::from_static("\"a\""));
    two.append(ETAG, HeaderValue::from_static("\"b\""));
    transfer.take(StatusCode::OK, &two, Some(100));
    transfer.received(60);
    assert_eq!(transfer.ask(), BEGINNING);
    // A range that was not asked for.
    let next = transfer.take(PARTIAL, &range("\"a\"", "bytes 60-99/100"), Some(40));
    assert_eq!(next, Next::AskAgain);
}

#[test]
fn a_200_begins_anew_with_what_it_says() {
    let mut transfer = begun(Some("\"a\""));
    let next = transfer.take(StatusCode::OK, &headers(&[(ETAG, "\"b\"")]), Some(70));
    assert_eq!(next, Next::StartAnew { until: Some(70) });
    assert_eq!((transfer.have(), transfer.length()), (0, Some(70)));
    transfer.received(70);
    assert!(transfer.is_whole());
}

#[test]
fn the_length_is_told_by_the_range_whatever_the_body_has() {
    let mut transfer = Transfer::default();
    assert_eq!(transfer.ask(), BEGINNING);
    let head = range("\"a\"", "bytes 0-99/100");
    let next = transfer.take(PARTIAL, &head, Some(50));
    assert_eq!(next, Next::StartAnew { until: Some(100) });
    transfer.received(50);
    transfer.ended();
    assert!(!transfer.is_whole());
    let etag = Some("\"a\"".parse().unwrap());
    assert_eq!(transfer.ask(), Ask::From { first: 50, etag });
    // A file without bytes has no range.
    let mut transfer = Transfer::default();
    let head = headers(&[(CONTENT_RANGE, "bytes */0")]);
    assert_eq!(transfer.take(BEYOND, &head, Some(0)), Next::Whole);
}

#[test]
fn a_416_says_that_the_file_is_whole_or_has_changed() {
    for (said, expected) in [("bytes */60", Next::Whole), ("bytes */50", Next::AskAgain)] {
        let mut transfer = begun(Some("\"a\""));
        transfer.length = None;
        let head = headers(&[(CONTENT_RANGE, said)]);
        assert_eq!(transfer.take(BEYOND, &head, Some(0)), expected);
    }
    let head = headers(&[(CONTENT_RANGE, "bytes */60")]);
    let mut shorter = begun(Some("\"a\""));
    assert_eq!(shorter.take(BEYOND, &head, Some(0)), Next::AskAgain);
    let mut other = begun(Some("\"a\""));
    other.length = None;
    let head = range("\"b\"", "bytes */60");
    assert_eq!(other.take(BEYOND, &head, Some(0)), Next::AskAgain);
}

#[test]
fn where_no_length_was_told_the_end_is_asked_for() {
    let ended = || {
        let mut transfer = Transfer::default();
        let next = transfer.take(StatusCode::OK, &headers(&[]), None);
        assert_eq!(next, Next::StartAnew { until: None });
        transfer.received(60);
        transfer.ended();
        let etag = None;
        assert_eq!(transfer.ask(), Ask::From { first: 60, etag });
        assert!(!transfer.is_whole());
        transfer
    };
    let head = headers(&[(CONTENT_RANGE, "bytes */60")]);
    let mut transfer = ended();
    assert_eq!(transfer.take(BEYOND, &head, Some(0)), Next::Whole);
    assert!(transfer.is_whole());
    // Neither ranges nor a length.
    let next = ended().take(StatusCode::OK, &headers(&[]), None);
    assert_eq!(next, Next::Unproven);
    assert_eq!(ended().take(BEYOND, &headers(&[]), None), Next::Unproven);
    // There is more; without a tag it may be another's.
    let next = ended().take(PARTIAL, &range("\"a\"", "bytes 60-99/100"), Some(40));
    assert_eq!(next, Next::AskAgain);
    let next = ended().take(StatusCode::OK, &headers(&[]), Some(100));
    assert_eq!(next, Next::StartAnew { until: Some(100) });
}

proptest! {
    /// A server that has two files of different tags, and tells the truth of the tags and of
    /// nothing else in particular: what is whole is one of the two.
    #[test]
    fn what_is_whole_is_one_file(replies in proptest::collection::vec(
        (0..4u8, any::<bool>(), 0..50u64, 0..=50u64, 0..3u8), 1..40
    )) {
        let content = |is_b: bool, at: u64| (u64::from(is_b), at);
        let mut transfer = Transfer::default();
        let mut disk: Vec<(u64, u64)> = Vec::new();
        for (kind, is_b, start, got, lies) in replies {
            let etag = if is_b { "\"b\"" } else { "\"a\"" };
            let (status, head, length, start) = match kind {
                0 => (StatusCode::OK, headers(&[(ETAG, etag)]), (lies > 0).then_some(50), 0),
                1 | 2 => {
                    let start = if kind == 1 { disk.len() as u64 } else { start };
                    let said = format!("bytes {start}-49/{}", if lies > 1 { "*" } else { "50" });
                    (PARTIAL, range(etag, &said), None, start)
                }
                _ => (BEYOND, headers(&[(CONTENT_RANGE, "bytes */50")]), None, 0),
            };
            let until = match transfer.take(status, &head, length) {
                Next::Whole => break,
                Next::StartAnew { until } => {
                    disk.clear();
                    until.unwrap_or(50)
                }
                Next::Append { until } => until,
                Next::AskAgain | Next::Unproven => continue,
            };
            let end = until.min(start + got).min(50);
            for at in start..end {
                disk.push(content(is_b, at));
                transfer.received(1);
            }
            if end == 50 {
                transfer.ended();
            }
            if transfer.is_whole() {
                break;
            }
        }
        if transfer.is_whole() {
            let first = disk[0].0 == 1;
            let whole: Vec<_> = (0..50).map(|at| content(first, at)).collect();
            prop_assert_eq!(disk, whole);
        }
    }
}
