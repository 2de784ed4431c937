use super::*;

const PATIENCE: u64 = 10;

fn closed() -> Cooldown {
    let mut gate = Cooldown::new(PATIENCE);
    gate.refused(0, gate.episode(), |_| 10);
    gate
}

#[test]
fn opens_to_one_probe_and_with_its_answer_to_all() {
    let mut gate = closed();
    assert_eq!(gate.check(9), Gate::Wait { until: 10 });
    assert_eq!(gate.check(10), Gate::PassAsProbe);
    let probe = gate.probe(10);
    assert_eq!(gate.check(19), Gate::WaitForProbe { until: 20 });
    assert!(gate.probe_answered(probe));
    assert_eq!(gate.check(11), Gate::Pass);
}

#[test]
fn only_the_loss_of_the_latest_probe_counts_but_any_of_their_answers() {
    let mut gate = closed();
    let first = gate.probe(10);
    assert_eq!(gate.check(20), Gate::PassAsProbe);
    let second = gate.probe(20);
    gate.probe_lost(first);
    assert_eq!(gate.check(21), Gate::WaitForProbe { until: 30 });
    gate.probe_lost(second);
    assert_eq!(gate.check(21), Gate::PassAsProbe);
    assert!(gate.probe_answered(first));
}

#[test]
fn a_probe_from_before_the_last_refusal_opens_nothing() {
    let mut gate = closed();
    let stale = gate.probe(10);
    gate.refused(11, 0, |_| 10);
    let probe = gate.probe(21);
    assert!(!gate.probe_answered(stale));
    gate.probe_lost(stale);
    assert_eq!(gate.check(22), Gate::WaitForProbe { until: 31 });
    assert!(gate.probe_answered(probe));
}

#[test]
fn strikes_count_refused_probes_only() {
    let mut gate = Cooldown::new(PATIENCE);
    for strikes in 0..5 {
        let episode = gate.episode();
        let refused = gate.refused(100, episode, |seen| {
            assert_eq!(seen, strikes);
            10
        });
        assert_eq!(refused, Refusal::NewEpisode { strikes });
        // The rest of the burst.
        for _ in 0..3 {
            assert_eq!(gate.refused(100, episode, |_| 10), Refusal::SameEpisode);
        }
        gate.probe(110);
    }
    let probe = gate.probe(120);
    gate.probe_answered(probe);
    assert_eq!(
        gate.refused(130, gate.episode(), |_| 10),
        Refusal::NewEpisode { strikes: 0 }
    );
}

#[test]
fn the_later_of_a_refusal_and_a_pause_by_hand_counts() {
    let mut gate = closed();
    gate.hold(5);
    assert_eq!(gate.closed_until(0), Some(10));
    gate.hold(30);
    assert_eq!(gate.check(0), Gate::Wait { until: 30 });
    assert_eq!(gate.closed_until(30), None);
    assert_eq!(
        gate.check(30),
        Gate::PassAsProbe,
        "the refusal is not forgotten"
    );
}

#[test]
fn by_hand_nobody_needs_to_probe() {
    let mut gate = Cooldown::new(PATIENCE);
    gate.hold(5);
    gate.hold(3);
    assert_eq!(gate.check(4), Gate::Wait { until: 5 });
    assert_eq!(gate.check(5), Gate::Pass);
}
