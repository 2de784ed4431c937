//! What a file is called on disk, whatever the server calls it: no I/O.

use percent_encoding::percent_decode_str;

/// The name for the file at this URL, or for this id if the URL has none.
///
/// The last step of the URL's path, decoded. It is one name in one directory on every system: no
/// separators, control or invisible characters, no dot before or behind, none of Windows' devices,
/// 200 bytes at most, and not that of a file that is still being written.
pub(super) fn file_name(url: &str, id: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.split_once("://").map_or(path, |(_, rest)| rest);
    let last = path
        .split_once('/')
        .and_then(|(_, path)| path.rsplit('/').next());
    let decoded = percent_decode_str(last.unwrap_or_default()).decode_utf8_lossy();
    [&decoded, id, "output"]
        .into_iter()
        .map(harmless)
        .find(|name| !name.is_empty())
        .unwrap_or_default()
}

/// The name of the file of this number among those of one name: `a.png`, `a (2).png`, and so on.
pub(super) fn numbered(name: &str, number: usize) -> String {
    if number < 2 {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    format!("{stem} ({number}){extension}")
}

/// What names of one file have in common: many systems take upper and lower case for the same.
pub(super) fn folded(name: &str) -> String {
    name.to_lowercase()
}

fn harmless(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| if is_harmful(c) { '_' } else { c })
        .collect();
    let is_edge = |c: char| c == '.' || c.is_whitespace();
    let mut name = shortened(name.trim_matches(is_edge))
        .trim_end_matches(is_edge)
        .to_owned();
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    if is_device(stem) {
        name.insert(0, '_');
    }
    if name.to_ascii_lowercase().ends_with(PART) {
        name.push('_');
    }
    name
}

/// What separates, what no system allows, and what shows a name as another.
fn is_harmful(c: char) -> bool {
    let is_invisible = matches!(
        c,
        '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffd}'
    );
    c.is_control() || is_invisible || r#"/\:*?"<>|"#.contains(c)
}

/// Windows opens these whatever follows after a dot.
fn is_device(stem: &str) -> bool {
    let stem = stem.to_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) {
        return true;
    }
    let number = stem.strip_prefix("COM").or(stem.strip_prefix("LPT"));
    number.is_some_and(|number| {
        let mut digits = number.chars();
        let digit = digits.next();
        digit.is_some_and(|c| c.is_ascii_digit() || "¹²³".contains(c)) && digits.next().is_none()
    })
}

fn shortened(name: &str) -> String {
    if name.len() <= MOST_BYTES {
        return name.to_owned();
    }
    let (stem, extension) = split(name);
    let end = stem.floor(MOST_BYTES - extension.len());
    format!("{}{extension}", &stem[..end])
}

/// The name before its extension, and that, unless it is too long for one.
fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name.len() - dot <= LONGEST_EXTENSION => name.split_at(dot),
        _ => (name, ""),
    }
}

trait Floor {
    /// The last boundary between two characters at or before a place.
    fn floor(&self, place: usize) -> usize;
}

impl Floor for str {
    fn floor(&self, place: usize) -> usize {
        let mut end = place.min(self.len());
        while !self.is_char_boundary(end) {
            end -= 1;
        }
        end
    }
}

/// What the name of a file ends with that is not whole.
pub(super) const PART: &str = ".part";
/// Of 255, so that a number and `.part` can follow.
const MOST_BYTES: usize = 200;
const LONGEST_EXTENSION: usize = 20;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_is_called_as_its_url_calls_it_if_that_does_no_harm() {
        for (url, name) in [
            (
                "https://a.example/outputs/1/image001.png?signature=x/y.z",
                "image001.png",
            ),
            ("https://a.example/a%20b%C3%BC.png#x", "a bü.png"),
            ("https://a.example/..%2F..%2Fetc%2Fpasswd", "_.._etc_passwd"),
            ("https://a.example/%5C%5Chost%5Cshare", "__host_share"),
            ("https://a.example/C:evil", "C_evil"),
            ("https://a.example/.bashrc", "bashrc"),
            ("https://a.example/..", "the-id"),
            ("https://a.example/", "the-id"),
            ("https://a.example", "the-id"),
            ("a%00b", "the-id"),
            ("https://a.example/a%00b%0A.png", "a_b_.png"),
            ("https://a.example/gpj%E2%80%AEexe", "gpj_exe"),
            ("https://a.example/x.png. . ", "x.png"),
            ("https://a.example/nul.png", "_nul.png"),
            ("https://a.example/Com1", "_Com1"),
            ("https://a.example/COM%C2%B9.txt", "_COM¹.txt"),
            ("https://a.example/com10.txt", "com10.txt"),
            ("https://a.example/x.png.part", "x.png.part_"),
            ("https://a.example/%ff.png", "_.png"),
        ] {
            assert_eq!(file_name(url, "the-id"), name, "{url}");
        }
        assert_eq!(file_name("https://a.example/", ".."), "output");
        assert_eq!(file_name("https://a.example/", "a/../b"), "a_.._b");
    }

    #[test]
    fn a_name_is_no_longer_than_a_disk_allows_and_keeps_its_extension() {
        let long = format!("https://a.example/{}.png", "ü".repeat(300));
        let name = file_name(&long, "");
        assert!(
            name.len() <= MOST_BYTES && name.ends_with("ü.png"),
            "{name}"
        );
        assert!(numbered(&name, 10_000).len() + PART.len() <= 255);
        let long = format!("https://a.example/x.{}", "y".repeat(300));
        assert_eq!(file_name(&long, "").len(), MOST_BYTES);
    }

    #[test]
    fn files_of_one_name_are_numbered_before_their_extension() {
        assert_eq!(numbered("a.png", 1), "a.png");
        assert_eq!(numbered("a.png", 2), "a (2).png");
        assert_eq!(numbered("a", 3), "a (3)");
        assert_eq!(folded("Ä.PNG"), folded("ä.png"));
    }

    proptest! {
        #[test]
        fn whatever_the_server_says_a_name_stays_in_its_directory(url in ".{0,300}", id in ".{0,50}") {
            let path = format!("https://a.example/{url}");
            for name in [file_name(&url, &id), file_name(&path, &id)] {
                prop_assert!(!name.is_empty() && name.len() <= MOST_BYTES + 2);
                prop_assert!(!name.contains(['/', '\\', ':', '\0']));
                prop_assert!(!name.starts_with('.') && !name.ends_with(['.', ' ']));
                prop_assert!(!name.ends_with(PART));
                let one: Vec<_> = std::path::Path::new(&name).components().collect();
                prop_assert_eq!(one.len(), 1);
            }
        }
    }
}
