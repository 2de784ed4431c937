//! A source read by a provider before the first request.

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
