//! Whether calls are worth sending here. Pure.

use std::time::SystemTime;

use comfycontrol_rate_limit::Fleet;
use comfycontrol_token::Snapshot as TokenSnapshot;

/// Why calls are better sent elsewhere; nothing if all is well. A cooldown is none: calls wait for
/// its end.
pub(crate) fn reasons(
    is_stopping: bool,
    token: Option<&TokenSnapshot>,
    fleet: Option<&Fleet>,
    wall: SystemTime,
) -> Vec<&'static str> {
    let mut reasons = Vec::new();
    if is_stopping {
        reasons.push("stopping");
    }
    reasons.extend(token.and_then(|token| without_token(token, wall)));
    if fleet.is_some_and(|fleet| fleet.away_since().is_some()) {
        reasons.push("the store of the shared budget does not answer");
    } else if fleet.is_some_and(|fleet| fleet.rejects().is_some()) {
        reasons.push("nothing keeps the shared budget");
    }
    reasons
}

/// Why there is no token to send, if so.
pub(crate) fn without_token(token: &TokenSnapshot, wall: SystemTime) -> Option<&'static str> {
    if token.fingerprint().is_none() {
        return Some("the token is missing");
    }
    let is_past = token.expires_at().is_some_and(|at| at <= wall);
    is_past.then_some("the token has expired")
}
