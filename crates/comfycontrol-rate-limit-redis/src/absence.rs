//! Since when members have been absent, as far as a few looks can tell.

use std::collections::BTreeMap;
use std::time::Duration;

use comfycontrol_rate_limit::Member;
use tokio::time::Instant;

/// The absences that have not ended.
#[derive(Debug, Default)]
pub(crate) struct Absences(BTreeMap<Member, Absence>);

#[derive(Clone, Copy, Debug)]
struct Absence {
    since: Instant,
    /// When it was seen last.
    seen: Instant,
}

impl Absences {
    /// Which of the members have been absent for that `long`. Each is looked at now, and is absent
    /// or not.
    ///
    /// One that was not looked at for half as long may have been there, and begins again. So does
    /// one that has written, as a limiter knows: it does not ask about that for half as long.
    pub(crate) fn look(
        &mut self,
        looks: impl IntoIterator<Item = (Member, bool)>,
        long: Duration,
        now: Instant,
    ) -> Vec<Member> {
        let may_have_returned = |absence: &Absence| now.duration_since(absence.seen) >= long / 2;
        self.0.retain(|_, absence| !may_have_returned(absence));
        let mut gone = Vec::new();
        for (member, is_absent) in looks {
            if !is_absent {
                self.0.remove(&member);
                continue;
            }
            let begins = Absence {
                since: now,
                seen: now,
            };
            let absence = self.0.entry(member).or_insert(begins);
            absence.seen = now;
            if now.duration_since(absence.since) >= long {
                gone.push(member);
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(5);
    const QUARTER: Duration = Duration::from_millis(1_250);
    const MEMBER: Member = Member::from_u128(7);
    const OTHER: Member = Member::from_u128(8);

    struct Looks {
        absences: Absences,
        now: Instant,
    }

    impl Looks {
        #[expect(
            clippy::disallowed_methods,
            reason = "any instant is one to count from"
        )]
        fn new() -> Self {
            Self {
                absences: Absences::default(),
                now: Instant::now(),
            }
        }

        /// Looks after a pause; how many are gone.
        fn after(&mut self, pause: Duration, looks: &[(Member, bool)]) -> usize {
            self.now += pause;
            let looks = looks.iter().copied();
            self.absences.look(looks, LONG, self.now).len()
        }
    }

    #[test]
    fn a_member_that_stays_away_is_gone_after_the_absence() {
        let mut looks = Looks::new();
        for _ in 0..4 {
            assert_eq!(looks.after(QUARTER, &[(MEMBER, true)]), 0);
        }
        assert_eq!(looks.after(QUARTER, &[(MEMBER, true)]), 1);
    }

    /// No limiter asks about it in the hour in which it is there.
    #[test]
    fn a_member_that_was_away_an_hour_ago_is_not_gone_after_a_blip() {
        let mut looks = Looks::new();
        assert_eq!(looks.after(QUARTER, &[(MEMBER, true)]), 0);
        for _ in 0..4 {
            let hour = Duration::from_secs(3_600);
            assert_eq!(looks.after(hour, &[(MEMBER, true)]), 0);
            assert_eq!(looks.after(QUARTER, &[(MEMBER, true)]), 0);
        }
    }

    #[test]
    fn a_member_that_is_there_once_begins_anew() {
        let mut looks = Looks::new();
        for is_absent in [true, true, true, true, false, true] {
            assert_eq!(looks.after(QUARTER, &[(MEMBER, is_absent)]), 0);
        }
    }

    #[test]
    fn a_look_at_others_ends_an_absence_only_if_it_comes_late() {
        for (late, gone) in [(QUARTER / 2, 1), (QUARTER, 0)] {
            let mut looks = Looks::new();
            for _ in 0..4 {
                assert_eq!(looks.after(QUARTER, &[(MEMBER, true)]), 0);
            }
            assert_eq!(looks.after(QUARTER, &[(OTHER, false)]), 0);
            assert_eq!(looks.after(late, &[(MEMBER, true)]), gone);
        }
    }

    #[test]
    fn a_store_that_waits_for_no_absence_says_it_at_once() {
        let mut absences = Looks::new().absences;
        let gone = absences.look([(MEMBER, true)], Duration::ZERO, Looks::new().now);
        assert_eq!(gone, [MEMBER]);
    }
}
