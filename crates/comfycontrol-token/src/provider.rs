mod lookup;
mod read_wait;
mod replacement;
mod shared;
mod snapshot;
mod source_read;
mod source_thread;
mod waiters;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol_core::Escaped;
use http::HeaderValue;

pub(crate) use self::lookup::Lookup;
pub(crate) use self::read_wait::ReadWait;
pub(crate) use self::replacement::Replacement;
use self::shared::{Shared, Source};
pub use self::snapshot::Snapshot;
use self::source_read::SourceRead;
use crate::{
    AsyncTokenSource, CommandSource, EnvSource, ExpiringSource, FileSource, FirstOfSource,
    SourceError, SourceErrorKind, Token, TokenSource,
};

/// Gives each request the token in use, and looks at a source for the next one.
///
/// Clones share both.
///
/// * The source is looked at when a request leaves, at most once a second and at least once a
///   minute; an idle client does nothing.
/// * A 401 causes a reading at once, and one less afterwards: where 401s go on, calls wait for
///   their part of one reading a second.
/// * The source is read concurrently with the requests. They wait for it only where there is no
///   token yet, and for one reading after the server has sent a 401 for the present one or its date
///   has passed; and never longer than the [read timeout](Self::set_read_timeout), 10 s unless set.
/// * A reading that fails changes nothing but [`Snapshot::error`].
/// * A token that was read while another one worked is on trial until the server accepts it: on a
///   401 (to the first half of a longer one, say), it gives the place back to the one before.
///
/// A blocking [`TokenSource`] is read on a thread of its own, which nothing joins, an
/// [`AsyncTokenSource`] in a task of the tokio runtime. A token without a source (a [`Token`], a
/// [`TokenHandle`](crate::TokenHandle)) needs neither, nor a clock, unless it has an expiry.
///
/// # Example
///
/// ```
/// use comfycontrol_token::{SourceErrorKind, TokenProvider, env, file, first_of};
///
/// let source = first_of(file("/run/secrets/no-such-file")).or(env("NO_SUCH_VARIABLE"));
/// let error = TokenProvider::from(source).preload().unwrap_err();
/// assert!(matches!(error.kind(), SourceErrorKind::AllFailed(_)));
/// ```
#[derive(Clone)]
pub struct TokenProvider {
    shared: Arc<Shared>,
}

impl TokenProvider {
    /// Creates a provider over `source`, which is read at the first request.
    pub fn new(source: impl TokenSource) -> Self {
        let label = Escaped::new(&source.name(), usize::MAX).into_string();
        Self::over(label, Source::Blocking(Box::new(source)))
    }

    /// Creates a provider over an asynchronous `source`, which is read at the first request.
    ///
    /// Each reading is a task of the tokio runtime in which the call that needs it is polled. It
    /// goes on when that call is dropped, and ends with the runtime: a call that waits for it then
    /// begins the next one. Outside of a runtime a reading fails with
    /// [`NoRuntime`](SourceErrorKind::NoRuntime).
    ///
    /// See [`AsyncTokenSource`] for an example.
    pub fn from_async(source: impl AsyncTokenSource) -> Self {
        let label = Escaped::new(&source.name(), usize::MAX).into_string();
        Self::over(label, Source::Async(Box::new(source)))
    }

    /// Reads the source in this thread, so that a mistake in the configuration shows at the start.
    ///
    /// Blocks as long as the source does. Does nothing where there is a token already.
    ///
    /// # Errors
    ///
    /// The [`SourceError`] because of which there is no token. That of an asynchronous source is
    /// [`Asynchronous`](SourceErrorKind::Asynchronous): use [`preload_async`](Self::preload_async).
    pub fn preload(&self) -> Result<(), SourceError> {
        let mut state = self.shared.state.lock();
        if state.cache.present().is_some() {
            return Ok(());
        }
        if let Source::Async(_) = self.shared.source {
            return Err(SourceError::new(
                self.label(),
                SourceErrorKind::Asynchronous,
            ));
        }
        let (read, wait) = SourceRead::join(&self.shared, &mut state);
        drop(state);
        match read {
            Some(read) => read.run(),
            None => wait.block(),
        }
        self.check_present()
    }

    /// Reads the source, blocking or not, so that a mistake in the configuration shows at the
    /// start.
    ///
    /// Waits as long as the source takes; a `tokio::time::timeout` around it gives up earlier, and
    /// the reading goes on. Does nothing where there is a token already.
    ///
    /// # Errors
    ///
    /// The [`SourceError`] because of which there is no token.
    pub async fn preload_async(&self) -> Result<(), SourceError> {
        let Some(wait) = self.begin_preload() else {
            return Ok(());
        };
        wait.await;
        self.check_present()
    }

