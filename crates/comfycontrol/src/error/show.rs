//! How an error is shown, and what it is made from.

use std::error::Error as StdError;
use std::fmt;

use comfycontrol_error::ApiError;
use comfycontrol_rate_limit::NotAdmitted;
use comfycontrol_token::TokenWithheld;

use super::{
    BadJson, BodyFailed, BodyTooLarge, Cause, Error, InvalidConfig, InvalidRequest, NotEvents,
    TransportError,
};
use crate::timeouts::TimedOut;

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("cause", &self.0.cause);
        if let Some((method, path)) = self.call() {
            debug.field("call", &format_args!("{method} {path}"));
        }
        debug.finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return fmt::Display::fmt(&self.report(), f);
        }
        // The cause speaks for itself, so it is not the source as well.
        fmt::Display::fmt(self.cause(), f)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause().source()
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
    Api(ApiError), Body(BodyFailed), Config(InvalidConfig), Json(BadJson),
    NotAdmitted(NotAdmitted), NotEvents(NotEvents), Request(InvalidRequest), TimedOut(TimedOut),
    TokenWithheld(TokenWithheld), TooLarge(BodyTooLarge), Transport(TransportError),
}
