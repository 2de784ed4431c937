use http::StatusCode;

/// How a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// With a response of that status.
    Status(StatusCode),
    /// With an error, and no response.
    Failed,
    /// Its caller gave it up before it had ended.
    Cancelled,
}

/// What outcomes are counted by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    Success,
    ClientError,
    Throttled,
    ServerError,
    Failed,
    Cancelled,
}

impl Class {
    pub(crate) const COUNT: usize = 6;

    /// Their names in metrics, by index.
    pub(crate) const NAMES: [&str; Self::COUNT] = [
        "success",
        "client_error",
        "throttled",
        "server_error",
        "failed",
        "cancelled",
    ];

    pub(crate) fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Status(StatusCode::TOO_MANY_REQUESTS) => Self::Throttled,
            Outcome::Status(status) if status.is_client_error() => Self::ClientError,
            Outcome::Status(status) if status.as_u16() >= 500 => Self::ServerError,
            Outcome::Status(_) => Self::Success,
            Outcome::Failed => Self::Failed,
            Outcome::Cancelled => Self::Cancelled,
        }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}
