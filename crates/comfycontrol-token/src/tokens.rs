use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use parking_lot::Mutex;

use crate::cache::Cache;
use crate::flight::{Flight, Wait};
use crate::source::{self, TokenSource};
use crate::waiters::Waiters;
use crate::{Command, Env, Expiring, File, FirstOf, Snapshot, SourceError, SourceProblem, Token};

/// The token in use, and the source from which the next one comes.
///
/// Clones share both. The source is looked at when a request leaves, at most once a second and at least
/// once a minute; an idle client does nothing. Reading goes on beside the requests. They wait for it only where
/// there is no token yet, and for one reading after the server has refused the present one or its date has passed; and
/// never longer than [`read_timeout`](Self::read_timeout). A reading that fails changes nothing but
/// [`Snapshot::error`]. A token that was read while another one worked is on trial until the server accepts it: refused
/// (the first half of a longer one, say), it gives the place back to the one before.
///
/// A token put in by hand (a [`Token`], a [`TokenHandle`](crate::TokenHandle)) needs no clock, unless it has an expiry.
///
/// # Example
///
/// ```
/// use comfycontrol_token::{SourceProblem, Tokens, env, file, first_of};
///
/// let tokens = Tokens::from(first_of(file("/run/secrets/no-such-file")).or(env("NO_SUCH_VARIABLE")));
/// let error = tokens.preload().unwrap_err();
/// assert!(matches!(error.problem(), SourceProblem::NothingWorked(_)));
/// ```
#[derive(Clone)]
pub struct Tokens {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) source: Option<Box<dyn TokenSource>>,
    pub(crate) label: String,
    pub(crate) state: Mutex<State>,
}

pub(crate) struct State {
    pub(crate) cache: Cache,
    /// How many readings have begun; the last may be under way.
    pub(crate) flight: u64,
    /// How long one call waits for readings.
    pub(crate) read_timeout: Duration,
    /// Those who wait for the reading under way, if there is one.
    pub(crate) waiters: Option<Waiters>,
}

impl State {
    pub(crate) fn waiters_of(&mut self, flight: u64) -> Option<&mut Waiters> {
        self.waiters.as_mut().filter(|_| self.flight == flight)
    }
}

impl Tokens {
    /// Tokens from `source`, which is read at the first request.
    pub fn new(source: impl TokenSource) -> Self {
        Self::over(source::label(&source), Some(Box::new(source)))
    }

    /// Reads the source in this thread, so that a mistake in the configuration shows at the start.
    ///
    /// Blocks as long as the source does. Does nothing where there is a token already.
    ///
    /// # Errors
    ///
    /// The [`SourceError`] on account of which there is no token.
    pub fn preload(self) -> Result<Self, SourceError> {
        let mut state = self.shared.state.lock();
        let absent = state.cache.present().is_none();
        if absent && state.waiters.is_some() {
            let wait = Wait::for_flight(&self.shared, &state);
            drop(state);
            wait.block();
        } else {
            let flight = absent.then(|| Flight::begin(&self.shared, &mut state));
            drop(state);
            if let Some(flight) = flight {
                flight.run();
            }
        }
        let state = self.shared.state.lock();
        match state.cache.present() {
            Some(_) => {
                drop(state);
                Ok(self)
            }
            None => Err(state.cause()),
        }
    }

    /// Has one call wait at most `limit` for its source; 10 s unless set. Holds for all clones.
    ///
    /// A call without a token then ends with [`ReadTimedOut`](crate::WithheldReason::ReadTimedOut), one with a token in
    /// doubt goes out with it, and a 401 held back for another token is answered as it is. The reading itself is not
    /// stopped, and what it brings serves later calls. The time is measured by the tokio runtime in which the call is
    /// polled, whose time must be enabled; outside of one there is no limit. A timeout further out should be longer, lest
    /// it take the place of the 401.
    ///
    /// ```
    /// use std::time::Duration;
    /// use comfycontrol_token::{AddTokenLayer, Origin, Tokens, WithheldReason, command};
    /// use tower::{BoxError, Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # #[cfg(unix)] {
    /// let slow = Tokens::from(command("sleep", ["1"])).read_timeout(Duration::from_millis(20));
    /// let client = AddTokenLayer::new(Origin::parse("https://api.comfycontrol.app")?, slow)
    ///     .layer(service_fn(|_: http::Request<()>| async { Err::<http::Response<()>, _>(BoxError::from("sent")) }));
    ///
    /// let request = http::Request::get("https://api.comfycontrol.app/v1/user").body(())?;
    /// let error = client.oneshot(request).await.unwrap_err();
    /// let error = error.downcast::<comfycontrol_token::TokenWithheld>()?;
    /// assert_eq!(error.reason(), WithheldReason::ReadTimedOut);
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn read_timeout(self, limit: Duration) -> Self {
        self.shared.state.lock().read_timeout = limit;
        self
    }

    /// Warns when the token has less than this to live and no other has come; one day by default.
    ///
    /// The warning is a `tracing` event, given once per token. Holds for all clones.
    #[must_use]
    pub fn warn_before(self, warn_before: Duration) -> Self {
        self.shared.state.lock().cache.set_warn_before(warn_before);
        self
    }

    /// How things stand, for health checks and metrics.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.shared.state.lock();
        Snapshot::of(&self.shared.label, &state.cache)
    }

    pub(crate) fn longest_wait(&self) -> Duration {
        self.shared.state.lock().read_timeout
    }

    pub(crate) fn label(&self) -> &str {
        &self.shared.label
    }

    pub(crate) fn knows(&self, value: &HeaderValue) -> bool {
        self.shared.state.lock().cache.knows(value)
    }

    pub(crate) fn present(&self) -> Option<Token> {
        self.shared.state.lock().cache.present().cloned()
    }

    pub(crate) fn put(&self, token: Token) {
        let notice = self.shared.state.lock().cache.put(token);
        if let Some(notice) = notice {
            self.shared.report(notice);
        }
    }

    fn over(label: String, source: Option<Box<dyn TokenSource>>) -> Self {
        let cache = Cache::new(label.as_str().into(), source.is_some());
        let state = State {
            cache,
            flight: 0,
            read_timeout: READ_TIMEOUT,
            waiters: None,
        };
        Self {
            shared: Arc::new(Shared {
                source,
                label,
                state: Mutex::new(state),
            }),
        }
    }
}

impl State {
    /// Why there is no token.
    pub(crate) fn cause(&self) -> SourceError {
        let unread = || SourceError::new(self.cache.name(), SourceProblem::Unread);
        self.cache.error().cloned().unwrap_or_else(unread)
    }
}

impl From<Token> for Tokens {
    fn from(token: Token) -> Self {
        let tokens = Self::over("by hand".into(), None);
        tokens.put(token);
        tokens
    }
}

macro_rules! from_sources {
    ($($source:ty),*) => {$(
        impl From<$source> for Tokens {
            fn from(source: $source) -> Self {
                Self::new(source)
            }
        }
    )*};
}

from_sources!(Box<dyn TokenSource>, Command, Env, File, FirstOf);

impl<S: TokenSource> From<Expiring<S>> for Tokens {
    fn from(source: Expiring<S>) -> Self {
        Self::new(source)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokens").field(&self.snapshot()).finish()
    }
}

/// As long as a command may take.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
