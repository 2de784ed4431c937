use std::task::Waker;

use proptest::prelude::*;

use super::*;
use crate::{NotAdmitted, NotAdmittedReason};

impl Queue {
    /// How many places are taken.
    pub(crate) fn places(&self) -> usize {
        self.nodes.len() - self.vacant.len()
    }
}

#[derive(Clone, Debug)]
enum Op {
    Push(Option<u64>),
    PushGranted,
    GrantFirst,
    LapseOldest,
    Rejoin(usize),
    RefuseFirstDeadline,
    Remove(usize),
}

/// What a place should be, in a plain list.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Is {
    Waiting,
    Granted(u64),
    Lapsed,
    Refused,
}

proptest! {
    /// A list that is searched from end to end does the same.
    #[test]
    fn agrees_with_a_plain_list(ops in prop::collection::vec(prop_oneof![
        6 => prop::option::of(0_u64..9).prop_map(Op::Push),
        1 => Just(Op::PushGranted),
        4 => Just(Op::GrantFirst),
        2 => Just(Op::LapseOldest),
        2 => (0_usize..9).prop_map(Op::Rejoin),
        1 => Just(Op::RefuseFirstDeadline),
        4 => (0_usize..9).prop_map(Op::Remove),
    ], 1..100)) {
        let mut queue = Queue::default();
        // In arrival order: ticket, deadline, state.
        let mut list: Vec<(Ticket, Option<u64>, Is)> = Vec::new();
        for (now, op) in (0..).zip(ops) {
            let first = list.iter().position(|(.., is)| *is == Is::Waiting);
            let oldest = (0..list.len()).filter(|i| matches!(list[*i].2, Is::Granted(_)));
            let oldest = oldest.min_by_key(|i| match list[*i].2 { Is::Granted(since) => since, _ => 0 });
            match op {
                Op::Push(deadline) => {
                    let ticket = queue.push(now, Waker::noop().clone(), deadline);
                    list.push((ticket, deadline, Is::Waiting));
                }
                Op::PushGranted => {
                    list.push((queue.push_granted(now, None, None), None, Is::Granted(now)));
                }
                Op::GrantFirst => if let Some(first) = first {
                    prop_assert!(queue.grant_first(now, None).is_some());
                    list[first].2 = Is::Granted(now);
                },
                Op::LapseOldest => if let Some(oldest) = oldest {
                    queue.lapse_oldest_grant();
                    list[oldest].2 = Is::Lapsed;
                },
                Op::Rejoin(i) => if let Some((ticket, _, is @ Is::Lapsed)) = list.get_mut(i) {
                    queue.rejoin(ticket, Waker::noop().clone());
                    *is = Is::Waiting;
                },
                Op::RefuseFirstDeadline => {
                    let error = NotAdmitted::new(NotAdmittedReason::DeadlinePassed, None);
                    let waiting = list.iter().filter(|(.., is)| *is == Is::Waiting);
                    let soonest = waiting.filter_map(|(_, deadline, _)| *deadline).min();
                    prop_assert_eq!(queue.first_deadline(), soonest);
                    prop_assert_eq!(queue.refuse_first_deadline(error).is_some(), soonest.is_some());
                    // Of several with the same deadline any may be the one.
                    let refused = |(ticket, ..): &&mut (Ticket, _, _)| matches!(queue.place(ticket), Place::Refused(_));
                    for (_, deadline, is) in list.iter_mut().filter(refused) {
                        prop_assert!(*is == Is::Refused || *deadline == soonest);
                        *is = Is::Refused;
                    }
                }
                Op::Remove(i) if i < list.len() => {
                    let (ticket, _, is) = list.remove(i);
                    let (_, waker) = queue.remove(ticket);
                    prop_assert_eq!(waker.is_some(), is == Is::Waiting);
                }
                Op::Remove(_) => {}
            }
            for (ticket, _, is) in &list {
                let agrees = match (queue.place(ticket), is) {
                    (Place::Granted { since, .. }, Is::Granted(at)) => since == at,
                    (Place::Waiting, Is::Waiting) | (Place::Lapsed, Is::Lapsed) | (Place::Refused(_), Is::Refused) => true,
                    _ => false,
                };
                prop_assert!(agrees, "{:?} is not {is:?}", queue.place(ticket));
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
            let is_granted = matches!(queue.place(&granted.0), Place::Granted { .. });
            prop_assert!(is_granted);
            granted.2 = Is::Granted(u64::MAX);
        }
        list.into_iter().for_each(|(ticket, ..)| _ = queue.remove(ticket));
        prop_assert_eq!(queue.places(), 0);
        prop_assert_eq!((queue.first_deadline(), queue.oldest_grant()), (None, None));
    }
}

#[test]
fn a_crowd_that_has_gone_leaves_no_memory_behind() {
    let mut queue = Queue::default();
    let tickets: Vec<_> = (0..10_000)
        .map(|at| queue.push(at, Waker::noop().clone(), Some(at)))
        .collect();
    assert!(queue.nodes.capacity() >= 10_000);
    tickets
        .into_iter()
        .for_each(|ticket| _ = queue.remove(ticket));
    assert!(queue.nodes.capacity() <= KEEP && queue.vacant.capacity() <= KEEP);
    assert!(queue.deadlines.is_empty());
}

#[test]
fn those_roused_are_roused_once() {
    let mut queue = Queue::default();
    let waiting = queue.push(0, Waker::noop().clone(), None);
    assert_eq!(queue.take_wakers().len(), 1);
    assert_eq!(queue.take_wakers().len(), 0);
    assert!(queue.swap_waker(&waiting, Waker::noop().clone()).is_none());
    assert_eq!(queue.take_wakers().len(), 1);
}
