//! An environment variable, and a token where its name belongs.

use comfycontrol_token::{InvalidToken, SourceErrorKind, TokenProvider, TokenSource, env, file};

use crate::support::problem_of;

#[test]
fn a_token_given_as_a_name_is_masked() {
    // The prefix pasted twice, as people do.
    let pasted = env("cfc_cfc_canary_canary").read().unwrap_err();
    assert_eq!(
        pasted.to_string(),
        "environment variable cfc_***: not there"
    );
    let source = env("cfc_canary");
    let error = source.read().unwrap_err();
    let provider = TokenProvider::from(env("cfc_canary"));
    let shown = format!(
        "{error} {error:?} {source:?} {provider:?} {:?}",
        file("/x/cfc_canary").read()
    );
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_variable_that_is_set_is_read() {
    // `cargo test` sets it; it is no token, and so the error shows that it was read.
    assert_eq!(
        problem_of(&env("CARGO_MANIFEST_DIR")),
        SourceErrorKind::InvalidToken(InvalidToken::PrefixMissing)
    );
    for name in ["NO_SUCH_VARIABLE", "", "A=B", "A\0B"] {
        assert_eq!(
            problem_of(&env(name)),
            SourceErrorKind::NotFound,
            "{name:?}"
        );
    }
}
