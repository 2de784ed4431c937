use tokio::time::Instant;

/// A request extension: the instant by which the call must have ended.
///
/// A rate limiter rejects a call whose slot would certainly come later, at once, and any other when
/// the instant has passed. A retry that could begin only later is not begun. Either way nothing is
/// sent. A request that has left is not ended: that is for a timeout.
///
/// ```
/// use comfycontrol_core::Deadline;
/// use http::Request;
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// let mut request = Request::new(());
/// let soon = Instant::now() + Duration::from_secs(2);
/// request.extensions_mut().insert(Deadline(soon));
/// ```
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Deadline(pub Instant);
