//! What is worth telling through `tracing`.

use std::error::Error as _;
use std::time::Duration;

use crate::admission::Event;
use crate::ledger::News;
use crate::{Rejected, Unavailable};

/// A call got its slot after `waited` nanoseconds, which are only asked for if they are told.
pub(crate) fn admitted(waited: impl FnOnce() -> u64) {
    tracing::debug!(
        waited = ?Duration::from_nanos(waited()),
        "call admitted after waiting for the rate limit"
    );
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
            "the server throttled a request although we kept within the rate limit: something else \
             shares this address, or the limit is another; nothing is sent during the pause"
        ),
        Event::Noted => {}
        Event::CooldownEnded => tracing::info!("the cooldown is over: requests go out again"),
    }
}

/// The keeper of a shared budget has learnt something.
pub(crate) fn news(news: News) {
    match news {
        News::Gate(event) => settled(event),
        News::Joined { members } => tracing::info!(members, "shares its rate limit with others"),
        News::RecordLost { hold } => tracing::warn!(
            ?hold,
            "the record of the shared rate limit was lost: nothing is sent until no server can count \
             what was in it"
        ),
        News::ClockCorrected { step } => tracing::warn!(
            micros = step,
            "the clock of the store of the shared rate limit has stepped, and is corrected"
        ),
    }
}

pub(crate) fn left() {
    tracing::info!("shares its rate limit no more");
}

pub(crate) fn store_is_away(error: &Unavailable) {
    tracing::warn!(
        %error,
        source = error.source().map(tracing::field::display),
        "nothing is sent until the store of the shared rate limit answers"
    );
}

pub(crate) fn store_is_still_away(error: &Unavailable) {
    tracing::debug!(
        source = error.source().map(tracing::field::display),
        "the store of the shared rate limit does not answer yet"
    );
}

pub(crate) fn store_is_back() {
    tracing::info!("the store of the shared rate limit answers again");
}
