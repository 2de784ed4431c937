use std::task::Waker;

use proptest::prelude::*;

use super::*;
use crate::{Rejected, RejectedReason};

fn nobody() -> Waiter {
    Waiter {
        waker: Waker::noop().clone(),
        runtime: None,
    }
}

const HOLD: u64 = 7;

#[derive(Clone, Debug)]
enum Op {
    Push(Option<u64>),
    PushGranted,
    PushHeld,
    ReleaseHeld(usize),
    GrantFirst,
    LapseOldest,
    LapseHeld,
    Rejoin(usize),
    WatchDeadline(usize),
    RejectFirstDeadline,
    Remove(usize),
}

/// What a place should be, in a plain list.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Is {
    Waiting,
    Granted(u64),
    Held(u64),
    Lapsed,
    /// Lapsed, and woken at its deadline.
    Watching,
    Rejected,
}

proptest! {
    /// A list that is searched from end to end does the same.
    #[test]
    fn agrees_with_a_plain_list(ops in prop::collection::vec(prop_oneof![
        6 => prop::option::of(0_u64..9).prop_map(Op::Push),
        1 => Just(Op::PushGranted),
        1 => Just(Op::PushHeld),
        1 => (0_usize..9).prop_map(Op::ReleaseHeld),
        1 => Just(Op::LapseHeld),
        4 => Just(Op::GrantFirst),
        2 => Just(Op::LapseOldest),
        2 => (0_usize..9).prop_map(Op::Rejoin),
        1 => (0_usize..9).prop_map(Op::WatchDeadline),
        1 => Just(Op::RejectFirstDeadline),
        4 => (0_usize..9).prop_map(Op::Remove),
    ], 1..100)) {
        let mut queue = Queue::new(Some(HOLD));
        // In arrival order: ticket, deadline, state.
        let mut list: Vec<(Ticket, Option<u64>, Is)> = Vec::new();
        for (now, op) in (0..).zip(ops) {
            let first = list.iter().position(|(.., is)| *is == Is::Waiting);
            let oldest = (0..list.len()).filter(|i| matches!(list[*i].2, Is::Granted(_)));
            let oldest = oldest.min_by_key(|i| match list[*i].2 { Is::Granted(since) => since, _ => 0 });
            match op {
                Op::Push(deadline) => {
                    let ticket = queue.push(now, nobody(), deadline);
                    list.push((ticket, deadline, Is::Waiting));
                }
                Op::PushGranted => {
                    list.push((queue.push_granted(now, None, None), None, Is::Granted(now)));
                }
                Op::PushHeld => list.push((queue.push_held(now, None), None, Is::Held(now))),
                Op::ReleaseHeld(i) => if let Some((ticket, _, is @ Is::Held(_))) = list.get_mut(i) {
                    queue.release_held(ticket, now, None);
                    *is = Is::Granted(now);
                },
                Op::LapseHeld => {
                    let held = list.iter().filter_map(|(.., is)| match is { Is::Held(since) => Some(*since), _ => None });
                    let oldest = held.min();
                    prop_assert_eq!(queue.first_hold_lapse(), oldest.map(|since| since + HOLD));
                    if let Some(oldest) = oldest {
                        queue.lapse_first_hold();
                        list.iter_mut().filter(|(.., is)| *is == Is::Held(oldest)).for_each(|(.., is)| *is = Is::Lapsed);
                    }
                }
                Op::GrantFirst => if let Some(first) = first {
                    prop_assert!(queue.grant_first(now, None).is_some());
                    list[first].2 = Is::Granted(now);
                },
                Op::LapseOldest => if let Some(oldest) = oldest {
                    queue.lapse_first_unclaimed();
                    list[oldest].2 = Is::Lapsed;
                },
                Op::Rejoin(i) => if let Some((ticket, _, is @ (Is::Lapsed | Is::Watching))) = list.get_mut(i) {
                    let old = queue.rejoin(ticket, nobody());
                    prop_assert_eq!(old.is_some(), *is == Is::Watching);
                    *is = Is::Waiting;
                },
                Op::WatchDeadline(i) => if let Some((ticket, _, is @ (Is::Lapsed | Is::Watching))) = list.get_mut(i) {
                    let old = queue.watch_deadline(ticket, nobody());
                    prop_assert_eq!(old.is_some(), *is == Is::Watching);
                    *is = Is::Watching;
                },
                Op::RejectFirstDeadline => {
                    let error = Rejected::new(RejectedReason::DeadlinePassed, None);
                    let waiting = list.iter().filter(|(.., is)| matches!(is, Is::Waiting | Is::Watching));
                    let soonest = waiting.filter_map(|(_, deadline, _)| *deadline).min();
                    prop_assert_eq!(queue.first_deadline(), soonest);
                    prop_assert_eq!(queue.reject_first_deadline(error).is_some(), soonest.is_some());
                    // Of several with the same deadline any may be the one.
                    let rejected = |(ticket, ..): &&mut (Ticket, _, _)| {
                        matches!(queue.state(ticket), WaiterState::Rejected(_))
                    };
                    for (_, deadline, is) in list.iter_mut().filter(rejected) {
                        prop_assert!(*is == Is::Rejected || *deadline == soonest);
                        *is = Is::Rejected;
                    }
                }
                Op::Remove(i) if i < list.len() => {
                    let (ticket, _, is) = list.remove(i);
                    let spot = queue.spot(&ticket);
                    let (_, waker) = queue.remove(ticket);
                    prop_assert_eq!(queue.turn(spot), None);
                    prop_assert_eq!(waker.is_some(), matches!(is, Is::Waiting | Is::Watching));
                }
                Op::Remove(_) => {}
            }
            for (ticket, _, is) in &list {
                let agrees = match (queue.state(ticket), is) {
                    (WaiterState::Granted { since, .. }, Is::Granted(at) | Is::Held(at)) => {
                        since == at
                    }
                    (WaiterState::Waiting, Is::Waiting)
                    | (WaiterState::Lapsed, Is::Lapsed | Is::Watching)
                    | (WaiterState::Rejected(_), Is::Rejected) => true,
                    _ => false,
                };
                prop_assert!(agrees, "{:?} is not {is:?}", queue.state(ticket));
            }
            for (before, (ticket, _, is)) in list.iter().enumerate() {
                let waiting = list[..before].iter().filter(|(.., is)| *is == Is::Waiting).count();
                let expected = match is {
                    Is::Waiting => Some(Turn::After(waiting)),
                    Is::Granted(_) | Is::Held(_) => Some(Turn::Now),
                    Is::Lapsed | Is::Watching => Some(Turn::After(0)),
                    Is::Rejected => None,
                };
                prop_assert_eq!(queue.turn(queue.spot(ticket)), expected);
            }
            let count = |which: fn(&Is) -> bool| list.iter().filter(|(.., is)| which(is)).count();
            prop_assert_eq!(queue.len(), count(|is| *is == Is::Waiting));
            prop_assert_eq!(queue.unclaimed(), count(|is| matches!(is, Is::Granted(_))));
            prop_assert_eq!(queue.places(), list.len());
        }
        // Arrival order, to the end.
        while !queue.is_empty() {
            queue.grant_first(u64::MAX, None);
            let granted = list.iter_mut().find(|(.., is)| *is == Is::Waiting).unwrap();
            let is_granted = matches!(queue.state(&granted.0), WaiterState::Granted { .. });
            prop_assert!(is_granted);
            granted.2 = Is::Granted(u64::MAX);
        }
        list.into_iter().for_each(|(ticket, ..)| _ = queue.remove(ticket));
        prop_assert_eq!(queue.places(), 0);
        prop_assert_eq!((queue.first_deadline(), queue.first_lapse()), (None, None));
    }
}

