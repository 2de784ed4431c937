//! The token of a request, said back in a message.

use super::exchange::Exchange;

/// How a 401's message says the request's own token back.
///
/// The token need not look like one of this API: what stands after `Bearer` is said back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Echo {
    /// As it came.
    Whole,
    /// Without what it begins with, up to and with its first `_`: `cfc_abc` becomes `abc`.
    WithoutPrefix,
    /// With a character of no width after every third, so that it looks as it came.
    ZeroWidth,
}

impl Echo {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Whole, Self::WithoutPrefix, Self::ZeroWidth];

    pub(super) fn message(self, exchange: &Exchange) -> String {
        let token = exchange.token.as_str();
        let token = match self {
            Self::Whole => token.to_owned(),
            Self::WithoutPrefix => token
                .split_once('_')
                .map_or(token, |(_, rest)| rest)
                .to_owned(),
            Self::ZeroWidth => {
                let letters: Vec<_> = token.chars().collect();
                let thirds = letters.chunks(3).zip(ZERO_WIDTH.iter().cycle());
                thirds
                    .flat_map(|(third, zero)| third.iter().chain([zero]))
                    .collect()
            }
        };
        format!("the token {token} is not valid")
    }
}

/// Zero-width space, non-joiner and joiner, word joiner, byte order mark, soft hyphen.
const ZERO_WIDTH: [char; 6] = [
    '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}', '\u{ad}',
];
