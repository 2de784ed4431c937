//! Several sources, one after the other.

use std::fs;

use comfycontrol_token::{SourceErrorKind, Token, TokenHandle, TokenSource, env, file, first_of};

use crate::support::{problem_of, shown, written};

#[test]
fn the_first_source_that_works_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let source = first_of(file(&one))
        .or(env("NO_SUCH_VARIABLE"))
        .or(file(&two));
    let SourceErrorKind::AllFailed(errors) = problem_of(&source) else {
        panic!("something worked");
    };
    assert_eq!(errors.len(), 3);

    fs::write(&one, "broken").unwrap();
    fs::write(&two, "cfc_two").unwrap();
    assert_eq!(shown(&source), "Bearer cfc_two");
    // An earlier one that gets well takes its place back ...
    fs::write(&one, "cfc_one").unwrap();
    assert_eq!(shown(&source), "Bearer cfc_one");
    // ... and keeps it while it is broken, but not once it is gone.
    fs::write(&one, "broken").unwrap();
    assert!(matches!(
        problem_of(&source),
        SourceErrorKind::InvalidToken(_)
    ));
    fs::remove_file(&one).unwrap();
    assert_eq!(shown(&source), "Bearer cfc_two");
}

#[test]
fn falling_back_is_doubted_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(&dir, "token", "cfc_file");
    let source = first_of(file(&path)).or(Token::parse("cfc_fixed").unwrap());
    source.read().unwrap();
    assert!(source.may_be_torn(), "a file may be");
    fs::remove_file(&path).unwrap();
    source.read().unwrap();
    assert!(source.may_be_torn(), "it may be about to come back");
    source.read().unwrap();
    assert!(!source.may_be_torn());
}

#[test]
fn a_token_that_is_no_longer_good_gives_way_to_the_next() {
    let (old, new) = (
        Token::parse("cfc_old").unwrap(),
        Token::parse("cfc_new").unwrap(),
    );
    let source = first_of(old.clone()).or(new);
    let unauthorized = old.fingerprint();
    let good = |token: &Token| token.fingerprint() != unauthorized;
    assert_eq!(
        source.read_preferring(&good).unwrap().header(),
        "Bearer cfc_new"
    );
    assert_eq!(
        source.read_preferring(&|_| false).unwrap().header(),
        "Bearer cfc_old"
    );
}

#[test]
fn a_handle_can_be_one_of_several_sources() {
    let handle = TokenHandle::new(Token::parse("cfc_old").unwrap());
    let source = first_of(env("NO_SUCH_VARIABLE")).or(handle.clone());
    handle.rotate(Token::parse("cfc_new").unwrap());
    assert_eq!(shown(&source), "Bearer cfc_new");
}
