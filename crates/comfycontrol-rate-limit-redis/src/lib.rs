//! A [`Store`](comfycontrol_rate_limit::Store) in Redis or Valkey, for the processes of many
//! machines behind one address.
//!
//! The server only swaps one small value if no other process was quicker, and tells its time. The
//! rule is in the limiter: no process trusts another's clock. Programs of several versions keep one
//! count as long as they write one format; else the keeper ends with an error.
//!
//! # Example
//!
//! ```no_run
//! use comfycontrol_rate_limit::{Record, Replaced, Store, Version};
//! use comfycontrol_rate_limit_redis::RedisStore;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = RedisStore::open("redis://budget:password@cache.internal:6379")?
//!     .with_key("comfycontrol:budget:203.0.113.7");
//!
//! let record = Record { version: Version::from_bytes([1; 16]), content: b"hello".into() };
//! match store.replace(None, record, Duration::from_secs(23)).await? {
//!     Replaced::Won(time) => println!("kept at {time:?}"),
//!     Replaced::Lost(reading) => println!("somebody was quicker: {:?}", reading.record),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! * A swap is one trip, won or lost: one that is lost brings back what won. One that wins tells
//!   the time too if it was not told for 100 ms.
//! * Each operation ends within its [timeout](RedisStore::with_timeout), connecting included. After
//!   one that timed out the connection stays in use: what is asked next comes after it. It is given
//!   up after five timeouts of silence. A lost connection is made again at once, then after pauses
//!   of at most half a timeout.
//! * A server that was started again, or a replica in its place, is another instance by its
//!   `run_id`: the limiter holds until what was lost cannot matter. A server that has evicted keys,
//!   or was promoted, vouches only for the time since it was connected to.
//! * A member is subscribed to a channel of its own, which ends with its connection. It is said to
//!   be gone only after it was [absent](RedisStore::with_absence) for 5 s: a process that is cut
//!   off is not a dead one. That is half of the limiter's usual
//!   [lease](comfycontrol_rate_limit::LimiterBuilder::lease), and it may send until then. A longer
//!   lease needs a longer absence. One that was not asked about for half of the absence may have
//!   been there, and its absence begins again.
//! * Nothing is granted from an error, and no part of a URL is ever shown.
//!
//! # The server
//!
//! Redis 7 or later, or Valkey 8 or later, tested with Redis 7 and Valkey 9. One key with a time to
//! live; `maxmemory-policy` should be `noeviction`, or one of `volatile-ttl` and `allkeys-lru` with
//! room to spare. A user needs
//!
//! ```text
//! ~comfycontrol:* &{comfycontrol:* -@all +info +evalsha +script|load +time +get +getrange +set
//! +subscribe +pubsub|numsub
//! ```
//!
//! and in a cluster `+ssubscribe +pubsub|shardnumsub`. Anyone else who can write the key can open
//! or close the budget; there is no token in it.
//!
//! * **Sentinel.** A URL names one server, so name one that leads to the primary, such as a service
//!   or a proxy: a [Sentinel](RedisErrorKind::Sentinel) is an error, and so is a
//!   [replica](RedisErrorKind::NotPrimary), after which the name is looked up again. Replication is
//!   asynchronous, so a failover can lose the newest swaps: it is another instance.
//! * **Cluster.** Any node will do; the one that has the key is found when the connection is made,
//!   and again when the key [moves](RedisErrorKind::Moved). One key has one node: a cluster brings
//!   no more throughput. Replies that send elsewhere for one command, while a slot moves, are
//!   errors.
//! * **Client-side caching and read replicas** are never used.
//!
//! # Not handled
//!
//! * A `FLUSHALL` or an eviction that only newcomers could have seen, within the time that the
//!   limiter would hold.
//! * Certificates of the client's own.
//!
//! # Features
//!
//! | name | default | what it does |
//! |---|---|---|
//! | `tls` | yes | `rediss:` and `valkeys:`, by rustls and ring, with certificates judged by the operating system |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod absence;
mod address;
mod backoff;
mod connection;
mod error;
mod script;
mod server_info;
mod shared;
mod store;
mod target;
#[cfg(feature = "tls")]
mod tls;

pub use self::error::{RedisError, RedisErrorKind};
pub use self::store::RedisStore;