#[test]
fn a_crowd_that_has_gone_leaves_no_memory_behind() {
    let mut queue = Queue::new(Some(HOLD));
    let tickets: Vec<_> = (0..10_000)
        .map(|at| queue.push(at, nobody(), Some(at)))
        .collect();
    assert!(queue.nodes.capacity() >= 10_000);
    tickets
        .into_iter()
        .for_each(|ticket| _ = queue.remove(ticket));
    assert!(queue.nodes.capacity() <= MAX_KEPT);
    assert!(queue.deadlines.is_empty());
}

#[test]
fn only_those_of_the_runtime_in_question_are_taken() {
    let runtimes = [(); 2].map(|()| runtime::Builder::new_current_thread().build().unwrap());
    let [here, there] = runtimes.map(|runtime| Some(runtime.handle().id()));
    let mut queue = Queue::new(Some(HOLD));
    for runtime in [here, there, here] {
        let waiter = Waiter {
            runtime,
            ..nobody()
        };
        queue.push(0, waiter, None);
    }
    assert_eq!(queue.take_wakers(|runtime| runtime == here).len(), 2);
    assert_eq!(queue.take_wakers(|_| true).len(), 1);
}

#[test]
fn wakers_are_taken_once() {
    let mut queue = Queue::new(Some(HOLD));
    let waiting = queue.push(0, nobody(), None);
    assert_eq!(queue.take_wakers(|_| true).len(), 1);
    assert_eq!(queue.take_wakers(|_| true).len(), 0);
    assert!(queue.swap_waker(&waiting, nobody()).is_none());
    assert_eq!(queue.take_wakers(|_| true).len(), 1);
}
