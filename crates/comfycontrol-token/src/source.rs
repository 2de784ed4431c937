//! Where tokens come from.

mod async_token_source;
mod bounded;
mod command;
mod env;
mod error;
mod file;
mod first_of;
mod interval;
mod token_source;

pub use self::async_token_source::{AsyncTokenSource, TokenFuture};
pub use self::command::{CommandSource, command};
pub use self::env::{EnvSource, env};
pub use self::error::{SourceError, SourceErrorKind};
pub use self::file::{FileSource, file};
pub use self::first_of::{FirstOfSource, first_of};
pub(crate) use self::interval::{LONGEST_INTERVAL, SHORTEST_INTERVAL};
pub use self::token_source::{ExpiringSource, TokenSource};
