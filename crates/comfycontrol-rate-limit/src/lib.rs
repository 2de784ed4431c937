//! Tower middleware that never provokes a 429, and stays silent through a cooldown.

mod admission;
mod builder;
mod clock;
mod cooldown;
mod deadline;
mod error;
mod future;
mod layer;
mod limiter;
mod queue;
mod quota;
mod retry_after;
mod service;
mod shared;
mod snapshot;
mod sync;
mod turn;
mod window;

pub use self::builder::LimiterBuilder;
pub use self::deadline::Deadline;
pub use self::error::{NotAdmitted, NotAdmittedReason};
pub use self::future::ResponseFuture;
pub use self::layer::RateLimitLayer;
pub use self::limiter::{InFlight, Limiter, Permit, WeakLimiter};
pub use self::quota::{InvalidQuota, Quota};
pub use self::retry_after::retry_after;
pub use self::service::RateLimit;
pub use self::snapshot::Snapshot;
pub use self::window::Window;