    /// Sets how long one call waits for the source at most; 10 s unless set. Holds for all clones.
    ///
    /// A call without a token then ends with [`ReadTimedOut`](crate::WithheldReason::ReadTimedOut),
    /// one with a token in doubt goes out with it, and a 401 held back for another token is handed
    /// on as it is. The reading itself is not stopped, and what it brings serves later calls. The
    /// time is measured by the tokio runtime in which the call is polled, whose time must be
    /// enabled; outside of one there is no limit. An outer timeout should be longer, or it takes
    /// the place of the 401.
    ///
    /// ```
    /// use std::time::Duration;
    /// use comfycontrol_token::{AddTokenLayer, Origin, TokenProvider, WithheldReason, command};
    /// use tower::{BoxError, Layer, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), BoxError> {
    /// # #[cfg(unix)] {
    /// let slow = TokenProvider::from(command("sleep", ["1"]));
    /// slow.set_read_timeout(Duration::from_millis(20));
    /// let client = AddTokenLayer::new(Origin::parse("https://api.comfycontrol.app")?, slow)
    ///     .layer(service_fn(|_: http::Request<()>| async {
    ///         Err::<http::Response<()>, _>(BoxError::from("sent"))
    ///     }));
    ///
    /// let request = http::Request::get("https://api.comfycontrol.app/v1/user").body(())?;
    /// let error = client.oneshot(request).await.unwrap_err();
    /// let error = error.downcast::<comfycontrol_token::TokenWithheld>()?;
    /// assert_eq!(error.reason(), WithheldReason::ReadTimedOut);
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_read_timeout(&self, limit: Duration) {
        self.shared.state.lock().read_timeout = limit;
    }

    /// Sets how long before the token's end to warn, if no other has come; 1 day unless set.
    ///
    /// The warning is a `tracing` event, given once per token. Holds for all clones.
    pub fn set_warn_before(&self, warn_before: Duration) {
        self.shared.state.lock().cache.set_warn_before(warn_before);
    }

    /// Reads which token is in use and how its source stands, for health checks and metrics.
    pub fn snapshot(&self) -> Snapshot {
        let state = self.shared.state.lock();
        Snapshot::of(&self.shared.label, &state.cache)
    }

    /// Starts a reading of the source if that is due, as a call would, and waits for nothing: for
    /// the readiness check of a program that gets no call before there is a token.
    pub fn refresh(&self) {
        drop(self.lookup(true));
    }

    /// A token for a request that leaves now. Without `may_read`, it is made do with what is there.
    pub(crate) fn lookup(&self, may_read: bool) -> Lookup {
        Lookup::of(&self.shared, may_read)
    }

    /// Another token than that of `generation`, which had a 401. Without `may_read`, it is made do
    /// with what is there.
    pub(crate) fn replacement(&self, generation: u64, may_read: bool) -> Replacement {
        Replacement::of(&self.shared, generation, may_read)
    }

    /// The server accepted the token of `generation`.
    pub(crate) fn accepted(&self, generation: u64) {
        self.shared.state.lock().cache.accepted(generation);
    }

    pub(crate) fn read_timeout(&self) -> Duration {
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

    fn over(label: String, source: Source) -> Self {
        Self {
            shared: Arc::new(Shared::new(label, source)),
        }
    }

    /// What to wait for, if there is no token.
    fn begin_preload(&self) -> Option<ReadWait> {
        let mut state = self.shared.state.lock();
        if state.cache.present().is_some() {
            return None;
        }
        let (read, wait) = SourceRead::join(&self.shared, &mut state);
        drop(state);
        if let Some(read) = read {
            read.launch();
        }
        Some(wait)
    }

    fn check_present(&self) -> Result<(), SourceError> {
        let state = self.shared.state.lock();
        match state.cache.present() {
            Some(_) => Ok(()),
            None => Err(state.cause()),
        }
    }
}

impl From<Token> for TokenProvider {
    fn from(token: Token) -> Self {
        let provider = Self::over("set in code".into(), Source::ByHand);
        provider.put(token);
        provider
    }
}

macro_rules! from_sources {
    ($($source:ty),*) => {$(
        impl From<$source> for TokenProvider {
            fn from(source: $source) -> Self {
                Self::new(source)
            }
        }
    )*};
}

from_sources!(
    Box<dyn TokenSource>,
    CommandSource,
    EnvSource,
    FileSource,
    FirstOfSource
);

impl<S: TokenSource> From<ExpiringSource<S>> for TokenProvider {
    fn from(source: ExpiringSource<S>) -> Self {
        Self::new(source)
    }
}

impl fmt::Debug for TokenProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenProvider")
            .field(&self.snapshot())
            .finish()
    }
}
