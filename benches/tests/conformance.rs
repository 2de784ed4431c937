//! The harness in small: ours is never refused, and what is wrong on purpose shows.

use comfycontrol_benches::conformance::{Campaign, Policy};

#[test]
fn strict_is_never_throttled_and_never_slow() {
    for (server, rtt) in [
        ("counter@2.5/excess", "≤3s"),
        ("log/extended", "3s-or-0"),
        ("bucket/late-2s", "1s"),
    ] {
        let verdict = small(Policy::Strict, server, rtt).run();
        assert!(verdict.requests() > 500, "{server} over {rtt}");
        assert_eq!(verdict.refused(Policy::Strict), 0, "by {server} over {rtt}");
        assert!(verdict.faults().is_empty(), "{:#?}", verdict.faults());
    }
}

#[test]
fn sliding_is_refused_by_a_counter_and_by_no_log() {
    for (server, refuses) in [("counter@2.5", true), ("log", false)] {
        let verdict = small(Policy::Sliding, server, "1s").run();
        assert_eq!(verdict.refused(Policy::Sliding) > 0, refuses, "by {server}");
        assert!(verdict.faults().is_empty(), "{:#?}", verdict.faults());
    }
}

/// Untold of it, our limiter is refused, which is no fault: it has promised nothing there.
#[test]
fn counters_that_count_for_longer_than_a_window_must_be_told() {
    for (server, refuses) in [
        ("coarse@2.5/told", false),
        ("thirds@2.5/told", false),
        ("coarse@2.5", true),
    ] {
        let verdict = small(Policy::Strict, server, "0.3s").run();
        assert!(verdict.requests() > 500, "{server}");
        assert_eq!(verdict.refused(Policy::Strict) > 0, refuses, "by {server}");
        assert!(verdict.faults().is_empty(), "{:#?}", verdict.faults());
    }
}

#[test]
fn what_is_wrong_on_purpose_is_refused() {
    for (policy, server, rtt) in [
        (Policy::LogAtSend, "log", "≤1s"),
        (Policy::NoLag, "log/late-2s", "0"),
        (Policy::OneTooMany, "bucket", "0"),
        (Policy::OneTooMany, "first", "3s-up"),
        (Policy::OneTooMany, "fixed@3.3", "0.3s"),
    ] {
        let verdict = small(policy, server, rtt).run();
        assert!(verdict.refused(policy) > 0, "{} by {server}", policy.name());
        assert_eq!(verdict.faultless(), [""; 0]);
    }
}

#[test]
fn requests_dropped_on_their_way_are_not_forgotten() {
    let verdict = small(Policy::NoLinger, "log", "1s-or-0").run();
    let faults = verdict.faults();
    let has = |drops: &str| faults.iter().any(|fault| fault.contains(drops));
    assert!(has(" first-40 "), "{faults:#?}");
    assert!(!has(" none "), "{faults:#?}");
}

#[test]
fn slots_that_come_late_are_too_slow() {
    let verdict = small(Policy::Tardy, "fixed@0", "1s").run();
    assert_eq!(verdict.refused(Policy::Tardy), 0);
    let slow = |fault: &&str| fault.starts_with("took 1.");
    assert!(verdict.faults().iter().any(slow));
}

#[test]
fn peers_are_refused_and_judged_by_nothing() {
    for policy in [
        Policy::Governor,
        Policy::LeakyBucket,
        Policy::Tower,
        Policy::TowerResilience,
    ] {
        let verdict = small(policy, "counter@2.5", "1s").run();
        assert!(verdict.refused(policy) > 0, "{}", policy.name());
        assert!(verdict.faults().is_empty(), "{:#?}", verdict.faults());
    }
}

#[test]
fn the_same_seed_gives_the_same_campaign() {
    let run = |seed| {
        let campaign = Campaign {
            seed,
            ..small(Policy::Tower, "log", "≤1s")
        };
        let verdict = campaign.run();
        (verdict.requests(), verdict.refused(Policy::Tower))
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

/// One policy, servers whose name begins so, one network.
fn small(policy: Policy, server: &str, rtt: &str) -> Campaign {
    Campaign {
        policies: vec![policy],
        server: Some(server.to_owned()),
        rtt: Some(rtt.to_owned()),
        calls: 100,
        timed_calls: 100,
        ..Campaign::new(1)
    }
}
