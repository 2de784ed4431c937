//! How long requests and responses are on the way.

use std::time::Duration;

use comfycontrol_emulator::{RoundTrip, Transit};

use super::chance::{Draws, mix};
use super::server::LIMIT;

/// A network between the client and the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    /// As it stands in the column `rtt`.
    pub(super) name: &'static str,
    /// The longest that request and response together are on the way.
    pub(super) round_trip: Duration,
    way: Way,
}

#[derive(Clone, Copy, Debug)]
enum Way {
    /// All of it on the way there.
    AllUp,
    /// All of it on the way back.
    AllDown,
    /// Half there, half back.
    Even,
    /// Each request by its own times, so that they overtake each other.
    Mixed,
    /// All of it on the way there for one quota of requests, nothing for the next.
    Waves,
}

impl Network {
    /// Round trips up to 3 s: even, lopsided, and such that requests overtake each other.
    pub(super) const ALL: [Self; 14] = [
        Self::new("0", 0, Way::Even),
        Self::new("50ms", 50, Way::Even),
        Self::new("0.3s", 300, Way::Even),
        Self::new("1s", 1_000, Way::Even),
        Self::new("3s", 3_000, Way::Even),
        Self::new("1s-up", 1_000, Way::AllUp),
        Self::new("1s-down", 1_000, Way::AllDown),
        Self::new("3s-up", 3_000, Way::AllUp),
        Self::new("3s-down", 3_000, Way::AllDown),
        Self::new("≤0.3s", 300, Way::Mixed),
        Self::new("≤1s", 1_000, Way::Mixed),
        Self::new("≤3s", 3_000, Way::Mixed),
        Self::new("1s-or-0", 1_000, Way::Waves),
        Self::new("3s-or-0", 3_000, Way::Waves),
    ];

    const fn new(name: &'static str, millis: u64, way: Way) -> Self {
        Self {
            name,
            round_trip: Duration::from_millis(millis),
            way,
        }
    }

    /// Whether the first quota is slow and the second may catch up with it.
    pub(super) fn comes_in_waves(&self) -> bool {
        matches!(self.way, Way::Waves)
    }

    /// The times there and back of the request that is dispatched as this number, from 0.
    pub(super) fn trip(&self, seed: u64, number: u64) -> (Duration, Duration) {
        let total = self.round_trip;
        match self.way {
            Way::AllUp => (total, Duration::ZERO),
            Way::AllDown => (Duration::ZERO, total),
            Way::Even => (total / 2, total / 2),
            Way::Mixed => {
                let mut draws = Draws::new(mix(seed, number));
                let up = draws.up_to(total);
                (up, draws.up_to(total - up))
            }
            Way::Waves if (number / u64::from(LIMIT)).is_multiple_of(2) => (total, Duration::ZERO),
            Way::Waves => (Duration::ZERO, Duration::ZERO),
        }
    }

    /// The same network for the emulator; with the probability `lost` the connection breaks at
    /// some point of a request's way.
    pub(super) fn transit(self, seed: u64, lost: f64) -> Transit {
        Transit::from_fn(move |number| {
            let (up, down) = self.trip(seed, number);
            let trip = RoundTrip::new(up, down);
            let mut draws = Draws::new(mix(!seed, number));
            if draws.happens(lost) {
                trip.lost_after(draws.up_to(up + down))
            } else {
                trip
            }
        })
    }
}
