//! The token alone: what is accepted, what is said about the rest, and what stays in memory.

use std::time::{Duration, SystemTime};

use comfycontrol_token::{InvalidToken, Token};
use proptest::prelude::*;

#[test]
fn accepts_the_documented_format_and_drops_what_files_add() {
    for text in [
        "cfc_abc123",
        "cfc_abc123\n",
        "cfc_abc123\r\n",
        "\u{feff}cfc_abc123\n",
        "  \t cfc_abc123  \n\n",
        "\n\u{feff} cfc_abc123",
    ] {
        assert_eq!(
            Token::parse(text).unwrap().header(),
            "Bearer cfc_abc123",
            "{text:?}"
        );
    }
}

#[test]
fn says_what_is_wrong() {
    use InvalidToken::*;
    for (text, error) in [
        ("", Empty),
        (" \r\n\u{feff}", Empty),
        ("${CFC_TOKEN}", Placeholder),
        ("$CFC_TOKEN", Placeholder),
        ("cfc_${SECRET}", Placeholder),
        ("{{ token }}", Placeholder),
        ("<token>", Placeholder),
        ("%TOKEN%", Placeholder),
        ("Bearer cfc_abc", BearerIncluded),
        ("bearer\tcfc_abc", BearerIncluded),
        ("Bearer", BearerIncluded),
        ("Authorization: Bearer cfc_abc", BearerIncluded),
        ("\"cfc_abc\"", Quoted),
        ("'cfc_abc'", Quoted),
        ("“cfc_abc”", Quoted),
        ("abc", PrefixMissing),
        ("CFC_abc", PrefixMissing),
        ("cfc-abc", PrefixMissing),
        ("cf", PrefixMissing),
        ("cfc_", NothingAfterPrefix),
        ("cfc_a b", Whitespace { position: 6 }),
        ("cfc_a\nb", Whitespace { position: 6 }),
        ("cfc_a\u{a0}b", Whitespace { position: 6 }),
        ("cfc_a-b", IllegalCharacter { position: 6 }),
        ("cfc_éa", IllegalCharacter { position: 5 }),
        ("cfc_ab\0", IllegalCharacter { position: 7 }),
        ("cfc_ab\u{200b}", IllegalCharacter { position: 7 }),
        ("cfc_a_b", IllegalCharacter { position: 6 }),
    ] {
        assert_eq!(Token::parse(text).unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn is_bounded() {
    let longest = format!("cfc_{}", "a".repeat(Token::MAX_LEN - 4));
    assert!(Token::parse(&longest).is_ok());
    assert_eq!(
        Token::parse(longest + "a").unwrap_err(),
        InvalidToken::TooLong
    );
}

#[test]
fn an_opaque_token_is_still_a_b64token() {
    for text in ["abc", "a.b-c_d~e+f/g==", "cfc_abc", "-"] {
        let token = Token::opaque(text).unwrap();
        assert_eq!(
            token.header().as_bytes(),
            format!("Bearer {text}").as_bytes()
        );
    }
    for (text, error) in [
        ("=", InvalidToken::IllegalCharacter { position: 1 }),
        ("a=b", InvalidToken::IllegalCharacter { position: 2 }),
        ("a,b", InvalidToken::IllegalCharacter { position: 2 }),
        ("a b", InvalidToken::Whitespace { position: 2 }),
        ("", InvalidToken::Empty),
    ] {
        assert_eq!(Token::opaque(text).unwrap_err(), error, "{text:?}");
    }
}

#[test]
fn clones_share_one_piece_of_memory() {
    let token = Token::parse("cfc_abc123").unwrap();
    let clone = token.clone();
    let header = clone.header().clone();
    assert_eq!(
        header.as_bytes().as_ptr(),
        token.header().as_bytes().as_ptr()
    );
    assert!(header.is_sensitive());
}

/// Looks into the process's own memory, where the token was before its last clone went.
#[cfg(target_os = "linux")]
#[test]
fn the_memory_is_wiped_with_the_last_clone() {
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    let secret = format!("cfc_{}", "wipeme".repeat(100));
    let token = Token::parse(&secret).unwrap();
    let header = token.header().clone();
    let (at, len) = (header.as_bytes().as_ptr() as u64, header.len());
    let memory = File::open("/proc/self/mem").unwrap();
    let look = || {
        let mut seen = vec![0; len];
        memory.read_exact_at(&mut seen, at).unwrap();
        String::from_utf8_lossy(&seen).matches("wipeme").count()
    };

    drop(token);
    assert_eq!(look(), 100, "a clone is still alive");
    drop(header);
    assert_eq!(look(), 0);
}

#[test]
fn shows_only_its_fingerprint_and_its_end() {
    let token = Token::parse("cfc_canary")
        .unwrap()
        .with_expiry(SystemTime::UNIX_EPOCH + Duration::from_secs(1));
    let shown = format!("{token:?} {:?} {}", token.header(), token.fingerprint());
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains(&token.fingerprint().to_string()));
    assert_eq!(
        token.fingerprint(),
        Token::opaque("cfc_canary").unwrap().fingerprint()
    );
}

proptest! {
    #[test]
    fn agrees_with_the_obvious_oracle(text in text()) {
        let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let legal = trimmed.len() > 4
            && trimmed.starts_with("cfc_")
            && trimmed[4..].bytes().all(|b| b.is_ascii_alphanumeric())
            && trimmed.len() <= Token::MAX_LEN;
        match Token::parse(&text) {
            Ok(token) => {
                prop_assert!(legal);
                prop_assert_eq!(token.header().to_str().unwrap(), format!("Bearer {trimmed}"));
            }
            Err(_) => prop_assert!(!legal),
        }
    }

    #[test]
    fn errors_never_contain_the_text(secret in "[a-z0-9]{12,40}", spoil in "[ -~é]{0,3}") {
        for text in [format!("{secret}{spoil}"), format!("cfc_{secret}{spoil}-"), format!("${{{secret}}}")] {
            if let Err(error) = Token::parse(&text) {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains(&secret));
            }
        }
    }

    #[test]
    fn the_opaque_form_agrees_with_the_grammar(text in "[a-c=.~/+ ,_-]{0,8}") {
        let trimmed = text.trim();
        let body = trimmed.trim_end_matches('=');
        let legal = !body.is_empty() && body.chars().all(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        prop_assert_eq!(Token::opaque(&text).is_ok(), legal);
    }

    #[test]
    fn round_trips(random in "[A-Za-z0-9]{1,200}") {
        let text = format!("cfc_{random}");
        let token: Token = text.parse().unwrap();
        prop_assert_eq!(token.header().to_str().unwrap(), format!("Bearer {text}"));
    }
}

// === support ===

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[ \n\u{feff}]{0,3}cfc_[A-Za-z0-9]{0,40}[ \n\r\u{feff}]{0,3}",
        "[ \n]?(cfc_|CFC_|cfc|\"cfc_|Bearer cfc_)[A-Za-z0-9_ .=${}'\"é-]{0,40}[ \n]?",
    ]
}
