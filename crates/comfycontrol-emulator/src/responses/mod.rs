//! Every response a client has to expect, ready to be sent: heads, bodies and the damage they take.

mod body;
mod exchange;
mod garbage;
mod pages;
mod problem;
mod retry_after;
mod shape;
mod throttled;

pub(crate) use self::body::Damage;
pub use self::body::{Body, BodyReset};
pub(crate) use self::exchange::{Exchange, error_body};
pub use self::garbage::Garbage;
pub use self::retry_after::RetryAfter;
pub use self::shape::Shape;
pub use self::throttled::Throttled;
