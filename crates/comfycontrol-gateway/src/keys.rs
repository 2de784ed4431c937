//! The keys of callers: hashed at rest, compared in constant time, read again when they change.

mod list;
mod secret;

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use comfycontrol::priority::Key;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use parking_lot::Mutex;
use tokio::time::Instant;

pub use self::list::InvalidCallerKeys;
use self::list::List;
pub use self::secret::hash_caller_key;
use crate::clock;
use crate::refusal::Refusal;

/// The keys by which callers are let in, from a file of their hashes.
///
/// A line is a name of at most 64 visible characters and what [`hash_caller_key`] makes of a key. A
/// name may have several, so that an old and a new key overlap. Empty lines and those that begin
/// with `#` say nothing. The file has at most 1 MiB. It is read again at most once in 1 s of use,
/// so that keys are changed without a restart; a file that cannot be used changes nothing, and
/// `tracing` says so.
///
/// A key is 32 characters at least and made by chance, so that its hash needs neither salt nor
/// stretching.
///
/// ```
/// use comfycontrol_gateway::{CallerKeys, hash_caller_key};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("keys");
/// let hash = hash_caller_key("cck_3fCq8rVJmXw0ZL5nTbY7aKdE1uHs9gPo");
/// std::fs::write(&path, format!("# who may call\nann {hash}\n"))?;
/// let keys = CallerKeys::from_file(&path)?;
/// # drop(keys);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct CallerKeys {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    list: Arc<List>,
    text: String,
    looked: Instant,
}

impl CallerKeys {
    /// Reads the keys from the file at `path`.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or a line of it is wrong, and if it has no key.
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self, InvalidCallerKeys> {
        let path = path.into();
        let text = list::read(&path)?;
        let state = State {
            list: Arc::new(List::parse(&text)?),
            text,
            looked: clock::now(),
        };
        let shared = Shared {
            path,
            state: Mutex::new(state),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// Whose call it is, by the bearer token in its `Authorization`. Where a browser `may_ask` its
    /// user, the password that it shows there is the key, whatever the name ([RFC 7617 §2]).
    ///
    /// [RFC 7617 §2]: https://www.rfc-editor.org/rfc/rfc7617#section-2
    pub(crate) async fn caller(&self, headers: &HeaderMap, may_ask: bool) -> Result<Key, Refusal> {
        let unknown = match headers.get(AUTHORIZATION).map(HeaderValue::as_bytes) {
            None => "the gateway wants a caller's key: Authorization: Bearer KEY",
            Some(shown) => match shown_key(shown, may_ask) {
                None => "a caller's key is shown as Authorization: Bearer KEY",
                Some(key) => match self.list().await.find(&key) {
                    Some(caller) => return Ok(caller),
                    None => "the gateway knows no such caller's key",
                },
            },
        };
        Err(Refusal::unauthorized(unknown, may_ask))
    }

    /// The keys as they are now, to within a second.
    async fn list(&self) -> Arc<List> {
        let now = clock::now();
        {
            let mut state = self.shared.state.lock();
            if now < state.looked + LOOK_EVERY {
                return state.list.clone();
            }
            // The others go on with what is known.
            state.looked = now;
        }
        let shared = self.shared.clone();
        let read = tokio::task::spawn_blocking(move || list::read(&shared.path)).await;
        let read = read.unwrap_or(Err(InvalidCallerKeys::Unfinished));
        let mut state = self.shared.state.lock();
        match read.and_then(|text| state.change(text)) {
            Ok(false) => {}
            Ok(true) => tracing::info!("the callers' keys have changed"),
            Err(error) => {
                tracing::warn!(%error, "the callers' keys cannot be read again: those of before hold");
            }
        }
        state.list.clone()
    }
}

impl State {
    fn change(&mut self, text: String) -> Result<bool, InvalidCallerKeys> {
        if text == self.text {
            return Ok(false);
        }
        self.list = Arc::new(List::parse(&text)?);
        self.text = text;
        Ok(true)
    }
}

impl fmt::Debug for CallerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerKeys")
            .field("path", &self.shared.path)
            .finish_non_exhaustive()
    }
}

/// The key in the value of an `Authorization`.
fn shown_key(shown: &[u8], may_ask: bool) -> Option<Cow<'_, [u8]>> {
    if let Some(key) = of_scheme(shown, b"Bearer ") {
        return Some(key.into());
    }
    let encoded = of_scheme(shown, b"Basic ").filter(|_| may_ask)?;
    let pair = BASE64_STANDARD.decode(encoded).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec().into())
}

/// What follows a scheme, in whatever case that is written.
fn of_scheme<'a>(shown: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (first, rest) = shown.split_at_checked(scheme.len())?;
    first
        .eq_ignore_ascii_case(scheme)
        .then(|| rest.trim_ascii())
}

const LOOK_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
