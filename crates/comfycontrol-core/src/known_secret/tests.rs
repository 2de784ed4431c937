use super::*;
use crate::Escaped;

fn shown(text: &str) -> String {
    Escaped::new(text, 200).into_string()
}

#[test]
fn a_known_secret_is_masked_in_each_of_its_forms() {
    let _known = KnownSecret::new(SECRET);
    let split = |by: &str| {
        let letters: Vec<_> = SECRET.chars().map(String::from).collect();
        letters.join(by)
    };
    let percent: String = SECRET.bytes().map(|b| format!("%{b:02X}")).collect();
    let json: String = SECRET.bytes().map(|b| format!("\\u{b:04x}")).collect();
    for form in [
        SECRET.to_owned(),
        SECRET.to_uppercase(),
        SECRET.replace('/', "%2f"),
        SECRET.replace('/', "\\/"),
        percent,
        json,
        split("\u{200b}"),
        split("\u{ad}"),
        split("\u{2066}"),
        split("\\u200b"),
        split("\0"),
        split("\u{fe0f}"),
    ] {
        assert_eq!(shown(&format!("no ({form})!")), "no (***)!", "{form:?}");
        assert_eq!(shown(&form), "***");
        assert_eq!(crate::mask_secrets(&form), "***");
        assert_eq!(shown(&format!("{form} {form}é{form}")), "*** ***é***");
    }
}

#[test]
fn eight_characters_of_a_secret_are_enough_to_be_masked_and_seven_are_not() {
    let _known = KnownSecret::new(SECRET);
    for len in 1..SECRET.len() {
        for at in 0..=SECRET.len() - len {
            let part = &SECRET[at..at + len];
            let shown = shown(&format!("({part})"));
            assert_eq!(shown == "(***)", len >= PIECE, "{part}");
            let masked = crate::mask_secrets(part);
            assert_eq!(masked == "***", len >= PIECE, "{part}");
        }
    }
}

#[test]
fn a_secret_is_known_while_one_of_its_owners_lives() {
    const OTHER: &str = "other0secret0here";
    let (first, second) = (KnownSecret::new(OTHER), KnownSecret::new(OTHER));
    assert_eq!(format!("{first:?}"), "KnownSecret { .. }");
    drop(first);
    assert_eq!(shown(OTHER), "***");
    drop(second);
    assert_eq!(shown(OTHER), OTHER);
}

#[test]
fn a_mask_is_not_cut_and_what_follows_is_shown() {
    let _known = KnownSecret::new(SECRET);
    let text = format!("ab{SECRET}{SECRET}cd");
    for (max, shown) in [
        (2, "ab…"),
        (4, "ab…"),
        (5, "ab***…"),
        (9, "ab******c…"),
        (10, "ab******cd"),
    ] {
        assert_eq!(Escaped::new(&text, max).to_string(), shown);
    }
    let words = Escaped::single_spaced("a \n b Zx9-Qw/7rT.k2~Lm \t c", 100);
    assert_eq!(words.to_string(), "a b *** c");
}

const SECRET: &str = "Zx9-Qw/7rT.k2~Lm";
