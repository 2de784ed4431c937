//! How an error is shown, and what it is made from.

use std::error::Error as StdError;
use std::fmt;

use comfycontrol_core::InvalidPath;
use comfycontrol_encoding::UnexpectedContentEncoding;
use comfycontrol_error::{ApiError, InvalidJson};
use comfycontrol_rate_limit::Rejected;
use comfycontrol_timeout::TimedOut;
use comfycontrol_token::TokenWithheld;
use comfycontrol_transport::{TransportError, TransportErrorKind};

use super::Error;
use super::cause::Cause;
use super::config::InvalidConfig;
use super::request::{InvalidRequest, Reason};
use super::response::{BodyFailed, BodyTooLarge, UnexpectedContentType};

/// The whole chain on one line, for that is what `main` prints of the error it ends with.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.report(), f)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return fmt::Display::fmt(&self.report(), f);
        }
        // The cause speaks for itself, so it is not the source as well.
        fmt::Display::fmt(self.0.cause.as_error(), f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_error().source()
    }
}

macro_rules! causes {
    ($($variant:ident($error:ty)),* $(,)?) => {$(
        impl From<$error> for Error {
            fn from(e: $error) -> Self {
                Self::new(Cause::$variant(e))
            }
        }
    )*};
}

causes! {
    Api(ApiError), Body(BodyFailed), Config(InvalidConfig),
    ContentEncoding(UnexpectedContentEncoding), ContentType(UnexpectedContentType), Json(InvalidJson), Rejected(Rejected), Request(InvalidRequest), TimedOut(TimedOut),
    TokenWithheld(TokenWithheld), TooLarge(BodyTooLarge),
}

impl From<InvalidPath> for Error {
    fn from(e: InvalidPath) -> Self {
        InvalidRequest::from(e).into()
    }
}

/// One that only carries an [`Error`], as your own service may return, is that error.
impl From<TransportError> for Error {
    fn from(e: TransportError) -> Self {
        if e.kind() == TransportErrorKind::RequestFraming {
            return InvalidRequest::because(Reason::Body, e.into_source()).into();
        }
        if !e.source().is_some_and(|source| source.is::<Self>()) {
            return Self::new(Cause::Transport(e));
        }
        match e.into_source().downcast() {
            Ok(error) => *error,
            Err(source) => Self::new(Cause::Transport(TransportError::new(source))),
        }
    }
}
