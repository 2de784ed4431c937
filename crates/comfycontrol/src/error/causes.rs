use comfycontrol_error::ApiError;
use comfycontrol_rate_limit::NotAdmitted;
use comfycontrol_token::TokenWithheld;

use super::{
    BadJson, BodyFailed, BodyTooLarge, Cause, Error, InvalidConfig, InvalidRequest, NotEvents,
    TransportError,
};
use crate::timeouts::TimedOut;

/// Each cause, for what only it can tell.
impl Error {
    /// The answer of the API, if there was one.
    #[must_use]
    pub fn as_api(&self) -> Option<&ApiError> {
        match &self.0.cause {
            Cause::Api(e) => Some(e),
            _ => None,
        }
    }

    /// What is wrong with the JSON of a response or an event, if that was it.
    #[must_use]
    pub fn as_bad_json(&self) -> Option<&BadJson> {
        match &self.0.cause {
            Cause::Json(e) => Some(e),
            _ => None,
        }
    }

    /// How a response body broke off, if it did.
    #[must_use]
    pub fn as_body_failed(&self) -> Option<&BodyFailed> {
        match &self.0.cause {
            Cause::Body(e) => Some(e),
            _ => None,
        }
    }

    /// Which limit a response was larger than, if it was.
    #[must_use]
    pub fn as_body_too_large(&self) -> Option<&BodyTooLarge> {
        match &self.0.cause {
            Cause::TooLarge(e) => Some(e),
            _ => None,
        }
    }

    /// Which setting is wrong, if the client could not be built.
    #[must_use]
    pub fn as_config(&self) -> Option<&InvalidConfig> {
        match &self.0.cause {
            Cause::Config(e) => Some(e),
            _ => None,
        }
    }

    /// What is wrong with the request, if it could not be built.
    #[must_use]
    pub fn as_invalid_request(&self) -> Option<&InvalidRequest> {
        match &self.0.cause {
            Cause::Request(e) => Some(e),
            _ => None,
        }
    }

    /// The limiter's refusal, if it was one.
    #[must_use]
    pub fn as_not_admitted(&self) -> Option<&NotAdmitted> {
        match &self.0.cause {
            Cause::NotAdmitted(e) => Some(e),
            _ => None,
        }
    }

    /// What came in place of an event stream, if that was it.
    #[must_use]
    pub fn as_not_events(&self) -> Option<&NotEvents> {
        match &self.0.cause {
            Cause::NotEvents(e) => Some(e),
            _ => None,
        }
    }

    /// Which timeout has passed, if one has.
    #[must_use]
    pub fn as_timed_out(&self) -> Option<&TimedOut> {
        match &self.0.cause {
            Cause::TimedOut(e) => Some(e),
            _ => None,
        }
    }

    /// Why the token was withheld, if it was.
    #[must_use]
    pub fn as_token_withheld(&self) -> Option<&TokenWithheld> {
        match &self.0.cause {
            Cause::TokenWithheld(e) => Some(e),
            _ => None,
        }
    }

    /// How the connection failed, if it did.
    #[must_use]
    pub fn as_transport(&self) -> Option<&TransportError> {
        match &self.0.cause {
            Cause::Transport(e) => Some(e),
            _ => None,
        }
    }
}
