#[path = "../support/quota.rs"]
mod quota;

use std::time::Duration;

pub(crate) use quota::{PAUSE, WINDOW, builder};

/// How long a request that was given up may still be on its way.
pub(crate) const LINGER: Duration = Duration::from_secs(3);
