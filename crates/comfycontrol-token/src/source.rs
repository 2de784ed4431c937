//! Where tokens come from.

mod bounded;
mod command;
mod env;
mod error;
mod expiring;
mod file;
mod first_of;
mod handle;

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use crate::Token;
use crate::text::clean;

pub use self::command::{Command, command};
pub use self::env::{Env, env};
pub use self::error::{SourceError, SourceProblem};
pub use self::expiring::Expiring;
pub use self::file::{File, file};
pub use self::first_of::{FirstOf, first_of};
pub use self::handle::TokenHandle;

/// A place from which the token can be read again and again.
///
/// [`Tokens`](crate::Tokens) calls it from a thread that may block, one call at a time, and keeps the
/// last good token whatever happens here. A panic counts as a [`SourceError`].
///
/// # Example
///
/// ```
/// use comfycontrol_token::{SourceError, SourceProblem, Token, TokenSource};
///
/// struct Vault;
///
/// impl TokenSource for Vault {
///     fn read(&self) -> Result<Token, SourceError> {
///         let answer = "cfc_fromthevault"; // ask the vault, waiting as long as that takes
///         Token::parse(answer).map_err(|e| SourceError::new("vault", SourceProblem::InvalidToken(e)))
///     }
/// }
///
/// let tokens = comfycontrol_token::Tokens::new(Vault);
/// ```
pub trait TokenSource: Send + Sync + 'static {
    /// Reads the token that is to be used from now on. May block.
    ///
    /// # Errors
    ///
    /// A [`SourceError`] that names what is wrong with the source, never what it contains.
    fn read(&self) -> Result<Token, SourceError>;

    /// As [`read`](Self::read), for sources with several tokens to choose from: the first that `good` accepts, or
    /// failing that the first of all.
    ///
    /// `good` refuses tokens that the server has refused and those about to expire.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn read_preferring(&self, good: &dyn Fn(&Token) -> bool) -> Result<Token, SourceError> {
        let _ = good;
        self.read()
    }

    /// What to call the source in logs and errors.
    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(std::any::type_name::<Self>())
    }

    /// How long a reading stays good while requests are sent: one minute, unless a source says otherwise.
    ///
    /// Taken as at least one second and at most one minute.
    fn interval(&self) -> Duration {
        LONGEST_INTERVAL
    }

    /// Whether the last reading may have caught a writer half-way, as in a file that is changed in place.
    ///
    /// If so, a changed token must be read twice before it takes the place of one that works.
    fn may_be_torn(&self) -> bool {
        false
    }

    /// Notes when the tokens of this source end, for those that do not say so themselves.
    ///
    /// See [`Token::with_expiry`].
    fn expiring_at(self, expires_at: SystemTime) -> Expiring<Self>
    where
        Self: Sized,
    {
        Expiring::new(self, expires_at)
    }
}

impl<S: TokenSource + ?Sized> TokenSource for Box<S> {
    fn read(&self) -> Result<Token, SourceError> {
        (**self).read()
    }

    fn read_preferring(&self, good: &dyn Fn(&Token) -> bool) -> Result<Token, SourceError> {
        (**self).read_preferring(good)
    }

    fn name(&self) -> Cow<'_, str> {
        (**self).name()
    }

    fn interval(&self) -> Duration {
        (**self).interval()
    }

    fn may_be_torn(&self) -> bool {
        (**self).may_be_torn()
    }
}

/// Always the same token, as one part of a [`FirstOf`].
///
/// On its own a token is better turned into [`Tokens`](crate::Tokens) directly, which then read no clock.
impl TokenSource for Token {
    fn read(&self) -> Result<Token, SourceError> {
        Ok(self.clone())
    }

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed("fixed token")
    }
}

/// The least time between two readings in use, also after a failed one.
pub(crate) const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);

/// The most time between two readings in use.
pub(crate) const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// The source's name as it may be shown: people do put the token where a name belongs.
pub(crate) fn label(source: &(impl TokenSource + ?Sized)) -> String {
    clean(&source.name())
}

macro_rules! debug_shows_the_label {
    ($($source:ident $(<$S:ident>)?),*) => {$(
        impl$(<$S: TokenSource>)? fmt::Debug for $source$(<$S>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($source), label(self))
            }
        }
    )*};
}

debug_shows_the_label!(Command, Env, Expiring<S>, File, FirstOf);
