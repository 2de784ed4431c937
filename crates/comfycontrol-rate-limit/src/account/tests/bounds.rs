//! The account at its edges: what is remembered, given and known of the next slot.

use super::*;

fn stamped(rule: Algorithm, n: u32, window: u64, stamps: &[(u64, u64)]) -> Account {
    let mut account = Account::new(rule, n, window);
    for (at, count) in stamps {
        account.add_stamps(*at, *count);
    }
    account
}

proptest! {
    /// A response changes what is known of the next slot by its own stamp alone: what is kept is
    /// what a new look would tell.
    #[test]
    fn what_is_known_of_the_next_slot_outlives_a_response(
        rule in rule(), n in 1_u32..12, w in 5_u64..60,
        steps in prop::collection::vec((0_u64..4, 0_u64..5, 0_u64..9), 1..200),
    ) {
        let mut account = Account::new(rule, n, w);
        let mut now = 1_000;
        for (what, pass, later) in steps {
            now += pass;
            if what > 0 && account.check(now).is_ok() {
                account.take();
            } else if account.unstamped() > 0 {
                account.stamp(now + if what == 2 { later } else { 0 });
            }
            let mut forgetful = account.clone();
            forgetful.earliest = None;
            prop_assert_eq!(account.check(now), forgetful.check(now));
            if let Some(mut rule) = forgetful.rule(1) {
                // In 64 bits as in 128.
                let earliest = rule.earliest().at;
                prop_assert!(rule.is_small);
                rule.is_small = false;
                prop_assert_eq!(earliest, rule.earliest().at);
            }
        }
    }
}

#[test]
fn up_to_a_quota_of_1024_stamps_are_exact_and_above_it_they_are_rounded_up() {
    for (n, stamp) in [
        (1_023, 100_001),
        (1_024, 100_001),
        (1_025, 13 << 13),
        (2_000, 13 << 13),
    ] {
        let mut account = Account::new(Algorithm::Strict, n, 10_000_000);
        account.take();
        assert_eq!(account.stamp(100_001), stamp, "{n}");
    }
}

#[test]
fn what_is_kept_elsewhere_is_each_stamp_with_its_requests() {
    let mut account = stamped(Algorithm::Strict, 9, 10, &[(100, 2), (105, 3), (103, 1)]);
    account.add_stamps(104, 0);
    assert_eq!(account.stamps(105), [(100, 2), (103, 1), (105, 3)]);
    assert_eq!(account.remembered(), 6);
    // Two windows later the oldest are forgotten, and the numbers of the others stay right.
    assert_eq!(account.stamps(121), [(103, 1), (105, 3)]);
    assert_eq!(account.remembered(), 4);
    assert_eq!(account.stamps(200), []);
}

#[test]
fn a_purse_has_what_it_was_given_less_what_was_spent() {
    let mut purse = Account::purse();
    purse.give(3);
    purse.take();
    purse.take();
    assert_eq!((purse.unstamped(), purse.unused()), (2, 1));
    purse.spend();
    assert_eq!(
        (purse.unstamped(), purse.unused(), purse.limit()),
        (1, 1, 2)
    );
    assert_eq!(purse.take_unused(), 1);
    assert_eq!((purse.unused(), purse.limit()), (0, 1));
}

#[test]
fn all_that_is_unstamped_can_get_one_stamp() {
    let mut account = stamped(Algorithm::SlidingLog, 3, 10, &[(95, 1)]);
    account.take();
    account.take();
    account.stamp_all(100);
    assert_eq!(account.unstamped(), 0);
    assert_eq!(account.stamps(100), [(95, 1), (100, 2)]);
}

#[test]
fn a_429_counts_what_a_larger_quota_let_through_in_this_window_and_no_more() {
    let mut account = stamped(
        Algorithm::Strict,
        9,
        10,
        &[(80, 2), (95, 3), (98, 2), (104, 1)],
    );
    account.resize(4, 10);
    account.fill(100);
    // Five since 90, which is more than the quota of now; what was stamped ahead stays.
    assert_eq!(account.stamps(100), [(100, 5), (104, 1)]);
    account.fill(106);
    assert_eq!(account.stamps(106), [(106, 6)]);
    let mut account = stamped(Algorithm::Strict, 4, 10, &[(70, 3), (95, 1)]);
    account.fill(100);
    assert_eq!(account.stamps(100), [(100, 4)]);
}

#[test]
fn changing_the_quota_over_and_over_leaves_nothing_behind() {
    let mut account = Account::new(Algorithm::SlidingLog, 1, 10);
    for at in 1..50 {
        account.add_stamps(at * 100, 1);
        account.free(at * 100 + 50);
        account.resize(1, 10);
    }
    assert_eq!(account.gaps.len(), 1);
}
