use super::*;
use proptest::prelude::*;

mod bounds;

/// The rule as it is written, tried at every `e` of a window of a few nanoseconds.
fn naive(rule: Algorithm, n: u64, w: u64, unstamped: u64, stamps: &[u64], now: u64) -> bool {
    let a = |x: u64| unstamped + stamps.iter().filter(|s| **s + x >= now).count() as u64;
    match rule {
        Algorithm::SlidingLog => a(w) <= n,
        Algorithm::Strict => (0..=w).all(|e| e * a(e) + (w - e) * a(e + w) <= n * w),
    }
}

#[derive(Clone, Debug)]
enum Step {
    Fill,
    GiveBack,
    Pass(u64),
    Move(usize, u64),
    Stamp(u64),
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Take),
        1 => Just(Step::GiveBack),
        5 => (0_u64..6).prop_map(Step::Stamp),
        5 => (0_u64..12).prop_map(Step::Pass),
        1 => (0_usize..9, 0_u64..6).prop_map(|(which, later)| Step::Move(which, later)),
        1 => Just(Step::Fill),
    ]
}

/// What remembers its result, and what must not disturb that.
#[derive(Clone, Debug)]
enum Look {
    Away,
    LowerBound { unused: u64, lag: u64 },
    Check,
    Free,
}

fn look() -> impl Strategy<Value = Look> {
    prop_oneof![
        Just(Look::Away),
        (0_u64..4, 0_u64..6).prop_map(|(unused, lag)| Look::LowerBound { unused, lag }),
        Just(Look::Check),
        Just(Look::Free),
    ]
}

fn rule() -> impl Strategy<Value = Algorithm> {
    prop_oneof![Just(Algorithm::Strict), Just(Algorithm::SlidingLog)]
}

proptest! {
    /// Never yes where the rule says no, never no where it says yes, and never a nanosecond late.
    #[test]
    fn agrees_with_the_rule_as_written(
        rule in rule(), n in 1_u32..7, w in 1_u64..30, steps in prop::collection::vec((look(), step()), 1..60),
    ) {
        let mut account = Account::new(rule, n, w);
        let (n, mut now, mut unstamped, mut stamps) = (u64::from(n), 100, 0, Vec::new());
        for (look, step) in steps {
            let may = |unstamped, stamps: &[u64], at| naive(rule, n, w, unstamped, stamps, at);
            match look {
                Look::Check => match account.check(now) {
                    Ok(()) => prop_assert!(may(unstamped + 1, &stamps, now)),
                    Err(Some(at)) => {
                        prop_assert!((now..at).all(|early| !may(unstamped + 1, &stamps, early)));
                        prop_assert!(may(unstamped + 1, &stamps, at));
                    }
                    Err(None) => prop_assert!(unstamped >= n),
                },
                Look::LowerBound { unused, lag } => {
                    let unused = unused.min(unstamped);
                    let stamped = vec![now + lag; (unstamped - unused) as usize];
                    let stamped = [&stamps[..], &stamped].concat();
                    let bound = account.lower_bound(now, now + lag, unused);
                    prop_assert!((now..bound).all(|early| !may(1, &stamped, early)));
                    prop_assert!(bound == now || may(1, &stamped, bound));
                }
                Look::Free => {
                    let free = (1..=n).take_while(|k| may(unstamped + k, &stamps, now)).count();
                    prop_assert_eq!(account.free(now), free as u64);
                }
                Look::Away => {}
            }

            match step {
                Step::Take if account.check(now).is_ok() => {
                    account.take();
                    unstamped += 1;
                }
                Step::GiveBack if unstamped > 0 => {
                    account.give_back();
                    unstamped -= 1;
                }
                Step::Stamp(later) if unstamped > 0 => {
                    account.stamp(now + later);
                    unstamped -= 1;
                    stamps.push(now + later);
                }
                Step::Move(which, later) if which < stamps.len() && stamps[which] >= now => {
                    account.move_stamp(stamps[which], now + later);
                    stamps[which] = now + later;
                }
                Step::Pass(time) => now += time,
                Step::Fill => {
                    account.fill(now);
                    stamps.retain(|s| *s > now);
                    stamps.extend((0..n).map(|_| now));
                }
                _ => {}
            }
        }
    }

    /// Above 1,024 a stamp is rounded up: never early, late by less than a grain.
    #[test]
    fn a_large_quota_is_never_early_and_hardly_late(
        rule in rule(), gaps in prop::collection::vec(0_u64..3_000, 1..300), ahead in 0_u64..40_000_000,
    ) {
        let (n, w) = (1_100, 10_240_000);
        let mut account = Account::new(rule, n, w);
        let (mut now, mut stamps) = (w * 3, Vec::new());
        for gap in gaps {
            now += gap;
            for _ in 0..5 {
                account.take();
                account.stamp(now);
                stamps.push(now);
            }
        }
        let at = now + ahead;
        let exact = |at| {
            let mut exact = Account::new(rule, 1_024, w);
            exact.limit = n.into();
            stamps.iter().for_each(|s| { exact.take(); exact.stamp(*s); });
            exact.check(at).is_ok()
        };
        if account.check(at).is_ok() {
            prop_assert!(exact(at), "early");
        } else {
            prop_assert!(!exact(at - w / 1_024), "late by more than a grain");
        }
    }

    /// A stamp moved is a stamp at its new place.
    #[test]
    fn a_stamp_can_be_moved(old in 100_u64..200, new in 100_u64..200, others in prop::collection::vec(100_u64..200, 0..3)) {
        let fill = |stamps: &[u64]| {
            let mut account = Account::new(Algorithm::Strict, 4, 50);
            stamps.iter().for_each(|s| { account.take(); account.stamp(*s); });
            account
        };
        let mut moved = fill(&[&others[..], &[old]].concat());
        moved.move_stamp(old, new);
        let mut fresh = fill(&[&others[..], &[new]].concat());
        for now in 100..350 {
            prop_assert_eq!(moved.free(now), fresh.free(now));
        }
    }
}

