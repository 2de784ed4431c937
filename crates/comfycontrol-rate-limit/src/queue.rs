//! The waiting calls, in arrival order: an index-linked list in a slab. Joining, leaving from the
//! middle and coming to the front are all O(1) and leave nothing behind. Calls that come back after
//! they had a slot are kept next to it, by arrival, in O(log n). Pure.

mod list;
mod node;
mod order;
mod spot;
mod unused;

use std::collections::BTreeSet;
use std::task::Waker;

use slab::Slab;
use tokio::runtime;

use self::list::NONE;
use self::node::Node;
pub(crate) use self::node::{Waiter, WaiterState};
use self::order::Order;
pub(crate) use self::spot::{Spot, Turn};
use self::unused::Unused;

use crate::Rejected;
use crate::cooldown::Probe;

/// A place in the queue. It belongs to one waiter, which hands it back with [`Queue::remove`].
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Ticket(u32);

#[derive(Debug)]
pub(crate) struct Queue {
    nodes: Slab<Node>,
    order: Order,
    /// The calls that have a slot and have not come for it yet.
    unclaimed: Unused,
    /// The calls that have taken a slot up and not used it yet.
    held: Unused,
    /// How long each call waits at most: of those that wait, and of the lapsed that watch their
    /// deadline.
    deadlines: BTreeSet<(u64, u32)>,
    arrivals: u64,
}

impl Queue {
    pub(crate) fn new(max_hold: Option<u64>) -> Self {
        Self {
            nodes: Slab::new(),
            order: Order::default(),
            unclaimed: Unused::new(MAX_UNCLAIMED),
            held: Unused::new(max_hold.unwrap_or(u64::MAX)),
            deadlines: BTreeSet::new(),
            arrivals: 0,
        }
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.order.len() == 0
    }

    /// How often a place has changed.
    #[inline]
    pub(crate) fn moves(&self) -> u64 {
        self.order.moves()
    }

    /// Joins at the end.
    pub(crate) fn push(&mut self, now: u64, waiter: Waiter, deadline: Option<u64>) -> Ticket {
        let index = self.insert(now, Some(waiter), deadline.unwrap_or(u64::MAX));
        self.link(index);
        Ticket(index)
    }

    /// Registers a call that has a slot already but cannot use it yet.
    pub(crate) fn push_granted(
        &mut self,
        since: u64,
        probe: Option<Probe>,
        deadline: Option<u64>,
    ) -> Ticket {
        let index = self.insert(since, None, deadline.unwrap_or(u64::MAX));
        self.unclaimed.add(&mut self.nodes, index, since, probe);
        Ticket(index)
    }

    /// Registers a call that has taken a slot up, so that the slot comes back some time.
    pub(crate) fn push_held(&mut self, since: u64, probe: Option<Probe>) -> Ticket {
        let index = self.insert(since, None, u64::MAX);
        self.nodes[index as usize].is_held = true;
        self.held.add(&mut self.nodes, index, since, probe);
        Ticket(index)
    }

    /// Lets go of a slot that was taken up and cannot be used yet, as if no call had come for it.
    pub(crate) fn release_held(&mut self, ticket: &Ticket, now: u64, deadline: Option<u64>) {
        let node = &mut self.nodes[ticket.0 as usize];
        node.deadline = deadline.unwrap_or(u64::MAX);
        node.is_held = false;
        if let WaiterState::Granted { probe, .. } = node.state {
            self.held.remove(&mut self.nodes, ticket.0);
            self.unclaimed.add(&mut self.nodes, ticket.0, now, probe);
        }
    }

    pub(crate) fn state(&self, ticket: &Ticket) -> &WaiterState {
        &self.nodes[ticket.0 as usize].state
    }

    pub(crate) fn since(&self, ticket: &Ticket) -> u64 {
        self.nodes[ticket.0 as usize].since
    }

    /// Hands the slot to the call that waits longest; returns its waker.
    pub(crate) fn grant_first(&mut self, now: u64, probe: Option<Probe>) -> Option<Waker> {
        let index = self.order.first(&self.nodes);
        self.unlink(index);
        self.unclaimed.add(&mut self.nodes, index, now, probe);
        self.nodes[index as usize].take_waker()
    }

    /// When the next slot that is not used goes to another: of all, of those that no call has come
    /// for, of those that were taken up.
    pub(crate) fn first_lapse(&self) -> Option<u64> {
        let lapses = [self.first_unclaimed_lapse(), self.first_hold_lapse()];
        lapses.into_iter().flatten().min()
    }

    pub(crate) fn first_unclaimed_lapse(&self) -> Option<u64> {
        self.unclaimed.first_lapse(&self.nodes)
    }

    pub(crate) fn first_hold_lapse(&self) -> Option<u64> {
        self.held.first_lapse(&self.nodes)
    }

    /// How many have not come for their slot yet.
    pub(crate) fn unclaimed(&self) -> usize {
        self.unclaimed.len()
    }

    /// Takes back the oldest slot that no call came for; returns which probe it was for.
    pub(crate) fn lapse_first_unclaimed(&mut self) -> Option<Probe> {
        self.unclaimed
            .lapse(&mut self.nodes, self.unclaimed.first())
    }

    /// Takes the oldest slot that was taken up away again; returns which probe it was for.
    pub(crate) fn lapse_first_hold(&mut self) -> Option<Probe> {
        self.held.lapse(&mut self.nodes, self.held.first())
    }

