/// Asserts that `text` is one short line without control characters, and holds no token.
pub fn assert_fit_to_be_shown(text: &str, max_chars: usize) {
    assert!(text.chars().count() <= max_chars, "too long: {text:?}");
    let obeyed = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}');
    assert!(!text.contains(obeyed), "not one plain line: {text:?}");
    let leak = text
        .split("cfc_")
        .skip(1)
        .any(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric()));
    assert!(!leak, "shows a token: {text:?}");
}
