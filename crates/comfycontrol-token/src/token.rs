use std::error::Error;
use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use bytes::Bytes;
use comfycontrol_core::KnownSecret;
use http::HeaderValue;
use zeroize::Zeroizing;

use crate::Fingerprint;

/// A bearer token of the API.
///
/// Clones share one piece of memory, which holds the finished header value and is wiped when the
/// last clone goes, that of a header value in a request included. The text handed to
/// [`parse`](Self::parse) is the caller's to wipe, and the buffers in which an HTTP implementation
/// encodes requests are not wiped.
///
/// As long as that memory is there, the token is a [`KnownSecret`]: what others say in this
/// process, as servers in messages and transports in errors, is shown without it, whatever its
/// format.
///
/// `Debug` shows the [`Fingerprint`] only. There is neither `Display` nor `Serialize`:
///
/// ```compile_fail,E0599
/// # let token = comfycontrol_token::Token::parse("cfc_abc123").unwrap();
/// token.to_string();
/// ```
///
/// # Example
///
/// ```
/// use comfycontrol_token::{InvalidToken, Token};
///
/// let token = Token::parse(" cfc_abc123\n")?;
/// assert_eq!(token.header(), "Bearer cfc_abc123");
/// assert!(token.header().is_sensitive());
/// assert!(!format!("{token:?}").contains("abc123"));
///
/// assert_eq!(Token::parse("${TOKEN}").unwrap_err(), InvalidToken::Placeholder);
/// # Ok::<(), InvalidToken>(())
/// ```
#[derive(Clone)]
pub struct Token {
    header: HeaderValue,
    fingerprint: Fingerprint,
    expires_at: Option<SystemTime>,
}

impl Token {
    /// The longest token accepted: 4,096 bytes.
    pub const MAX_LEN: usize = 4096;

    /// Reads a token of the documented format: `cfc_` and then ASCII letters and digits.
    ///
    /// What files and shells add around it is dropped first: white space, line ends, a byte order
    /// mark. The format is that of ComfyControl's authentication page, "Token Format".
    ///
    /// # Errors
    ///
    /// An [`InvalidToken`] that says what is wrong, and never shows the text.
    pub fn parse(text: impl AsRef<str>) -> Result<Self, InvalidToken> {
        let text = trim(text.as_ref());
        check_frame(text)?;
        let Some(random) = text.strip_prefix(PREFIX) else {
            return Err(InvalidToken::PrefixMissing);
        };
        if random.is_empty() {
            return Err(InvalidToken::NothingAfterPrefix);
        }
        check_each(text, |at, c| at < PREFIX.len() || c.is_ascii_alphanumeric())?;
        Ok(Self::new(text))
    }

    /// Reads a token of any format that fits into the header, for servers other than the documented
    /// one.
    ///
    /// It must still be a `b64token` (RFC 6750 section 2.1): ASCII letters, digits and `-._~+/`,
    /// then any number of `=`. The same is dropped around it as by [`parse`](Self::parse).
    ///
    /// # Errors
    ///
    /// An [`InvalidToken`] that says what is wrong, and never shows the text.
    pub fn opaque(text: impl AsRef<str>) -> Result<Self, InvalidToken> {
        let text = trim(text.as_ref());
        check_frame(text)?;
        let body = text.trim_end_matches('=').len();
        check_each(text, |at, c| {
            at > 0 && at >= body || c.is_ascii_alphanumeric() || "-._~+/".contains(c)
        })?;
        Ok(Self::new(text))
    }

    /// Sets when the server will stop accepting the token.
    ///
    /// The API does not tell this date; the dashboard shows it when the token is made. It brings
    /// about a look for the next token 5 minutes before and a warning 1 day before, and never holds
    /// a request back: whether a token still counts is the server's decision.
    #[must_use]
    pub fn with_expiry(mut self, expires_at: SystemTime) -> Self {
        self.expires_at = Some(expires_at);
        self
    }

    /// When the token ends, if [`with_expiry`](Self::with_expiry) said so.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }

