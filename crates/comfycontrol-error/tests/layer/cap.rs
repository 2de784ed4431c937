//! Of an error's body so much is read and no more.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use comfycontrol_error::{ApiErrorKind, ErrorDecoderLayer};
use tokio_test::{assert_ready_err, task};
use tower::{Layer, Service};

use crate::support::{Script, api_error, canned, data, get};

#[test]
fn a_body_over_the_cap_is_cut_and_read_no_further() {
    let layer = ErrorDecoderLayer::new().max_error_body(10);
    for (frames, kept, cut) in [
        (vec!["12345", "67890"], "1234567890", false),
        (vec!["12345", "67890", ""], "1234567890", false),
        (vec!["12345", "678901", "never read"], "1234567890", true),
        (
            vec!["12345", "67890", "1", "never read"],
            "1234567890",
            true,
        ),
        (
            vec!["12345678901234567890", "never read"],
            "1234567890",
            true,
        ),
    ] {
        let body = Script::new(frames.into_iter().map(data));
        let unread = Arc::clone(&body.unread);
        let mut call = task::spawn(layer.layer(canned(500, body)).call(get()));
        let error = api_error(assert_ready_err!(call.poll()));
        assert_eq!(error.body(), kept);
        assert_eq!(error.is_body_truncated(), cut);
        assert!(error.body_error().is_none());
        assert_eq!(unread.load(Relaxed), usize::from(cut));
    }
}

#[test]
fn a_short_form_that_was_cut_is_none() {
    let layer = ErrorDecoderLayer::new().max_error_body(16);
    let body = Script::new([data("error code: 1015 was not the cause")]);
    let mut call = task::spawn(layer.layer(canned(403, body)).call(get()));
    let error = api_error(assert_ready_err!(call.poll()));
    assert_eq!(error.body(), "error code: 1015");
    assert_eq!(error.kind(), ApiErrorKind::Forbidden);
}
