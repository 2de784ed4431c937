//! By what a run is known among others: no I/O.

use crate::key;

/// The name of a run that is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    name: &'a str,
    /// What it ends with, if that is a key.
    key: Option<&'a str>,
    /// Whether the key is enough: no other run has it.
    by_key: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Likeness {
    /// It may be the one: a server may have written the name in another form.
    Alike,
    Other,
    This,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(name: &'a str, by_key: bool) -> Self {
        let name = name.trim();
        let key = key::of(name);
        Self { name, key, by_key }
    }

    /// Compares it with the name of a run.
    pub(super) fn compare(&self, name: &str) -> Likeness {
        let name = name.trim();
        if name == self.name {
            return Likeness::This;
        }
        let Some(wanted) = self.key else {
            return Likeness::Other;
        };
        match key::of(name) {
            Some(key) if key == wanted && self.by_key => Likeness::This,
            Some(key) if key.eq_ignore_ascii_case(wanted) => Likeness::Alike,
            // That of another run.
            Some(_) => Likeness::Other,
            None if has_words(name, wanted) => Likeness::Alike,
            None => Likeness::Other,
        }
    }
}

/// Whether a text has these words, and not just as parts of longer ones: `row 1` is not in `row
/// 17`.
fn has_words(text: &str, words: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let words = words.to_ascii_lowercase();
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.match_indices(&words).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + words.len()..].chars().next();
        !is_part(before) && !is_part(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_known_by_its_key_whatever_a_server_makes_of_its_name() {
        let wanted = Wanted::new("Cafe\u{301}  [row 1]", true);
        for (name, likeness) in [
            ("Cafe\u{301}  [row 1]", Likeness::This),
            ("Caf\u{e9} [row 1]", Likeness::This),
            (" [row 1] ", Likeness::This),
            ("Caf\u{e9} [row 1] (2)", Likeness::Alike),
            ("Caf\u{e9} row 1", Likeness::Alike),
            ("CAF\u{c9} [ROW 1]", Likeness::Alike),
            ("Caf\u{e9} row 1 [row 2]", Likeness::Other),
            ("Caf\u{e9} [row 17]", Likeness::Other),
            ("Caf\u{e9} row 17", Likeness::Other),
            ("Caf\u{e9}", Likeness::Other),
        ] {
            assert_eq!(wanted.compare(name), likeness, "{name}");
        }
    }

    #[test]
    fn under_a_name_that_was_given_another_one_of_its_key_is_in_doubt() {
        let wanted = Wanted::new("Sunset [draft]", false);
        assert_eq!(wanted.compare("Sunset [draft] "), Likeness::This);
        assert_eq!(wanted.compare("Moon [draft]"), Likeness::Alike);
        let wanted = Wanted::new("Sunset", false);
        assert_eq!(wanted.compare("Sunset 2"), Likeness::Other);
    }
}
