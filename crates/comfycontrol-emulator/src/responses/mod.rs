//! Every response a client has to expect, ready to be sent: heads, bodies and the damage they take.

mod body;
mod coding;
mod damage;
mod denied;
mod echo;
mod ending;
mod exchange;
mod garbage;
mod length;
mod pages;
mod problem;
mod retry_after;
mod shape;
mod throttled;
mod zeros;

pub use self::body::{Body, BodyReset};
pub use self::coding::Coding;
pub(crate) use self::damage::Damage;
pub(crate) use self::denied::denied;
pub use self::echo::Echo;
pub use self::ending::Ending;
pub(crate) use self::exchange::{Exchange, error_body};
pub use self::garbage::Garbage;
pub use self::length::Length;
pub use self::retry_after::RetryAfter;
pub use self::shape::Shape;
pub use self::throttled::Throttled;
