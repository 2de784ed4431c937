//! A [`Store`](comfycontrol_rate_limit::Store) in a file, for all programs of one user on one
//! machine.
//!
//! A server counts the address, not the process: a script that is started twice, or again within
//! the window, or next to a daemon, shares one quota with itself. With this crate such programs
//! share the count too, without a server.
//!
//! # Example
//!
//! Two processes, each with a store of its own over the same file: one swap wins, and the other
//! brings back what won.
//!
//! ```
//! use comfycontrol_rate_limit::{Record, Replaced, Store, Version};
//! use comfycontrol_rate_limit_file::FileStore;
//! use std::time::Duration;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("budget");
//! let (one, other) = (FileStore::open(&path)?, FileStore::open(&path)?);
//! let record = |number| Record {
//!     version: Version::from_bytes([number; 16]),
//!     content: vec![number],
//! };
//! let keep = Duration::from_secs(23);
//!
//! assert!(matches!(one.replace(None, record(1), keep).await?, Replaced::Won(_)));
//! let Replaced::Lost(reading) = other.replace(None, record(2), keep).await? else {
//!     panic!("the first was quicker");
//! };
//! assert_eq!(reading.record, Some(record(1)));
//! # Ok(())
//! # }
//! ```
//!
//! # What holds
//!
//! * A process that is killed at any instant damages nothing: there are two pages with a checksum
//!   each, and the older one is overwritten.
//! * A process that is stopped while it holds the lock delays the others by their
//!   [wait](FileStore::with_wait), after which they get an error. Nothing is granted from an error.
//! * A file that was cut, overwritten, removed or put back to an older state is begun again as
//!   another instance, with an error once: the limiter then holds until the loss cannot matter.
//! * A file that never was a store is left as it is.
//! * A member whose process has ended is seen to be gone at once, since each locks a file of its
//!   own.
//!
//! # Time
//!
//! On Linux it is `CLOCK_BOOTTIME`, which cannot be set and runs on while the machine is suspended.
//! The instance is the boot, the time namespace and the file. Two machines, or two time namespaces,
//! that use one file at the same time are an error. Elsewhere it is the system's time, whose steps
//! the limiter corrects.
//!
//! # Cost
//!
//! A step takes some 10 µs, plus the hand-over to a thread that may block. Nothing is synced to
//! disk: after a loss of power, the next boot holds for what was lost.
//!
//! # Not handled
//!
//! * Network file systems and FUSE: refused on Linux. Elsewhere nothing tells that a path is on
//!   one.
//! * Processes of several users, unless a file is named that all of them can write.
//! * Containers, and services with a `/tmp` of their own: [name](FileStore::open) a file on a
//!   volume that they share.
//! * A file and its directory removed while no process runs, within the time that the limiter would
//!   hold.

mod clock;
mod disk;
mod error;
mod location;
mod lock_wait;
mod members;
mod page;
mod register;
mod store;

pub use self::error::{FileError, FileErrorKind};
pub use self::store::FileStore;
