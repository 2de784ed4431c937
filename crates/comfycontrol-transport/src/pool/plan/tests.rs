mod model;

use std::time::Duration;

use super::*;

const LIMITS: Limits = Limits {
    connections: 3,
    idle: 3,
    idle_time: Duration::from_secs(60),
    age: None,
};

#[expect(clippy::disallowed_methods, reason = "where the time of a test begins")]
fn start() -> Instant {
    Instant::now()
}

/// The connections that are to be made.
fn made(steps: &[Step]) -> Vec<ConnectionId> {
    let made = steps.iter().filter_map(|step| match step {
        Step::Connect(id) => Some(*id),
        _ => None,
    });
    made.collect()
}

fn granted(steps: &[Step]) -> usize {
    let is_grant = |step: &&Step| matches!(step, Step::Grant { .. });
    steps.iter().filter(is_grant).count()
}

fn failed(steps: &[Step]) -> usize {
    let is_failure = |step: &&Step| matches!(step, Step::Fail(_));
    steps.iter().filter(is_failure).count()
}

/// So many calls that wait, and the connections that are made for them.
fn waiting(plan: &mut Plan, calls: usize) -> Vec<ConnectionId> {
    let steps = (0..calls).flat_map(|_| plan.wait(start()).1);
    made(&steps.collect::<Vec<_>>())
}

#[test]
fn over_http_2_one_connection_is_made_until_its_streams_are_used_up() {
    let mut plan = Plan::new(LIMITS);
    let connecting = waiting(&mut plan, 300);
    assert_eq!(connecting.len(), 1);
    let [first] = connecting[..] else {
        unreachable!()
    };
    // As many as a server should allow, before it has said more.
    let steps = plan.opened(first, Protocol::Http2, start());
    assert_eq!((granted(&steps), made(&steps).len()), (100, 0));
    let steps = plan.limited(first, 128, start());
    assert_eq!((granted(&steps), made(&steps).len()), (28, 1));
    // The next one takes as many, which is remembered.
    let steps = plan.opened(made(&steps)[0], Protocol::Http2, start());
    assert_eq!((granted(&steps), made(&steps).len()), (128, 1));
    assert_eq!(granted(&plan.released(first, start())), 1);
    // None at all is for a while.
    plan.limited(first, 0, start());
    let steps = plan.opened(made(&steps)[0], Protocol::Http2, start());
    assert_eq!(granted(&steps), 43);
}

#[test]
fn over_http_1_as_many_are_made_as_are_allowed_once_that_is_known() {
    let mut plan = Plan::new(LIMITS);
    let first = waiting(&mut plan, 40)[0];
    let steps = plan.opened(first, Protocol::Http1, start());
    assert_eq!((granted(&steps), made(&steps).len()), (1, 2));
    assert_eq!(granted(&plan.released(first, start())), 1);
    // It is remembered.
    plan.closed(first, start());
    for id in made(&steps) {
        plan.failed(id, start());
    }
    assert!(plan.connecting.len() <= 3);
}

#[test]
fn one_that_waits_behind_unread_responses_gets_another_connection() {
    let mut plan = Plan::new(LIMITS);
    let first = waiting(&mut plan, 1)[0];
    plan.opened(first, Protocol::Http2, start());
    plan.limited(first, 100, start());
    plan.stalled(first, true, start());
    assert_eq!(plan.take(start()), None);
    let second = waiting(&mut plan, 1)[0];
    assert_eq!(granted(&plan.opened(second, Protocol::Http2, start())), 1);
    assert_eq!(plan.take(start()), Some(second));
    plan.stalled(first, false, start());
    assert_eq!(plan.take(start()), Some(first));
}

#[test]
fn what_nobody_uses_is_closed_when_its_time_is_over() {
    let limits = Limits {
        age: Some(Duration::from_secs(100)),
        ..LIMITS
    };
    let mut plan = Plan::new(limits);
    let start = start();
    let at = |seconds| start + Duration::from_secs(seconds);
    let first = made(&plan.wait(at(0)).1)[0];
    plan.opened(first, Protocol::Http1, at(0));
    assert_eq!(plan.expire(first, at(30)), (Some(at(90)), Steps::new()));
    plan.released(first, at(40));
    assert_eq!(plan.expire(first, at(90)), (Some(at(100)), Steps::new()));
    // Too old for another call, though not idle for long.
    assert_eq!(plan.take(at(95)), Some(first));
    assert_eq!(plan.expire(first, at(100)), (Some(at(160)), Steps::new()));
    assert_eq!(plan.released(first, at(101))[..], [Step::Close(first)]);
    assert!(plan.is_empty());
}

#[test]
fn behind_unread_responses_goes_a_call_only_where_no_other_connection_comes() {
    let limits = Limits {
        connections: 2,
        ..LIMITS
    };
    let mut plan = Plan::new(limits);
    let first = waiting(&mut plan, 1)[0];
    plan.opened(first, Protocol::Http2, start());
    plan.limited(first, 100, start());
    plan.stalled(first, true, start());
    // No more can be made, but one is.
    let second = waiting(&mut plan, 1)[0];
    assert_eq!(plan.take(start()), None);
    let (_, steps) = plan.wait(start());
    assert_eq!(steps, Steps::new());
    // It cannot be made.
    assert_eq!(granted(&plan.failed(second, start())), 2);
}

#[test]
fn a_failure_fails_nobody_who_has_a_connection_to_wait_for() {
    let mut plan = Plan::new(LIMITS);
    let first = waiting(&mut plan, 5)[0];
    assert_eq!(failed(&plan.failed(first, start())), 5);
    let first = waiting(&mut plan, 9)[0];
    let [second, third] = made(&plan.opened(first, Protocol::Http1, start()))[..] else {
        unreachable!()
    };
    let steps = plan.failed(second, start());
    assert_eq!((failed(&steps), made(&steps).len()), (0, 0));
    assert_eq!(granted(&plan.released(first, start())), 1);
    // None is left but the one that is still being made.
    assert_eq!(plan.closed(first, start())[..], [Step::Close(first)]);
    assert_eq!(failed(&plan.failed(third, start())), 7);
    assert!(plan.is_empty());
}

#[test]
fn after_a_failure_the_next_connection_is_made_after_a_pause_that_grows() {
    let mut plan = Plan::new(LIMITS);
    let first = waiting(&mut plan, 1)[0];
    plan.opened(first, Protocol::Http1, start());
    let mut now = start();
    let mut made_now = waiting(&mut plan, 9);
    let mut failures = Vec::new();
    let mut paused = Vec::new();
    for _ in 0..10 {
        let steps: Vec<_> = made_now
            .drain(..)
            .flat_map(|id| plan.failed(id, now))
            .collect();
        failures.push(failed(&steps));
        let Some(Step::Wake(at)) = steps.last().copied() else {
            panic!("{steps:?}");
        };
        // Those who come meanwhile have no connection made for them, nor another timer set.
        assert_eq!(plan.wait(now).1, Steps::new());
        paused.push((at - now).as_millis());
        now = at;
        made_now = made(&plan.resume(now));
        assert_eq!(made_now.len(), 2);
    }
    assert_eq!(failures, [0; 10]);
    assert_eq!(paused[..3], [100, 200, 400]);
    assert_eq!(paused[9], 30_000);
    // One that is made ends it.
    let made_now = made(&plan.opened(made_now[0], Protocol::Http1, now));
    assert!(made_now.is_empty());
    assert!(plan.may_connect(now));
}
