//! What parses is `cfc_` and ASCII letters and digits once trimmed, and nothing else; it comes out
//! as it went in, and neither a token nor an error ever shows a piece of the text.

#![cfg_attr(fuzzing, no_main)]

use comfycontrol_fuzz::fuzz_target;
use comfycontrol_token::{InvalidToken, Token};

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    check(text, Token::parse(text), is_documented);
    check(text, Token::opaque(text), is_b64token);

    let middle = (text.len() / 2..text.len()).find(|at| text.is_char_boundary(*at));
    for at in [Some(0), middle, Some(text.len())].into_iter().flatten() {
        let (before, after) = text.split_at(at);
        check_canary(&format!("{before}{CANARY}{after}"));
    }
});

const CANARY: &str = "Zq7xK2mV9bTdR4";

fn check(text: &str, parsed: Result<Token, InvalidToken>, is_legal: fn(&str) -> bool) {
    let plain = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let Ok(token) = parsed else {
        assert!(!is_legal(plain) || plain.len() > Token::MAX_LEN || is_named_mistake(plain));
        return;
    };
    assert!(is_legal(plain) && plain.len() <= Token::MAX_LEN);
    assert_eq!(
        token.header().as_bytes(),
        [b"Bearer ", plain.as_bytes()].concat()
    );
    assert!(token.header().is_sensitive());
    assert_eq!(format!("{:?}", token.header()), "Sensitive");

    let again = Token::opaque(plain).expect("what was trimmed stays legal");
    assert_eq!(again.fingerprint(), token.fingerprint());
    assert_eq!(format!("{token:?}"), format!("{again:?}"));
}

/// Nothing that is shown repeats a part of the text, wherever that stands.
fn check_canary(text: &str) {
    for parsed in [Token::parse(text), Token::opaque(text)] {
        let shown = match parsed {
            Ok(token) => format!("{token:?} {}", token.fingerprint()),
            Err(error) => format!("{error:?} {error}"),
        };
        assert!(!shown.contains(CANARY), "{shown}");
        assert!(
            shown.len() < 300 && !shown.contains(char::is_control),
            "{shown}"
        );
    }
}

/// `cfc_` and letters and digits, says the API's documentation.
fn is_documented(text: &str) -> bool {
    text.strip_prefix("cfc_")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// `1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="` (RFC 6750, section 2.1).
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

/// Sound as a `b64token`, but surely not meant.
fn is_named_mistake(text: &str) -> bool {
    text.eq_ignore_ascii_case("bearer")
}