    /// The value of the `Authorization` header, marked sensitive.
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// A short name that is safe to log.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether both are the same token, whatever is known of their expiry.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.header == other.header
    }

    /// Whether `value` carries this token, its scheme in any case.
    pub(crate) fn is_in(&self, value: &HeaderValue) -> bool {
        let (scheme, secret) = self.header.as_bytes().split_at(SCHEME.len());
        value
            .as_bytes()
            .split_at_checked(scheme.len())
            .is_some_and(|(theirs, rest)| {
                theirs.eq_ignore_ascii_case(scheme) && rest.trim_ascii() == secret
            })
    }

    /// `text` is known to be visible ASCII.
    fn new(text: &str) -> Self {
        // Sized once: a growing buffer would leave unwiped copies behind.
        let mut value = Zeroizing::new(Vec::with_capacity(SCHEME.len() + text.len()));
        value.extend_from_slice(SCHEME.as_bytes());
        value.extend_from_slice(text.as_bytes());
        let secret = Secret {
            value,
            _known: KnownSecret::new(text),
        };
        let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(secret))
            .expect("visible ASCII is a header value");
        header.set_sensitive(true);
        Self {
            header,
            fingerprint: Fingerprint::of(text.as_bytes()),
            expires_at: None,
        }
    }
}

/// The memory of a token. While it is there, what others echo of it is masked.
struct Secret {
    value: Zeroizing<Vec<u8>>,
    _known: KnownSecret,
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        &self.value
    }
}

impl FromStr for Token {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("fingerprint", &self.fingerprint)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What is wrong with a text that should be a token; never the text itself.
///
/// Positions count characters from 1, after white space around the text has been dropped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InvalidToken {
    /// The text starts with `Bearer`, which is the header's part and not the token's.
    BearerIncluded,
    /// There is nothing in it.
    Empty,
    /// A character that no token has.
    IllegalCharacter {
        /// Which character.
        position: usize,
    },
    /// `cfc_` and nothing else.
    NothingAfterPrefix,
    /// A template's place for a token, as `${TOKEN}`, that was never filled in.
    Placeholder,
    /// It does not start with `cfc_`.
    PrefixMissing,
    /// There are quotation marks around it.
    Quoted,
    /// Longer than [`Token::MAX_LEN`].
    TooLong,
    /// White space in the middle: two tokens, a token and a comment, or a broken line.
    Whitespace {
        /// Which character.
        position: usize,
    },
}

impl fmt::Display for InvalidToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BearerIncluded => f.write_str("the token starts with \"Bearer\": leave that out"),
            Self::Empty => f.write_str("the token is empty"),
            Self::IllegalCharacter { position } => {
                write!(
                    f,
                    "the token has an illegal character at position {position}"
                )
            }
            Self::NothingAfterPrefix => f.write_str("the token ends after \"cfc_\""),
            Self::Placeholder => {
                f.write_str("the token is a placeholder that was never filled in, as in \"${VAR}\"")
            }
            Self::PrefixMissing => f.write_str("the token does not start with \"cfc_\""),
            Self::Quoted => f.write_str("the token has quotation marks around it: leave them out"),
            Self::TooLong => write!(f, "the token is longer than {} bytes", Token::MAX_LEN),
            Self::Whitespace { position } => {
                write!(
                    f,
                    "the token has white space inside, at position {position}"
                )
            }
        }
    }
}

impl Error for InvalidToken {}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == BYTE_ORDER_MARK)
}

/// The mistakes that can be named whatever the format.
fn check_frame(text: &str) -> Result<(), InvalidToken> {
    if text.is_empty() {
        return Err(InvalidToken::Empty);
    }
    if text.len() > Token::MAX_LEN {
        return Err(InvalidToken::TooLong);
    }
    let first_word = text.split(char::is_whitespace).next().unwrap_or_default();
    if first_word.eq_ignore_ascii_case("bearer")
        || first_word.eq_ignore_ascii_case("authorization:")
    {
        return Err(InvalidToken::BearerIncluded);
    }
    if text.starts_with(QUOTES) || text.ends_with(QUOTES) {
        return Err(InvalidToken::Quoted);
    }
    let enclosed = |open, close| text.starts_with(open) && text.ends_with(close);
    if text.starts_with('$')
        || text.contains("${")
        || text.contains("{{")
        || enclosed('<', '>')
        || enclosed('%', '%')
    {
        return Err(InvalidToken::Placeholder);
    }
    Ok(())
}

fn check_each(text: &str, legal: impl Fn(usize, char) -> bool) -> Result<(), InvalidToken> {
    for (count, (at, c)) in text.char_indices().enumerate() {
        let position = count + 1;
        if c.is_whitespace() {
            return Err(InvalidToken::Whitespace { position });
        }
        if !legal(at, c) {
            return Err(InvalidToken::IllegalCharacter { position });
        }
    }
    Ok(())
}

const SCHEME: &str = "Bearer ";
const PREFIX: &str = "cfc_";
const BYTE_ORDER_MARK: char = '\u{feff}';
const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '‘', '’'];
