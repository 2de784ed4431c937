use proptest::prelude::*;

use super::*;

#[test]
fn masks_tokens_and_escapes_what_a_terminal_obeys_or_hides() {
    for (text, shown) in TABLE {
        assert_eq!(Escaped::new(text, 100).to_string(), shown);
        assert_eq!(
            format!("{:?}", Escaped::new(text, 100)),
            format!("{shown:?}")
        );
    }
}

#[test]
fn escapes_every_character_that_is_not_seen_or_moves_others() {
    let ranges = [
        '\0'..=' ',
        '\u{7f}'..='\u{9f}',
        '\u{ad}'..='\u{ad}',
        '\u{61c}'..='\u{61c}',
        '\u{180e}'..='\u{180e}',
        '\u{200b}'..='\u{200f}',
        '\u{2028}'..='\u{202e}',
        '\u{2060}'..='\u{206f}',
        '\u{feff}'..='\u{feff}',
        '\u{fff9}'..='\u{fffb}',
        '\u{e0000}'..='\u{e007f}',
    ];
    for c in ranges.into_iter().flatten().filter(|c| *c != ' ') {
        let shown = Escaped::new(&format!("a{c}b"), 100).to_string();
        assert!(shown.starts_with("a\\") && shown.ends_with('b'), "{c:?}");
    }
}

/// Text is looked at in blocks: one of nothing but the letter that begins a token ends in one.
#[test]
fn a_token_is_masked_after_any_number_of_letters_that_could_begin_one() {
    for number in 1..70 {
        for (letter, rest) in [("c", "fc_abc"), ("%", "63fc_abc"), ("\\", "u0063fc_abc")] {
            let text = letter.repeat(number) + rest;
            let shown = Escaped::new(&text, 200).to_string();
            assert!(shown.ends_with("cfc_***"), "{text} {shown}");
        }
    }
}

#[test]
fn cuts_between_characters_and_says_so() {
    for (text, max, shown) in [
        ("äöü", 3, "äöü"),
        ("äöüß", 3, "äöü…"),
        ("abc", 3, "abc"),
        ("abcd", 3, "abc…"),
        ("ab\u{1b}", 5, "ab…"),
        ("ab cfc_secret", 9, "ab …"),
        ("  a  ", 1, "a"),
        ("a", 0, "…"),
        (" ", 0, ""),
    ] {
        assert_eq!(Escaped::new(text, max).to_string(), shown, "{text:?}");
    }
}

#[test]
fn of_words_only_the_space_between_them_is_kept() {
    let words = |text| Escaped::single_spaced(text, 11).into_string();
    assert_eq!(words("\ta \n\u{a0}b\r\nc cfc_d\t\t"), "a b c …");
    assert_eq!(words(" a   cfc_d "), "a cfc_***");
}

proptest! {
    #[test]
    fn agrees_with_the_naive_reading(text in foreign(), max in 0usize..60, one_space: bool) {
        let escaped = if one_space { Escaped::single_spaced(&text, max) } else { Escaped::new(&text, max) };
        prop_assert_eq!(escaped.to_string(), naive(&text, max, one_space));
        prop_assert_eq!(escaped.into_string(), escaped.to_string());
    }

    #[test]
    fn leaves_ordinary_text_alone(text in "[a-zA-Z0-9.,:;(){}\"'<>/-]([ -^`-~äπ漢]{0,98}[a-z.])?") {
        prop_assert_eq!(Escaped::new(&text, 100).to_string(), text);
    }

    #[test]
    fn nothing_harmful_gets_through(text in foreign(), max in 0usize..60) {
        let shown = Escaped::new(&text, max).to_string();
        prop_assert!(shown.chars().count() <= max + 1);
        prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)), "{:?}", shown);
        let leaks = shown.split("cfc_").skip(1);
        let leaks = leaks.filter(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'));
        prop_assert_eq!(leaks.count(), 0, "{:?}", shown);
    }
}

// === support ===

fn foreign() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "cfc_",
        "[a-zA-Z0-9_]{0,9}",
        "[ \t\r\n]{0,3}",
        "\\PC{0,3}",
        "\\p{Any}{0,3}",
        "\\p{C}"
    ];
    proptest::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

/// Character by character, each become a text of its own.
fn naive(text: &str, max: usize, one_space: bool) -> String {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while let Some(c) = rest.chars().next() {
        let run = rest.len() - rest.trim_start().len();
        let (piece, taken) = match split_token(rest) {
            Some(after) => (MASK.to_owned(), rest.len() - after.len()),
            None if one_space && run > 0 => (" ".to_owned(), run),
            None if "\t\n\r".contains(c) => (c.escape_default().to_string(), 1),
            None if c.is_control() || is_invisible(c) => {
                (c.escape_unicode().to_string(), c.len_utf8())
            }
            None => (c.to_string(), c.len_utf8()),
        };
        pieces.push(piece);
        rest = &rest[taken..];
    }
    let mut width = 0;
    let fits = pieces.iter().take_while(|piece| {
        width += piece.chars().count();
        width <= max
    });
    let fits = fits.count();
    let cut = if fits < pieces.len() { "…" } else { "" };
    pieces[..fits].concat() + cut
}

const TABLE: [(&str, &str); 22] = [
    ("cfc_abc123", "cfc_***"),
    ("a cfc_abc, cfc_1é", "a cfc_***, cfc_***é"),
    ("(cfc_a)(xcfc_b.c)", "(cfc_***)(xcfc_***.c)"),
    // The prefix pasted twice, and a token in a variable's name.
    ("cfc_cfc_abc", "cfc_***"),
    ("cfc_abc_def", "cfc_***"),
    ("cfc__abc", "cfc_***"),
    // The bare prefix is not a secret, and helps to understand a message.
    ("must start with cfc_", "must start with cfc_"),
    ("cfc_-abc", "cfc_-abc"),
    // However it is written.
    ("c\u{200b}f\u{ad}c\u{2066}_a\u{feff}bc", "cfc_***"),
    ("\u{200b}cfc_abc\u{200b}", "\\u{200b}cfc_***\\u{200b}"),
    ("?t=cfc%5Fabc&x", "?t=cfc_***&x"),
    ("%63%66%63%5F%61%62", "cfc_***"),
    (r"cfc_\u0061bc", "cfc_***"),
    (r"\u0063fc_abc\n", r"cfc_***\n"),
    (r"cf\u200bc_abc", "cfc_***"),
    ("100% c%C3 \\u00", "100% c%C3 \\u00"),
    ("\u{1b}[31mred", "\\u{1b}[31mred"),
    ("a\r\nb\tc", "a\\r\\nb\\tc"),
    ("a\u{202e}b\u{2066}c", "a\\u{202e}b\\u{2066}c"),
    ("a\u{2028}b\u{85}c", "a\\u{2028}b\\u{85}c"),
    ("a\u{200b}b\0c", "a\\u{200b}b\\u{0}c"),
    ("äπ漢 'x' \"y\" \\", "äπ漢 'x' \"y\" \\"),
];
