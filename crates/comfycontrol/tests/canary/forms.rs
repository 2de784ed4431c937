//! The forms in which a token can be known, and a look for it in what was shown.

pub(crate) fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let split = |by: &str| {
        let letters: Vec<_> = secret.chars().map(String::from).collect();
        letters.join(by)
    };
    vec![
        ("whole", secret.into()),
        ("without its prefix", secret[4..].into()),
        ("first half", secret[..secret.len() / 2].into()),
        ("second half", secret[secret.len() / 2..].into()),
        ("in capitals", secret.to_uppercase()),
        ("split by zero-width spaces", split("\u{200b}")),
        ("split by soft hyphens", split("\u{ad}")),
        ("split by bidi controls", split("\u{202e}")),
        ("split by byte order marks", split("\u{feff}")),
        ("split by escaped zero-width spaces", split("\\u200b")),
        ("split by percent-encoded ones", split("%E2%80%8B")),
        (
            "percent-encoded",
            secret.bytes().map(|b| format!("%{b:02X}")).collect(),
        ),
        (
            "percent-encoded where it must be",
            secret
                .replace('_', "%5f")
                .replace('/', "%2F")
                .replace('+', "%2B"),
        ),
        (
            "escaped in JSON",
            secret.bytes().map(|b| format!("\\u{b:04x}")).collect(),
        ),
        ("with escaped slashes", secret.replace('/', "\\/")),
    ]
}

/// Where the token is: eight characters of it are too much already, however they are written.
pub(crate) fn found(secret: &str, text: &str) -> Option<String> {
    let secret = secret.to_ascii_lowercase();
    for read in [
        plain(text),
        plain(&decoded(text, '%')),
        plain(&decoded(text, '\\')),
    ] {
        for at in 0..=secret.len() - 8 {
            let piece = &secret[at..at + 8];
            if let Some(at) = read.find(piece) {
                let from = read[..at].rfind('\n').map_or(0, |at| at + 1);
                return Some(read[from..at + 8].to_owned());
            }
        }
    }
    None
}

/// Without what is not seen, and without the escapes that stand for it.
fn plain(text: &str) -> String {
    let mut text = text.to_lowercase();
    for hidden in ["200b", "ad", "202e", "feff", "0"] {
        for escape in [format!("\\u{{{hidden}}}"), format!("\\\\u{{{hidden}}}")] {
            text = text.replace(&escape, "");
        }
    }
    text = text.replace("\\u200b", "").replace("\\\\u200b", "");
    text = text
        .replace("%e2%80%8b", "")
        .replace("\\/", "/")
        .replace("\\\\/", "/");
    text.chars()
        .filter(|c| !matches!(c, '\u{200b}' | '\u{ad}' | '\u{202e}' | '\u{feff}' | '\0'))
        .collect()
}

/// With `%41`, or `\u0041`, as the letter it stands for.
fn decoded(text: &str, mark: char) -> String {
    let digits = if mark == '%' { 0..2 } else { 1..5 };
    let mut pieces = text.split(mark);
    let mut read = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let code = piece
            .get(digits.clone())
            .filter(|_| mark == '%' || piece.starts_with('u'));
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if byte.is_ascii() => {
                read.push(byte.into());
                read.push_str(&piece[digits.end..]);
            }
            _ => {
                read.push(mark);
                read.push_str(piece);
            }
        }
    }
    read
}
