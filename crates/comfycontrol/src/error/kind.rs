/// What an [`Error`](crate::Error) is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The API, or the edge in front of it, sent a response with an unsuccessful status.
    Api,
    /// The response body broke off.
    Body,
    /// The response body is larger than the caller allowed.
    BodyTooLarge,
    /// The client could not be built from its settings.
    Config,
    /// The response is not what was asked for: its JSON, its content type or its content coding.
    Decode,
    /// The call may have been done, and looking for what it does has not told.
    InDoubt,
    /// The limiter rejected the call; it was not sent.
    Rejected,
    /// The request could not be built; it was not sent.
    Request,
    /// A timeout has passed.
    TimedOut,
    /// The token may not travel with this request, or there is none; it was not sent.
    TokenWithheld,
    /// The connection could not be made, or failed.
    Transport,
}

impl ErrorKind {
    /// The name of the kind for `error.type` in spans and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Body => "body",
            Self::BodyTooLarge => "body_too_large",
            Self::Config => "config",
            Self::Decode => "decode",
            Self::InDoubt => "in_doubt",
            Self::Rejected => "rejected",
            Self::Request => "request",
            Self::TimedOut => "timed_out",
            Self::TokenWithheld => "token_withheld",
            Self::Transport => "transport",
        }
    }
}

/// Whether the request may have reached the server: a fact of the wire. Whether it was done is
/// [`Applied`](crate::Applied).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Sent {
    /// It may have; nothing proves either.
    Maybe,
    /// It certainly has not, or the server says that it did nothing with it.
    No,
    /// It has: the server has responded.
    Yes,
}
