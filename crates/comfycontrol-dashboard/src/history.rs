//! What ended in each of the last six hundred seconds. Pure: every event brings its second.

use crate::outcome::Class;

/// How many calls of each class ended in one second.
pub(crate) type Counts = [u32; Class::COUNT];

/// The last ten minutes, and all in all.
#[derive(Clone, Debug)]
pub(crate) struct History {
    /// The second `n` is at `n` modulo their number.
    seconds: Box<[Counts]>,
    /// The newest second that there is.
    newest: u64,
    totals: [u64; Class::COUNT],
}

impl History {
    /// How many seconds are kept.
    pub(crate) const SECONDS: u64 = 600;

    pub(crate) fn new() -> Self {
        Self {
            seconds: vec![Counts::default(); Self::SECONDS as usize].into(),
            newest: 0,
            totals: [0; Class::COUNT],
        }
    }

    /// Time has come to this second; it never goes back.
    pub(crate) fn advance(&mut self, second: u64) {
        let passed = second.saturating_sub(self.newest).min(Self::SECONDS);
        self.newest = self.newest.max(second);
        for passed in 0..passed {
            *self.at(self.newest - passed) = Counts::default();
        }
    }

    /// A call of that class has ended.
    pub(crate) fn add(&mut self, second: u64, class: Class) {
        self.advance(second);
        let count = &mut self.at(self.newest)[class.index()];
        *count = count.saturating_add(1);
        self.totals[class.index()] += 1;
    }

    /// The number of the first of the seconds that are kept, from `since` on, and the counts of all
    /// up to now.
    pub(crate) fn since(&mut self, now: u64, since: u64) -> (u64, Vec<Counts>) {
        self.advance(now);
        let oldest = (self.newest + 1).saturating_sub(Self::SECONDS);
        let first = since.clamp(oldest, self.newest);
        let counts = (first..=self.newest).map(|second| *self.at(second));
        (first, counts.collect())
    }

    /// All calls of each class.
    pub(crate) fn totals(&self) -> [u64; Class::COUNT] {
        self.totals
    }

    fn at(&mut self, second: u64) -> &mut Counts {
        &mut self.seconds[(second % Self::SECONDS) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;
    use http::StatusCode;
    use proptest::prelude::*;

    fn outcome() -> impl Strategy<Value = Outcome> {
        let status = (100_u16..600).prop_map(|code| StatusCode::from_u16(code).unwrap());
        prop_oneof![
            4 => status.prop_map(Outcome::Status),
            1 => Just(Outcome::Status(StatusCode::TOO_MANY_REQUESTS)),
            1 => Just(Outcome::Failed),
            1 => Just(Outcome::Cancelled),
        ]
    }

    /// How many seconds pass, mostly few, and what ends then.
    fn events() -> impl Strategy<Value = Vec<(u64, Outcome)>> {
        let pause = prop_oneof![8 => 0_u64..3, 2 => 0_u64..500, 1 => 590_u64..1_500];
        prop::collection::vec((pause, outcome()), 0..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn has_what_a_list_of_all_calls_has(
            events in events(),
            rest in 0_u64..700,
            back in 0_u64..700,
        ) {
            let mut history = History::new();
            let mut all = Vec::new();
            let mut now = 0;
            for (pause, outcome) in events {
                now += pause;
                history.add(now, Class::of(outcome));
                all.push((now, Class::of(outcome)));
            }
            now += rest;
            let since = now.saturating_sub(back);
            let (first, counts) = history.since(now, since);
            prop_assert_eq!(first, since.max((now + 1).saturating_sub(600)));
            prop_assert_eq!(counts.len() as u64, now + 1 - first);
            for (second, counts) in (first..).zip(counts) {
                for (class, count) in counts.into_iter().enumerate() {
                    let expected = all.iter().filter(|(at, of)| *at == second && of.index() == class);
                    prop_assert_eq!(count as usize, expected.count());
                }
            }
            let totals: u64 = history.totals().iter().sum();
            prop_assert_eq!(totals, all.len() as u64);
        }
    }

    #[test]
    fn a_clock_that_goes_back_counts_for_the_newest_second() {
        let mut history = History::new();
        history.add(10, Class::Success);
        history.add(3, Class::Success);
        let (first, counts) = history.since(10, 10);
        assert_eq!((first, counts.len(), counts[0][0]), (10, 1, 2));
    }
}
