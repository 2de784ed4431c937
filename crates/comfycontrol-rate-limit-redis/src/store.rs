use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use comfycontrol_rate_limit::{Member, Reading, Record, Replaced, Store, Unavailable, Version};
use tokio::task::JoinHandle;

use crate::address::Address;
use crate::connection::Connection;
use crate::error::{RedisError, RedisErrorKind};
use crate::script;
use crate::shared::{Shared, now, reconnect};
use crate::target::Target;

const KEY: &str = "comfycontrol:budget";
const TIMEOUT: Duration = Duration::from_secs(1);
/// Half a lease: what was granted to a member that is cut off is then sent or given back.
const ABSENCE: Duration = Duration::from_secs(5);

/// Keeps the budget of many processes in one key of Redis or Valkey.
///
/// A swap is one trip, won or lost. There is one connection, which is made at the first operation
/// and again when it is lost. Each operation ends within its [timeout](Self::with_timeout),
/// connecting included.
///
/// # Panics
///
/// The futures of a store panic outside of a tokio runtime with I/O and time.
pub struct RedisStore {
    target: Target,
    timeout: Duration,
    absence: Duration,
    opened: OnceLock<Opened>,
}

/// What is there once the store is used.
struct Opened {
    shared: Arc<Shared>,
    reconnects: JoinHandle<()>,
}

impl RedisStore {
    /// The store at this URL: `redis://user:password@host:6379/0`, `rediss://` with TLS,
    /// `valkey://` and `valkeys://` alike, `redis+unix:///path`. Nothing is connected yet.
    ///
    /// # Errors
    ///
    /// [`RedisError`] if the URL is none of these, or asks for TLS and the feature `tls` is off, or
    /// names [Sentinels](RedisErrorKind::Sentinel). It
    /// shows no part of the URL.
    pub fn open(url: &str) -> Result<Self, RedisError> {
        let address = Address::parse(url)?;
        if address.tls && cfg!(not(feature = "tls")) {
            return Err(RedisError::new(RedisErrorKind::TlsIsOff));
        }
        Ok(Self {
            target: Target {
                address,
                key: KEY.into(),
                #[cfg(feature = "tls")]
                tls: crate::tls::Tls::default(),
            },
            timeout: TIMEOUT,
            absence: ABSENCE,
            opened: OnceLock::new(),
        })
    }

    /// Keeps the budget in this key: one for each server, and for each address that requests come
    /// from. Default: `comfycontrol:budget`.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.target.key = key.into();
        self
    }

    /// Ends each operation after `timeout`. Default: 1 s.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets for how long another process must be absent to count as gone.
    ///
    /// A process that is only cut off can come back before. At least half a lease. Default: 5 s,
    /// for a lease of 10 s.
    #[must_use]
    pub const fn with_absence(mut self, absence: Duration) -> Self {
        self.absence = absence;
        self
    }

    /// Trusts the certificates in this PEM in addition to those of the operating system.
    ///
    /// # Errors
    ///
    /// [`RedisError`] if there is none in it, or one that cannot be read.
    #[cfg(feature = "tls")]
    #[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
    pub fn trust_pem(mut self, pem: impl AsRef<[u8]>) -> Result<Self, RedisError> {
        self.target.tls.trust(pem.as_ref())?;
        Ok(self)
    }

    fn shared(&self) -> &Shared {
        let opened = self.opened.get_or_init(|| {
            let shared = Arc::new(Shared::new(self.target.clone(), self.timeout));
            let reconnects = tokio::spawn(reconnect(Arc::downgrade(&shared)));
            Opened { shared, reconnects }
        });
        &opened.shared
    }

    async fn run<T: Send>(
        &self,
        ask: impl AsyncFnOnce(&mut Connection) -> Result<T, RedisError>,
    ) -> Result<T, Unavailable> {
        self.shared().call(ask).await.map_err(Unavailable::new)
    }
}

impl Store for RedisStore {
    async fn read(&self) -> Result<Reading, Unavailable> {
        let key = &self.target.key;
        self.run(async |connection| connection.read(key, now()).await)
            .await
    }

    async fn replace(
        &self,
        seen: Option<Version>,
        record: Record,
        keep: Duration,
    ) -> Result<Replaced, Unavailable> {
        if record.content.len() > script::LONGEST {
            let malformed = RedisErrorKind::Malformed;
            return Err(Unavailable::new(RedisError::because(
                malformed,
                "a record of that size",
            )));
        }
        let key = &self.target.key;
        // A key without time to live would be an error.
        let keep = keep.as_millis().max(1).to_string();
        let (seen, value) = (script::seen(seen), script::value(&record));
        let swap = [&*seen, &*value, keep.as_bytes()];
        self.run(async |connection| connection.replace(key, swap, now()).await)
            .await
    }

    async fn join(&self, member: Member) -> Result<(), Unavailable> {
        self.shared().join(member).await.map_err(Unavailable::new)
    }

    async fn gone(&self, members: Vec<Member>) -> Result<Vec<Member>, Unavailable> {
        if members.is_empty() {
            return Ok(members);
        }
        let (target, absence) = (&self.target, self.absence);
        self.run(async |connection| connection.absent(target, members, absence, now).await)
            .await
    }
}

impl Drop for RedisStore {
    fn drop(&mut self) {
        if let Some(opened) = self.opened.get() {
            opened.reconnects.abort();
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("address", &self.target.address)
            .field("key", &self.target.key)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
