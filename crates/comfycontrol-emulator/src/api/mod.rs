//! The documented endpoints.
//!
//! Pure: a response is a value, made from the account, the head, the whole body and the
//! time.

mod account;
mod conditional;
mod digest;
mod error;
mod event_fault;
mod faults;
mod file;
mod file_fault;
mod graph;
mod id;
mod list_fault;
mod managed_runner;
mod multipart;
mod outputs;
mod pagination;
mod params;
mod payload;
mod router;
mod routes;
mod run;
mod runner;
mod scenario;
mod shelf;
mod stats;
mod storage;
mod success;
mod template;
mod updates;
mod workflow;

pub(crate) use self::account::Account;
pub use self::event_fault::{EventFault, KeepAlive};
pub(crate) use self::event_fault::{Turn, turn};
pub(crate) use self::faults::ApiFaults;
pub use self::file_fault::FileFault;
pub use self::list_fault::ListFault;
pub(crate) use self::payload::{Payload, Subscription};
pub(crate) use self::router::respond;
pub(crate) use self::scenario::Scenario;
pub(crate) use self::storage::respond as respond_from_storage;
pub(crate) use self::updates::{Update, update};
