use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use redis::{ErrorKind, ServerErrorKind};

/// Error of a [`RedisStore`](crate::RedisStore): the server cannot be used, so nothing is granted
/// from it.
///
/// The source of [`Unavailable`](comfycontrol_rate_limit::Unavailable), and the error of opening a
/// [`RedisStore`](crate::RedisStore). It shows no part of the URL, and nothing of what a server
/// says but the code of its error.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RedisError {
    kind: RedisErrorKind,
    detail: Option<String>,
}

/// Why a Redis or Valkey server cannot keep the budget.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RedisErrorKind {
    /// The URL is none, or none of Redis or Valkey.
    InvalidUrl,
    /// The URL asks for TLS, and the feature `tls` is off.
    TlsIsOff,
    /// A certificate to trust is none.
    InvalidCertificate,
    /// It did not answer in time. What it was asked may be carried out, now or later.
    TimedOut {
        /// How long it was waited for.
        after: Duration,
    },
    /// There was no connection, or it broke.
    Connection(io::ErrorKind),
    /// It does not let this user in, or not do what the store needs.
    Denied,
    /// It is a replica, which takes no writes.
    NotPrimary,
    /// It is a Sentinel, or the URL is one of Sentinels: those keep no keys. Name a service or a
    /// proxy that leads to the primary.
    Sentinel,
    /// Another node of the cluster has the key, or is about to.
    Moved,
    /// It answered with another error.
    Server,
    /// It answered with something else, or the key holds something else.
    Malformed,
}

impl RedisError {
    pub(crate) const fn new(kind: RedisErrorKind) -> Self {
        Self { kind, detail: None }
    }

    pub(crate) fn because(kind: RedisErrorKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: Some(detail.into()),
        }
    }

    /// What is wrong with the server, or the way to it.
    #[must_use]
    pub const fn kind(&self) -> RedisErrorKind {
        self.kind
    }

    /// Whether the connection is of no use any more.
    pub(crate) const fn breaks(&self) -> bool {
        matches!(
            self.kind,
            RedisErrorKind::Connection(_)
                | RedisErrorKind::Denied
                | RedisErrorKind::NotPrimary
                | RedisErrorKind::Sentinel
                | RedisErrorKind::Moved
                | RedisErrorKind::Malformed
        )
    }
}

impl From<io::Error> for RedisError {
    fn from(error: io::Error) -> Self {
        Self::because(RedisErrorKind::Connection(error.kind()), error.to_string())
    }
}

impl RedisError {
    /// No `From`: the other crate's error is not part of our API.
    pub(crate) fn of(error: redis::RedisError) -> Self {
        // It stands in an `Arc`.
        let source = error.source().and_then(|source| {
            let shared: &Arc<dyn Error + Send + Sync> = source.downcast_ref()?;
            shared.downcast_ref::<io::Error>()
        });
        if let Some(io) = source {
            return Self::because(RedisErrorKind::Connection(io.kind()), io.to_string());
        }
        let kind = match (error.kind(), error.code()) {
            (ErrorKind::AuthenticationFailed, _)
            | (_, Some("NOAUTH" | "WRONGPASS" | "NOPERM" | "NOPROTO")) => RedisErrorKind::Denied,
            (ErrorKind::Server(kind), _) => match kind {
                ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown => {
                    RedisErrorKind::NotPrimary
                }
                ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::TryAgain => {
                    RedisErrorKind::Moved
                }
                _ => RedisErrorKind::Server,
            },
            (ErrorKind::Extension, _) => RedisErrorKind::Server,
            (ErrorKind::Io, _) => RedisErrorKind::Connection(io::ErrorKind::Other),
            _ => RedisErrorKind::Malformed,
        };
        // What stands behind the code may repeat what was sent.
        let code = error.code().filter(|code| {
            let upper = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
            !code.is_empty() && code.len() <= 16 && code.bytes().all(upper)
        });
        Self {
            kind,
            detail: code.map(Into::into),
        }
    }
}

impl fmt::Display for RedisError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            RedisErrorKind::InvalidUrl => f.write_str("the URL is none of Redis or Valkey"),
            RedisErrorKind::TlsIsOff => {
                f.write_str("the URL asks for TLS; enable the feature `tls`")
            }
            RedisErrorKind::InvalidCertificate => {
                f.write_str("a certificate to trust cannot be read")
            }
            RedisErrorKind::TimedOut { after } => {
                write!(f, "the server did not answer within {after:?}")
            }
            RedisErrorKind::Connection(_) => f.write_str("there is no connection to the server"),
            RedisErrorKind::Denied => f.write_str("the server denies what the store needs"),
            RedisErrorKind::NotPrimary => f.write_str("the server is a replica"),
            RedisErrorKind::Sentinel => f.write_str(
                "a Sentinel keeps no keys: name a service or a proxy that leads to the primary",
            ),
            RedisErrorKind::Moved => f.write_str("another node of the cluster has the key"),
            RedisErrorKind::Server => f.write_str("the server answered with an error"),
            RedisErrorKind::Malformed => {
                f.write_str("the server answered with something else, or the key holds it")
            }
        }?;
        match &self.detail {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl Error for RedisError {}
