//! The keys of callers: hashed at rest, compared in constant time, read again when they change.

mod list;
mod secret;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use comfycontrol::priority::Key;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use parking_lot::Mutex;
use tokio::time::Instant;

pub use self::list::InvalidCallerKeys;
use self::list::List;
pub use self::secret::hash_caller_key;
use crate::clock;
use crate::refusal::Refusal;

/// The keys by which callers are let in, from a file of their hashes.
///
/// A line is a name of at most 64 visible characters and what [`hash_caller_key`] makes of a key. A name may
/// have several, so that an old and a new key overlap. Empty lines and those that begin with `#` say
/// nothing. The file has at most 1 MiB. It is read again at most once in 1 s of use, so that keys are changed without a restart; a file
/// that cannot be used changes nothing, and `tracing` says so.
///
/// A key is 32 characters at least and made by chance, so that its hash needs neither salt nor stretching.
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

    /// Whose call it is, by the bearer token in its `Authorization`.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Key, Refusal> {
        let Some(shown) = headers.get(AUTHORIZATION) else {
            return Err(Refusal::unauthorized(
                "the gateway wants a caller's key: Authorization: Bearer KEY",
            ));
        };
        let (scheme, key) = shown.as_bytes().split_at(shown.len().min(SCHEME.len()));
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(Refusal::unauthorized(
                "a caller's key is shown as Authorization: Bearer KEY",
            ));
        }
        let found = self.list().await.find(key.trim_ascii());
        found.ok_or_else(|| Refusal::unauthorized("the gateway knows no such caller's key"))
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

const SCHEME: &[u8] = b"Bearer ";
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
