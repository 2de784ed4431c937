//! Which calls are given up, and which fail, at what point of their life.

use std::time::Duration;

use super::chance::Draws;

/// How much goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Drops {
    /// The first quota is dropped as soon as it has left; everything else goes well.
    First40,
    Half,
    None,
    Tenth,
}

/// What becomes of one call on the client's side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    /// Dropped so long after it was made, wherever it is then.
    DroppedAfter(Duration),
    /// Dropped so long after its request has left.
    DroppedInFlight(Duration),
    /// Waited for to the end.
    Kept,
}

impl Drops {
    /// Those that go with every network.
    pub(super) const ALL: [Self; 3] = [Self::None, Self::Tenth, Self::Half];

    /// As it stands in the column `drops`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::First40 => "first-40",
            Self::Half => "50%",
            Self::None => "none",
            Self::Tenth => "10%",
        }
    }

    /// The part of the calls that is given up or fails: a quarter each by being dropped anywhere,
    /// dropped in flight, losing its connection in flight, or finding none.
    fn part(self) -> f64 {
        match self {
            Self::First40 | Self::None => 0.0,
            Self::Half => 0.5,
            Self::Tenth => 0.1,
        }
    }

    /// What becomes of the call with this number, from 0.
    pub(super) fn fate(self, number: usize, round_trip: Duration, draws: &mut Draws) -> Fate {
        if self == Self::First40 && number < 40 {
            return Fate::DroppedInFlight(Duration::ZERO);
        }
        let draw = draws.fraction();
        if draw < self.part() / 4.0 {
            Fate::DroppedAfter(draws.up_to(Duration::from_secs(20)))
        } else if draw < self.part() / 2.0 {
            Fate::DroppedInFlight(draws.up_to(round_trip))
        } else {
            Fate::Kept
        }
    }

    /// The probability that a request in flight loses its connection.
    pub(super) fn lost(self) -> f64 {
        self.part() / 4.0
    }

    /// The probability that no connection is found, and as often, that it takes a while.
    pub(super) fn unconnected(self) -> f64 {
        self.part() / 4.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_trouble_is_of_each_kind() {
        let (mut draws, mut anywhere, mut in_flight) = (Draws::new(1), 0, 0);
        for number in 0..8_000 {
            match Drops::Half.fate(number, Duration::from_secs(1), &mut draws) {
                Fate::DroppedAfter(wait) => anywhere += u32::from(wait > Duration::from_secs(1)),
                Fate::DroppedInFlight(wait) => in_flight += u32::from(!wait.is_zero()),
                Fate::Kept => {}
            }
        }
        assert!(
            (900..1_100).contains(&anywhere),
            "{anywhere} of 8000 anywhere"
        );
        assert!(
            (900..1_100).contains(&in_flight),
            "{in_flight} of 8000 in flight"
        );
        assert_eq!(Drops::Half.lost(), 0.125);
    }
}
