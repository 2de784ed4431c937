use std::error::Error;

use comfycontrol_core::BoxError;
use comfycontrol_encoding::UnexpectedContentEncoding;
use comfycontrol_error::{ApiError, InvalidJson};
use comfycontrol_rate_limit::Rejected;
use comfycontrol_timeout::TimedOut;
use comfycontrol_token::TokenWithheld;
use comfycontrol_transport::TransportError;
use http::StatusCode;

use super::config::InvalidConfig;
use super::request::InvalidRequest;
use super::response::{BodyFailed, BodyTooLarge, UnexpectedContentType};

/// What can go wrong with a call.
#[derive(Debug)]
pub(super) enum Cause {
    Api(ApiError),
    Body(BodyFailed),
    Config(InvalidConfig),
    ContentEncoding(UnexpectedContentEncoding),
    ContentType(UnexpectedContentType),
    InDoubt(BoxError),
    Json(InvalidJson),
    Refused(BoxError),
    Rejected(Rejected),
    Request(InvalidRequest),
    TimedOut(TimedOut),
    TokenWithheld(TokenWithheld),
    TooLarge(BodyTooLarge),
    Transport(TransportError),
    Unusable(StatusCode, BoxError),
}

impl Cause {
    pub(super) fn as_error(&self) -> &(dyn Error + 'static) {
        match self {
            Self::Api(e) => e,
            Self::Body(e) => e,
            Self::Config(e) => e,
            Self::ContentEncoding(e) => e,
            Self::ContentType(e) => e,
            Self::InDoubt(e) => &**e,
            Self::Json(e) => e,
            Self::Refused(e) => &**e,
            Self::Rejected(e) => e,
            Self::Request(e) => e,
            Self::TimedOut(e) => e,
            Self::TokenWithheld(e) => e,
            Self::TooLarge(e) => e,
            Self::Transport(e) => e,
            Self::Unusable(_, e) => &**e,
        }
    }
}
