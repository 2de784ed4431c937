//! What is worth telling through `tracing`.

use std::time::Duration;

use crate::Rejected;
use crate::admission::Event;

/// A call got its slot after `waited` nanoseconds.
pub(crate) fn admitted(waited: u64) {
    let waited = Duration::from_nanos(waited);
    tracing::debug!(?waited, "call admitted after waiting for the rate limit");
}

pub(crate) fn rejected(error: &Rejected) {
    tracing::debug!(%error, "call rejected after waiting for the rate limit");
}

/// A settled request has changed something for all.
#[cold]
pub(crate) fn settled(event: Event) {
    match event {
        Event::CooldownStarted { pause, strikes } => tracing::warn!(
            ?pause,
            in_a_row = strikes + 1,
            "the server refused a request although we kept within the rate limit: something else \
             shares this address, or the limit is another; nothing is sent during the pause"
        ),
        Event::CooldownEnded => tracing::info!("the cooldown is over: requests go out again"),
    }
}
