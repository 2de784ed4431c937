//! Where the budget of a process is kept.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use comfycontrol_rate_limit::{Limiter, LimiterBuilder};
use comfycontrol_rate_limit_file::FileStore;
use comfycontrol_rate_limit_redis::RedisStore;

/// Where a budget is kept: in this process, or where others see it too.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "of programs that are not published"
)]
pub enum Place {
    /// In the memory of one process.
    Memory,
    /// In a file.
    File(PathBuf),
    /// In a server that speaks the protocol of Redis.
    Redis(String),
}

impl Place {
    /// The limiter of a process with its budget in this place. A task keeps one that is shared.
    ///
    /// # Panics
    ///
    /// If the store cannot be opened, and outside a runtime.
    #[must_use]
    pub fn limiter(&self, builder: LimiterBuilder, lease: Duration) -> Limiter {
        match self {
            Self::Memory => builder.build(),
            Self::File(path) => {
                let store = FileStore::open(path).expect("a file");
                let (limiter, keeper) = builder.lease(lease).build_shared(store);
                tokio::spawn(keeper);
                limiter
            }
            Self::Redis(url) => {
                let store = RedisStore::open(url).expect("a URL");
                let store = store.with_absence(lease / 2);
                let (limiter, keeper) = builder.lease(lease).build_shared(store);
                tokio::spawn(keeper);
                limiter
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Redis(url) => f.write_str(url),
        }
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "memory" => Ok(Self::Memory),
            Some(("file", path)) => Ok(Self::File(path.into())),
            Some(("redis", _)) => Ok(Self::Redis(text.into())),
            _ => Err(format!("no place: {text}")),
        }
    }
}
