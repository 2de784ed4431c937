//! Where a budget that many processes share is kept: a versioned register with a clock of its own.
//!
//! A store decides nothing. It holds one small record that it cannot read, swaps it for another if
//! no other process was quicker, and tells what time it is. Everything that decides is in the
//! limiter.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::time::Duration;

/// A register that many processes see, which a shared [`Limiter`](crate::Limiter) keeps its budget
/// in.
///
/// All operations of one store are done one after the other: the limiter starts each after the one
/// before it has ended. Each ends within a bound that the store documents. A future that is dropped
/// may have been carried out or not.
pub trait Store: Send + Sync + 'static {
    /// Reads the record and the store's time.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if the store did not tell, or not in time.
    fn read(&self) -> impl Future<Output = Result<Reading, Unavailable>> + Send;

    /// Puts `record` there in one atomic step if what is there has the version `seen`; `None` is
    /// the version of a store without a record. The record is kept for at least `keep`.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if the store did not tell, or not in time: the record may have been put
    /// there or not.
    fn replace(
        &self,
        seen: Option<Version>,
        record: Record,
        keep: Duration,
    ) -> impl Future<Output = Result<Replaced, Unavailable>> + Send;

    /// Shows others that `member` is there, for as long as this store is open and in its own
    /// process. Done once before the first [`replace`](Self::replace), and again after each
    /// [`Unavailable`].
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if the store did not tell, or not in time.
    fn join(&self, member: Member) -> impl Future<Output = Result<(), Unavailable>> + Send;

    /// Which of these `members` are certainly gone. A store that cannot tell says none.
    ///
    /// What was granted to such a member must not leave any more: its process has ended, or it was
    /// not heard of for half a [lease](crate::LimiterBuilder::lease). The limiter asks about all
    /// that hold slots when it begins. Then, while calls wait, it asks in each eighth of a lease
    /// about those that were not heard of for a quarter of one.
    ///
    /// # Errors
    ///
    /// [`Unavailable`] if the store did not tell, or not in time.
    fn gone(
        &self,
        members: Vec<Member>,
    ) -> impl Future<Output = Result<Vec<Member>, Unavailable>> + Send;
}

/// The version of a record: no two records that were ever kept in one store have the same.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Version([u8; 16]);

impl Version {
    /// The version of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes of the version.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

/// What a [`Store`] keeps: the bytes of a shared budget, and their version.
///
/// Some 700 bytes for 8 processes, at most 64 KiB.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// What it is told apart by.
    pub version: Version,
    /// What only the limiter reads; it carries a checksum of its own.
    pub content: Vec<u8>,
}

/// The id of one limiter among those that share a budget.
///
/// Random, so that no two are ever the same.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Member(u128);

impl Member {
    /// The member of this number.
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }

    /// The number of the member.
    pub const fn to_u128(self) -> u128 {
        self.0
    }
}

/// What reading a [`Store`] gives: the record, if there is one, and the store's time.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// The record; `None` if there is none.
    pub record: Option<Record>,
    /// The time by the store's clock.
    pub time: StoreTime,
}

impl Reading {
    /// Creates a reading of this record at this time.
    pub const fn new(record: Option<Record>, time: StoreTime) -> Self {
        Self { record, time }
    }
}

/// What a store's clock shows, and since when that clock has run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct StoreTime {
    /// Microseconds since an instant that stays the same while `instance` does. It may step, as a
    /// system's clock does.
    pub micros: u64,
    /// Which start of the store it is, whose clock and memory begin with it.
    ///
    /// Another value says that the store was started again, so that its time may have another
    /// beginning and its record may be an older one.
    pub instance: u128,
    /// For how long that instance has certainly been there.
    ///
    /// A record that is not there now cannot have been lost by a new start within that time.
    pub uptime: Duration,
}

impl StoreTime {
    /// Creates a time of a store's clock.
    pub const fn new(micros: u64, instance: u128, uptime: Duration) -> Self {
        Self {
            micros,
            instance,
            uptime,
        }
    }
}

/// Whether [`Store::replace`] put the record there, or another process was quicker.
#[derive(Clone, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "a swap is won or lost")]
pub enum Replaced {
    /// The record is there, and the time of that same step.
    ///
    /// A store for which that costs something may leave the time out, but only if this handle of it
    /// has told it less than 100 ms before: the first swap tells it, and so does one swap or read
    /// in each 100 ms of use. The limiter measures the time in between with its own clock, and sees
    /// that the store's has stepped no later than that.
    Won(Option<StoreTime>),
    /// Another process was quicker: what is there now.
    Lost(Reading),
}

/// Error of a [`Store`]: it did not answer in time, or not readably.
#[derive(Debug)]
pub struct Unavailable {
    source: Box<dyn StdError + Send + Sync>,
}

impl Unavailable {
    /// Creates the error of a store that failed because of `source`, whose text must tell no
    /// secret.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            source: source.into(),
        }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store of the shared budget is not available")
    }
}

impl StdError for Unavailable {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}
