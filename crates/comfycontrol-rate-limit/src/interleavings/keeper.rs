//! The hand-over between calls and the keeper of a shared budget: whatever happens at once, no call
//! waits for a keeper that was not told, and no slot is given twice.

use std::sync::Arc;
use std::task::{Context, Waker};

use comfycontrol_test::WakeCounter;
use shuttle::thread;

use super::caller::Caller;
use super::clock;
use super::explore::{explore, settings};
use super::link::Link;
use super::shared::Shared;
use crate::admission::{Admission, Desk, Outcome, Testament};
use crate::classifier::Classifier;
use crate::ledger::{Grants, View};

/// Gives each waiting call a slot, up to so many that are on their way.
struct Keeper {
    shared: Arc<Shared>,
    link: Arc<Link>,
    limit: u64,
    wakes: Arc<WakeCounter>,
}

impl Keeper {
    fn new(limit: u64) -> Self {
        clock::start();
        let desk = Desk::new((limit as u32, 1_000), u64::MAX, Testament::default());
        let link = Arc::new(Link::new());
        let state = Admission::shared(settings(), desk);
        let shared = Shared::new(state, true, Classifier::default(), Some(link.clone()));
        Self {
            shared,
            link,
            limit,
            wakes: Arc::default(),
        }
    }

    /// Does what it has been told of; returns whether that was anything.
    fn look(&self) -> bool {
        let waker = Waker::from(self.wakes.clone());
        if self
            .link
            .poll_rung(&Context::from_waker(&waker))
            .is_pending()
        {
            return false;
        }
        let now = self.shared.moment();
        let demand = self.shared.with(|state| state.collect(now));
        assert!(demand.outstanding <= self.limit, "given twice");
        let count = demand.wanted.min(self.limit - demand.outstanding);
        let grants = (count > 0).then_some(Grants { count, probe: None });
        let view = (View::default(), Some(now));
        self.shared
            .update_quietly(now.monotonic, |state, now, effects| {
                state.bring(now, grants, view, effects);
            });
        true
    }
}

#[test]
fn the_keeper_is_told_of_everybody_who_waits() {
    explore(|| {
        let keeper = Arc::new(Keeper::new(2));
        let calls = [0, 1, 0].map(|runtime| Caller::new(&keeper.shared, runtime));
        let joining = calls.map(|call| thread::spawn(move || call.poll()));
        let looking = {
            let keeper = keeper.clone();
            thread::spawn(move || (0..3).filter(|_| keeper.look()).count())
        };
        let mut calls = joining.map(|thread| thread.join().unwrap()).into_iter();
        looking.join().unwrap();
        while keeper.look() {}
        // One after the other ends, and the next has its slot.
        let mut waiting: Vec<_> = calls.by_ref().collect();
        while !waiting.is_empty() {
            let (done, rest): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .map(Caller::poll)
                .partition(|call| call.is_granted);
            assert!(!done.is_empty(), "the keeper was not told");
            let ending = done
                .into_iter()
                .map(|call| thread::spawn(move || call.dispatched().settle(Outcome::Responded)));
            let ending: Vec<_> = ending.collect();
            keeper.look();
            ending.into_iter().for_each(|thread| thread.join().unwrap());
            while keeper.look() {}
            waiting = rest;
        }
        let demand = keeper
            .shared
            .with(|state| state.collect(keeper.shared.moment()));
        assert_eq!((demand.outstanding, demand.wanted), (0, 0));
    });
}

#[test]
fn a_slot_that_comes_back_as_the_keeper_looks_is_not_lost() {
    explore(|| {
        let keeper = Arc::new(Keeper::new(1));
        let holder = Caller::new(&keeper.shared, 0).poll();
        while keeper.look() {}
        let holder = holder.granted();
        let waiting = Caller::new(&keeper.shared, 1).poll();
        let looking = {
            let keeper = keeper.clone();
            thread::spawn(move || keeper.look())
        };
        drop(holder);
        looking.join().unwrap();
        while keeper.look() {}
        drop(waiting.granted());
        while keeper.look() {}
        let demand = keeper
            .shared
            .with(|state| state.collect(keeper.shared.moment()));
        assert_eq!(demand.outstanding, 0);
    });
}

#[test]
fn a_keeper_that_goes_as_calls_come_leaves_nobody_waiting() {
    explore(|| {
        let Keeper { shared, .. } = Keeper::new(1);
        let calls: Vec<_> = (0..3)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || rejected(&shared))
            })
            .collect();
        let now = shared.now();
        shared.update_quietly(now, |state, now, effects| {
            state.close(now, Some(crate::RejectedReason::KeeperStopped), effects);
        });
        for call in calls {
            let reservation = call.join().unwrap();
            assert!(reservation.ends_rejected(), "waits for ever");
        }
    });
}

fn rejected(shared: &Arc<Shared>) -> Caller {
    Caller::new(shared, 0).poll_until_rejected()
}