    /// Takes back the latest slot that no call came for, if its call came after this waiter;
    /// returns which probe it was for.
    pub(crate) fn lapse_later_grant(&mut self, ticket: &Ticket) -> Option<Option<Probe>> {
        let index = self.unclaimed.last();
        let later = self.nodes.get(index as usize)?;
        let is_later = later.arrival > self.nodes[ticket.0 as usize].arrival;
        is_later.then(|| self.unclaimed.lapse(&mut self.nodes, index))
    }

    /// Lets a lapsed waiter wait again, before all that came after it; returns the old waker.
    pub(crate) fn rejoin(&mut self, ticket: &Ticket, waiter: Waiter) -> Option<Waker> {
        let node = &mut self.nodes[ticket.0 as usize];
        node.state = WaiterState::Waiting;
        node.has_returned = true;
        let old = node.replace(waiter);
        self.link(ticket.0);
        old
    }

    /// Sets the waker to use instead; returns the old one, to be dropped outside any lock.
    pub(crate) fn swap_waker(&mut self, ticket: &Ticket, waiter: Waiter) -> Option<Waker> {
        self.nodes[ticket.0 as usize].replace(waiter)
    }

    /// Has a lapsed waiter woken at its deadline, if it has one; returns the old waker.
    pub(crate) fn watch_deadline(&mut self, ticket: &Ticket, waiter: Waiter) -> Option<Waker> {
        let node = &mut self.nodes[ticket.0 as usize];
        if node.deadline != u64::MAX {
            self.deadlines.insert((node.deadline, ticket.0));
        }
        node.replace(waiter)
    }

    /// The first instant at which a call gives up waiting.
    pub(crate) fn first_deadline(&self) -> Option<u64> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Rejects the waiter with the first deadline; returns its waker.
    pub(crate) fn reject_first_deadline(&mut self, error: Rejected) -> Option<Waker> {
        let (_, index) = self.deadlines.pop_first()?;
        if let WaiterState::Waiting = self.nodes[index as usize].state {
            self.unlink(index);
        }
        let node = &mut self.nodes[index as usize];
        node.state = WaiterState::Rejected(error);
        node.take_waker()
    }

    /// Rejects the call that waits longest; returns its waker.
    pub(crate) fn reject_first(&mut self, error: Rejected) -> Option<Waker> {
        let index = self.order.first(&self.nodes);
        self.unlink(index);
        let node = &mut self.nodes[index as usize];
        node.state = WaiterState::Rejected(error);
        node.take_waker()
    }

    /// Takes the wakers of all calls that wait in `one_of` some runtimes, for when those keep no
    /// time for them.
    pub(crate) fn take_wakers(
        &mut self,
        one_of: impl Fn(Option<runtime::Id>) -> bool,
    ) -> Vec<Waker> {
        let nodes = self.nodes.iter_mut().map(|(_, node)| node);
        let there = nodes.filter(|node| node.waiter.as_ref().is_some_and(|w| one_of(w.runtime)));
        there.filter_map(Node::take_waker).collect()
    }

    /// Gives a place up, wherever it is; returns its state and its waker, to be dropped
    /// outside any lock.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> (WaiterState, Option<Waker>) {
        let index = ticket.0;
        match self.nodes[index as usize].state {
            WaiterState::Waiting => self.unlink(index),
            WaiterState::Granted { .. } if self.nodes[index as usize].is_held => {
                self.held.remove(&mut self.nodes, index);
            }
            WaiterState::Granted { .. } => self.unclaimed.remove(&mut self.nodes, index),
            WaiterState::Lapsed | WaiterState::Rejected(_) => {}
        }
        let node = self.nodes.remove(index as usize);
        self.deadlines.remove(&(node.deadline, index));
        if self.nodes.is_empty() && self.nodes.capacity() > MAX_KEPT {
            // A crowd that has gone leaves no memory behind.
            self.nodes = Slab::with_capacity(MAX_KEPT);
        }
        (node.state, node.waiter.map(|waiter| waiter.waker))
    }

    #[cfg(test)]
    pub(crate) fn places(&self) -> usize {
        self.nodes.len()
    }

    fn insert(&mut self, since: u64, waiter: Option<Waiter>, deadline: u64) -> u32 {
        self.arrivals += 1;
        self.nodes.insert(Node {
            state: WaiterState::Waiting,
            waiter,
            since,
            deadline,
            arrival: self.arrivals,
            rank: 0,
            has_returned: false,
            is_held: false,
            previous: NONE,
            next: NONE,
        }) as u32
    }

    fn link(&mut self, index: u32) {
        self.order.link(&mut self.nodes, index);
        let deadline = self.nodes[index as usize].deadline;
        if deadline != u64::MAX {
            self.deadlines.insert((deadline, index));
        }
    }

    fn unlink(&mut self, index: u32) {
        self.order.unlink(&mut self.nodes, index);
        let deadline = self.nodes[index as usize].deadline;
        if deadline != u64::MAX {
            self.deadlines.remove(&(deadline, index));
        }
    }
}

/// How long a granted slot waits for its caller before it goes to the next: 1 s.
pub(crate) const MAX_UNCLAIMED: u64 = 1_000_000_000;

/// How much room is kept for the next crowd.
const MAX_KEPT: usize = 64;

#[cfg(test)]
mod tests;
