use super::*;

fn closed() -> Cooldown {
    let mut gate = Cooldown::new();
    gate.throttled(0, gate.episode(), |_| 10);
    gate
}

#[test]
fn opens_to_one_probe_and_with_its_response_to_all() {
    let mut gate = closed();
    assert_eq!(gate.check(9), Gate::Wait { until: 10 });
    assert_eq!(gate.check(10), Gate::PassAsProbe);
    let probe = gate.probe(10);
    assert_eq!(gate.check(19), Gate::WaitForProbe { until: 20 });
    assert!(gate.probe_succeeded(probe));
    assert_eq!(gate.check(11), Gate::Pass);
}

#[test]
fn only_the_loss_of_the_latest_probe_counts_but_any_of_their_responses() {
    let mut gate = closed();
    let first = gate.probe(10);
    assert_eq!(gate.check(20), Gate::PassAsProbe);
    let second = gate.probe(20);
    gate.probe_lost(first);
    assert_eq!(gate.check(21), Gate::WaitForProbe { until: 30 });
    gate.probe_lost(second);
    assert_eq!(gate.check(21), Gate::PassAsProbe);
    assert!(gate.probe_succeeded(first));
}

#[test]
fn a_probe_from_before_the_last_429_opens_nothing() {
    let mut gate = closed();
    let stale = gate.probe(10);
    gate.throttled(11, 0, |_| 10);
    let probe = gate.probe(21);
    assert!(!gate.probe_succeeded(stale));
    gate.probe_lost(stale);
    assert_eq!(gate.check(22), Gate::WaitForProbe { until: 31 });
    assert!(gate.probe_succeeded(probe));
}

#[test]
fn strikes_count_throttled_probes_only() {
    let mut gate = Cooldown::new();
    for strikes in 0..5 {
        let episode = gate.episode();
        let throttled = gate.throttled(100, episode, |seen| {
            assert_eq!(seen, strikes);
            10
        });
        assert_eq!(throttled, Throttled::NewEpisode { strikes });
        // The rest of the burst.
        for _ in 0..3 {
            assert_eq!(gate.throttled(100, episode, |_| 10), Throttled::SameEpisode);
        }
        gate.probe(110);
    }
    let probe = gate.probe(120);
    gate.probe_succeeded(probe);
    assert_eq!(
        gate.throttled(130, gate.episode(), |_| 10),
        Throttled::NewEpisode { strikes: 0 }
    );
}

#[test]
fn a_stragglers_429_is_no_strike_and_makes_the_next_one_none() {
    let mut gate = closed();
    let probe = gate.probe(10);
    gate.probe_succeeded(probe);
    let current = gate.episode();
    assert_eq!(gate.throttled(20, 0, |_| 10), Throttled::SameEpisode);
    let first = Throttled::NewEpisode { strikes: 0 };
    assert_eq!(gate.throttled(22, current, |_| 10), first);
    assert_eq!(gate.closed_until(22), Some(32));
    // With a strike since, one from before pauses as if there were none.
    let second = Throttled::NewEpisode { strikes: 1 };
    let probe_episode = gate.episode();
    gate.probe(32);
    assert_eq!(gate.throttled(33, probe_episode, |_| 20), second);
    gate.throttled(34, 0, |strikes| 10 << strikes);
    assert_eq!(gate.closed_until(34), Some(53));
}

#[test]
fn a_probe_is_given_as_long_as_the_gate_was_closed() {
    let mut gate = Cooldown::new();
    gate.throttled(0, gate.episode(), |_| 60);
    gate.throttled(1, 0, |_| 5);
    gate.probe(60);
    assert_eq!(gate.check(119), Gate::WaitForProbe { until: 120 });
    assert_eq!(gate.check(120), Gate::PassAsProbe);
    gate.throttled(121, gate.episode(), |_| 5);
    gate.probe(126);
    assert_eq!(gate.check(127), Gate::WaitForProbe { until: 131 });
}

#[test]
fn the_later_of_a_429_and_a_pause_by_hand_counts() {
    let mut gate = closed();
    gate.pause(5);
    assert_eq!(gate.closed_until(0), Some(10));
    gate.pause(30);
    assert_eq!(gate.check(0), Gate::Wait { until: 30 });
    assert_eq!(gate.closed_until(30), None);
    assert_eq!(
        gate.check(30),
        Gate::PassAsProbe,
        "the 429 is not forgotten"
    );
}

#[test]
fn by_hand_nobody_needs_to_probe() {
    let mut gate = Cooldown::new();
    gate.pause(5);
    gate.pause(3);
    assert_eq!(gate.check(4), Gate::Wait { until: 5 });
    assert_eq!(gate.check(5), Gate::Pass);
}

#[test]
fn open_is_only_a_gate_that_asks_for_neither_time_nor_probe() {
    let mut gate = Cooldown::new();
    assert!(gate.is_open());
    gate.pause(5);
    assert!(!gate.is_open());
    assert_eq!(gate.check(5), Gate::Pass);
    assert!(gate.is_open());
    gate.throttled(6, gate.episode(), |_| 10);
    assert!(!gate.is_open());
    let probe = gate.probe(16);
    assert!(!gate.is_open());
    gate.probe_succeeded(probe);
    assert!(gate.is_open());
}

#[test]
fn a_gate_that_is_kept_elsewhere_comes_back_as_it_was() {
    let mut gate = Cooldown::new();
    let mut seen = vec![gate.save()];
    for now in [0, 20, 40] {
        gate.throttled(now, gate.episode(), |strikes| 10 + u64::from(strikes));
        seen.push(gate.save());
        gate.probe(now + 15);
        seen.push(gate.save());
    }
    gate.probe_lost(gate.latest);
    seen.push(gate.save());
    gate.probe_succeeded(gate.latest);
    seen.push(gate.save());
    // Each is another: open, closed, half open with a probe, and so on.
    for (at, saved) in seen.iter().enumerate() {
        assert!(!seen[..at].contains(saved), "{saved:?}");
    }
    for saved in seen {
        assert_eq!(Cooldown::restore(&saved).save(), saved);
        // Pauses are each process's own.
        assert_eq!(Cooldown::restore(&saved).paused_until, 0);
    }
    // Nothing throttled: open, whatever else was kept.
    assert!(Cooldown::restore(&Saved::default()).is_open());
}

#[test]
fn a_gate_that_follows_another_throttles_in_its_episode() {
    let mut gate = Cooldown::new();
    gate.follow(7);
    assert_eq!(gate.episode(), 7);
    assert_eq!(gate.throttled(0, 6, |_| 10), Throttled::SameEpisode);
    let first = Throttled::NewEpisode { strikes: 0 };
    assert_eq!(gate.throttled(0, 7, |_| 10), first);
}
