//! A source read by a provider before the first request.

use std::time::{Duration, SystemTime};

use comfycontrol_test::Log;
use comfycontrol_token::{SourceError, SourceErrorKind, Token, TokenProvider, TokenSource, file};

use crate::support::written;

#[test]
fn a_mistake_shows_at_the_start_when_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let good = written(&dir, "token", "cfc_abc");
    let provider = TokenProvider::from(file(good));
    assert_eq!(provider.preload(), Ok(()));
    assert_eq!(provider.snapshot().generation(), 1);
    let error = TokenProvider::from(file(dir.path())).preload().unwrap_err();
    assert_eq!(*error.kind(), SourceErrorKind::NotRegularFile);
}

#[test]
fn a_warning_comes_as_long_before_the_end_as_was_set() {
    for (minutes, warnings) in [(30, 0), (90, 1)] {
        let log = Log::default();
        let _guard = log.capture();
        let token = Token::parse("cfc_abc").unwrap().with_expiry(in_an_hour());
        let provider = TokenProvider::from(token);
        provider
            .clone()
            .set_warn_before(Duration::from_secs(60 * minutes));
        provider.refresh();
        provider.refresh();
        let text = log.text();
        assert_eq!(text.matches("expires soon").count(), warnings, "{text}");
    }
}

#[test]
fn a_source_that_panics_is_an_error() {
    struct Panics;

    impl TokenSource for Panics {
        fn read(&self) -> Result<Token, SourceError> {
            panic!("on purpose")
        }
    }

    let error = TokenProvider::new(Panics).preload().unwrap_err();
    assert_eq!(*error.kind(), SourceErrorKind::Panicked);
    let boxed: Box<dyn TokenSource> = Box::new(Panics);
    assert!(TokenProvider::from(boxed).preload().is_err());
}

// === support ===

#[expect(
    clippy::disallowed_methods,
    reason = "an expiry is compared with the calendar"
)]
fn in_an_hour() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3_600)
}