#[test]
fn forgets_in_one_step_however_long_the_rest() {
    let mut account = Account::new(Algorithm::Strict, 1_000, 10);
    for at in 0..1_000 {
        account.take();
        account.stamp(at);
    }
    assert_eq!(account.free(u64::MAX / 2), 1_000);
    account.resize(1_000, 20);
    assert_eq!(account.incomplete_until(), Some(999 + 41));
}

#[test]
fn what_a_window_made_us_forget_is_missed_by_longer_ones_only() {
    let mut account = Account::new(Algorithm::SlidingLog, 1, 10);
    let forget = |account: &mut Account, at: u64| {
        account.take();
        account.stamp(at);
        account.free(at + account.window() + 1);
    };
    forget(&mut account, 100);
    for (window, until) in [(10, None), (30, Some(161)), (9, None), (40, Some(181))] {
        account.resize(1, window);
        assert_eq!(account.incomplete_until(), until);
    }
    forget(&mut account, 200);
    for (window, until) in [
        (50, Some(301)),
        (40, Some(181)),
        (10, None),
        (60, Some(321)),
    ] {
        account.resize(1, window);
        assert_eq!(account.incomplete_until(), until);
    }
    // What a shorter one made us forget since is missed by all that are longer.
    account.resize(1, 5);
    forget(&mut account, 300);
    account.resize(1, 10);
    assert_eq!(account.incomplete_until(), Some(321));
}

#[test]
fn many_429s_at_once_close_as_long_as_one() {
    for n in [1_024, 1_025, 100_000] {
        let closed = |times| {
            let mut account = Account::new(Algorithm::Strict, n, 10_000_000_000);
            for at in 0..times {
                account.take();
                account.stamp(at * 10_000);
                account.fill(at * 10_000);
            }
            account.check(0).unwrap_err().unwrap()
        };
        // By the time of the last one, to one grain.
        assert!(
            closed(200).abs_diff(closed(1)) < 2_000_000 + 10_000_000,
            "{n}"
        );
    }
}

#[test]
fn whoever_is_behind_is_told_what_he_would_have_been_told_alone() {
    let full = || {
        let mut account = Account::new(Algorithm::SlidingLog, 1, 10);
        account.take();
        account.stamp(100);
        account
    };
    let mut asked_before = full();
    assert!(asked_before.check(200).is_ok());
    assert_eq!(asked_before.check(150), full().check(150));
    assert!(asked_before.check(150).is_ok());
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let day = 86_400_000_000_000 + 86_400_000_000;
    let mut account = Account::new(Algorithm::Strict, 100_000, day);
    let now = 500 * 365 * day;
    for _ in 0..2 {
        account.fill(now - day / 2);
        account.fill(now);
    }
    let earliest = account.check(now).unwrap_err().unwrap();
    assert!((now + day..now + 2 * day).contains(&earliest));
    account.take();
    assert!(account.check(now).is_err());
}

#[test]
fn allocates_once() {
    for (n, rule) in [
        (40, Algorithm::Strict),
        (40, Algorithm::SlidingLog),
        (5_000, Algorithm::Strict),
    ] {
        let mut account = Account::new(rule, n, 1_000_000);
        let room = account.stamps.capacity();
        for now in 0..3_000 {
            let now = 5_000_000 + now * 997;
            while account.check(now).is_ok() {
                account.take();
                account.stamp(now);
            }
        }
        assert_eq!(account.stamps.capacity(), room);
    }
}
