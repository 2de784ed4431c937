use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

use crate::BoxError;
use crate::escaped::{Escaped, shows_secret};

/// Masks tokens and known secrets in a text that is fit to be shown otherwise.
///
/// It is the text itself where there is nothing to mask, or what [`Escaped`] makes of it.
///
/// ```
/// assert_eq!(comfycontrol_core::mask_secrets("/v1/user"), "/v1/user");
/// assert_eq!(comfycontrol_core::mask_secrets("/v1/cfc_abc123/x"), "/v1/cfc_***/x");
/// ```
#[must_use]
pub fn mask_secrets(text: &str) -> Cow<'_, str> {
    match shows_secret(text) {
        false => Cow::Borrowed(text),
        true => Cow::Owned(Escaped::new(text, usize::MAX).into_string()),
    }
}

/// Returns an error that shows no secret; its causes show none either.
///
/// That is the error itself, to be downcast as ever, unless its own text, its `Debug` or that of a
/// cause shows a token or a [`KnownSecret`](crate::KnownSecret). Such an error is replaced by the
/// texts of the chain, masked and escaped, each the [`source`](Error::source) of the one before.
///
/// ```
/// use comfycontrol_core::clean_error;
/// use std::io;
///
/// let harmless = clean_error(io::Error::other("broken"));
/// assert!(harmless.is::<io::Error>());
/// let telling = clean_error(io::Error::other("no such token: cfc_abc123"));
/// assert_eq!(telling.to_string(), "no such token: cfc_***");
/// ```
#[must_use]
pub fn clean_error(error: impl Into<BoxError>) -> BoxError {
    let error = error.into();
    if !chain(&*error).any(tells) {
        return error;
    }
    let texts: Vec<String> = chain(&*error)
        .map(|cause| Escaped::new(&cause.to_string(), MAX_CHARS).into_string())
        .collect();
    let mut cleaned = None;
    for text in texts.into_iter().rev() {
        let source = cleaned.map(Box::new);
        cleaned = Some(Cleaned { text, source });
    }
    cleaned.map_or(error, BoxError::from)
}

fn tells(error: &(dyn Error + 'static)) -> bool {
    shows_secret(&error.to_string()) || shows_secret(&format!("{error:?}"))
}

/// The error and its causes, no more of them than a reader needs.
///
/// An `io::Error` speaks for the error it wraps, which can be taken out of it.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let next = |cause: &&'a (dyn Error + 'static)| {
        let cause = *cause;
        let wrapped = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        wrapped.map(|inner| inner as _).or_else(|| cause.source())
    };
    std::iter::successors(Some(error), next).take(MAX_CAUSES)
}

/// An error that showed a secret, without it.
struct Cleaned {
    text: String,
    source: Option<Box<Self>>,
}

impl fmt::Display for Cleaned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Cleaned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Error for Cleaned {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// Characters a cause.
const MAX_CHARS: usize = 1_000;
const MAX_CAUSES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "shown by `Debug`")]
    struct Wrapper(&'static str, Option<BoxError>);

    impl fmt::Display for Wrapper {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("wrapped")
        }
    }

    impl Error for Wrapper {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|source| source as _)
        }
    }

    #[test]
    fn an_error_that_tells_nothing_stays_what_it_is() {
        let error = Wrapper(
            "harmless",
            Some(io::Error::from(io::ErrorKind::NotFound).into()),
        );
        let error = clean_error(error);
        assert!(error.is::<Wrapper>());
        assert!(error.source().unwrap().is::<io::Error>());
    }

    #[test]
    fn a_secret_in_a_text_in_a_debug_or_in_a_cause_is_masked_and_the_chain_stays() {
        let in_cause = Wrapper("harmless", Some("sent cfc_abc123\n".into()));
        let in_debug = Wrapper("cfc_abc123", Some("sent it".into()));
        let wrapped = Wrapper(
            "",
            Some(io::Error::other(Wrapper("cfc_abc123", None)).into()),
        );
        for (error, texts) in [
            (in_cause, &["wrapped", "sent cfc_***"][..]),
            (in_debug, &["wrapped", "sent it"]),
            (wrapped, &["wrapped", "wrapped", "wrapped"]),
        ] {
            let error = clean_error(error);
            assert!(!error.is::<Wrapper>());
            let shown: Vec<_> = chain(&*error).map(ToString::to_string).collect();
            assert_eq!(shown, texts);
            assert!(!format!("{error:?} {:?}", error.source()).contains("abc123"));
            assert_eq!(format!("{error:?}"), format!("{:?}", texts[0]));
        }
    }

    #[test]
    fn what_only_looks_like_the_beginning_of_a_token_is_left_as_it_is() {
        for text in ["/v1/50%25", "a\\b", "cf", "c%", "cfc_", "cfc_-"] {
            assert!(matches!(mask_secrets(text), Cow::Borrowed(_)), "{text}");
            assert!(
                clean_error(io::Error::other(text)).is::<io::Error>(),
                "{text}"
            );
        }
        assert_eq!(mask_secrets("a cfc_abc123"), "a cfc_***");
    }
}
