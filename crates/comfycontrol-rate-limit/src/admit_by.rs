use tokio::time::Instant;

/// A request extension: until when a slot must come, or the call is refused.
///
/// A call that would certainly wait longer is refused at once, others when the instant has passed;
/// either way the request is not sent and nothing is consumed.
///
/// ```
/// use comfycontrol_rate_limit::AdmitBy;
/// use http::Request;
/// use std::time::Duration;
/// use tokio::time::Instant;
///
/// let mut request = Request::new(());
/// let soon = Instant::now() + Duration::from_secs(2);
/// request.extensions_mut().insert(AdmitBy(soon));
/// ```
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct AdmitBy(pub Instant);
