//! Who waits, in arrival order: an index-linked list in one slab, so that joining, leaving from the
//! middle and coming to the front are all O(1) and leave nothing behind. Pure.

use std::collections::BTreeSet;
use std::task::Waker;

use crate::NotAdmitted;
use crate::cooldown::Probe;

/// A place in the queue. It belongs to one waiter, who hands it back with [`Queue::remove`].
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Ticket(u32);

/// Where a waiter stands.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In the queue.
    Waiting,
    /// Has a slot since then and has not come for it yet.
    Granted { since: u64, probe: Option<Probe> },
    /// Had a slot, did not come for it, and goes first as soon as it shows up.
    Lapsed,
    /// Will never get one.
    Refused(NotAdmitted),
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    nodes: Vec<Node>,
    vacant: Vec<u32>,
    waiting: List,
    granted: List,
    /// Of those who wait, who does not wait longer than when.
    deadlines: BTreeSet<(u64, u32)>,
    arrivals: u64,
}

#[derive(Debug)]
struct Node {
    place: Place,
    waker: Option<Waker>,
    /// When it joined.
    since: u64,
    deadline: u64,
    arrival: u64,
    previous: u32,
    next: u32,
}

#[derive(Debug)]
struct List {
    first: u32,
    last: u32,
    len: usize,
}

impl Default for List {
    fn default() -> Self {
        Self {
            first: NONE,
            last: NONE,
            len: 0,
        }
    }
}

impl Queue {
    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.len == 0
    }

    /// Joins at the end.
    pub(crate) fn push(&mut self, now: u64, waker: Waker, deadline: Option<u64>) -> Ticket {
        let index = self.occupy(now, Some(waker), deadline.unwrap_or(u64::MAX));
        self.link(index, self.waiting.last);
        Ticket(index)
    }

    /// Registers someone who has a slot already but cannot use it yet.
    pub(crate) fn push_granted(
        &mut self,
        since: u64,
        probe: Option<Probe>,
        deadline: Option<u64>,
    ) -> Ticket {
        let index = self.occupy(since, None, deadline.unwrap_or(u64::MAX));
        self.put_granted(index, since, probe);
        Ticket(index)
    }

    pub(crate) fn place(&self, ticket: &Ticket) -> &Place {
        &self.nodes[ticket.0 as usize].place
    }

    /// When it joined.
    pub(crate) fn since(&self, ticket: &Ticket) -> u64 {
        self.nodes[ticket.0 as usize].since
    }

    /// Hands the slot to whoever waits longest; returns its waker.
    pub(crate) fn grant_first(&mut self, now: u64, probe: Option<Probe>) -> Option<Waker> {
        let index = self.waiting.first;
        self.unlink(index);
        self.put_granted(index, now, probe);
        self.nodes[index as usize].waker.take()
    }

    /// When the oldest slot that nobody came for was granted.
    pub(crate) fn oldest_grant(&self) -> Option<u64> {
        match self.nodes.get(self.granted.first as usize)?.place {
            Place::Granted { since, .. } => Some(since),
            _ => None,
        }
    }

    /// How many have a slot and have not come for it yet.
    pub(crate) fn unclaimed(&self) -> usize {
        self.granted.len
    }

    /// Takes the oldest slot that nobody came for away again; returns which probe it was for.
    pub(crate) fn lapse_oldest_grant(&mut self) -> Option<Probe> {
        let index = self.granted.first;
        let place = std::mem::replace(&mut self.nodes[index as usize].place, Place::Lapsed);
        self.granted.unlink(&mut self.nodes, index);
        match place {
            Place::Granted { probe, .. } => probe,
            _ => None,
        }
    }

    /// Lets a lapsed waiter wait again, before all who came after it.
    pub(crate) fn rejoin(&mut self, ticket: &Ticket, waker: Waker) {
        let arrival = self.nodes[ticket.0 as usize].arrival;
        let (mut before, mut after) = (NONE, self.waiting.first);
        while let Some(node) = self.nodes.get(after as usize)
            && node.arrival < arrival
        {
            (before, after) = (after, node.next);
        }
        let node = &mut self.nodes[ticket.0 as usize];
        node.place = Place::Waiting;
        node.waker = Some(waker);
        self.link(ticket.0, before);
    }

    /// Who is to be woken instead; returns the old waker, to be dropped outside any lock.
    pub(crate) fn swap_waker(&mut self, ticket: &Ticket, waker: Waker) -> Option<Waker> {
        self.nodes[ticket.0 as usize].waker.replace(waker)
    }

    /// The first instant at which somebody gives up waiting.
    pub(crate) fn first_deadline(&self) -> Option<u64> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Refuses the waiter with the first deadline; returns its waker.
    pub(crate) fn refuse_first_deadline(&mut self, error: NotAdmitted) -> Option<Waker> {
        let (_, index) = *self.deadlines.first()?;
        self.unlink(index);
        let node = &mut self.nodes[index as usize];
        node.place = Place::Refused(error);
        node.waker.take()
    }

    /// Takes every waiter's waker, for when nobody is left to keep the time for them.
    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        let nodes = self.nodes.iter_mut();
        nodes.filter_map(|node| node.waker.take()).collect()
    }

    /// Gives a place up, wherever it is; returns where it was and its waker, to be dropped outside
    /// any lock.
    pub(crate) fn remove(&mut self, ticket: Ticket) -> (Place, Option<Waker>) {
        let index = ticket.0;
        match self.nodes[index as usize].place {
            Place::Waiting => self.unlink(index),
            Place::Granted { .. } => self.granted.unlink(&mut self.nodes, index),
            Place::Lapsed | Place::Refused(_) => {}
        }
        let node = &mut self.nodes[index as usize];
        let place = std::mem::replace(&mut node.place, Place::Lapsed);
        let waker = node.waker.take();
        self.vacant.push(index);
        if self.vacant.len() == self.nodes.len() {
            self.vacant.clear();
            self.nodes.clear();
            // A crowd that has gone leaves no memory behind.
            self.vacant.shrink_to(KEEP);
            self.nodes.shrink_to(KEEP);
        }
        (place, waker)
    }

    fn occupy(&mut self, since: u64, waker: Option<Waker>, deadline: u64) -> u32 {
        self.arrivals += 1;
        let node = Node {
            place: Place::Waiting,
            waker,
            since,
            deadline,
            arrival: self.arrivals,
            previous: NONE,
            next: NONE,
        };
        match self.vacant.pop() {
            Some(index) => {
                self.nodes[index as usize] = node;
                index
            }
            None => {
                self.nodes.push(node);
                (self.nodes.len() - 1) as u32
            }
        }
    }

    fn put_granted(&mut self, index: u32, since: u64, probe: Option<Probe>) {
        self.nodes[index as usize].place = Place::Granted { since, probe };
        let last = self.granted.last;
        self.granted.link(&mut self.nodes, index, last);
    }

    fn link(&mut self, index: u32, after: u32) {
        self.waiting.link(&mut self.nodes, index, after);
        let deadline = self.nodes[index as usize].deadline;
        if deadline != u64::MAX {
            self.deadlines.insert((deadline, index));
        }
    }

    fn unlink(&mut self, index: u32) {
        self.waiting.unlink(&mut self.nodes, index);
        let deadline = self.nodes[index as usize].deadline;
        if deadline != u64::MAX {
            self.deadlines.remove(&(deadline, index));
        }
    }
}

impl List {
    fn link(&mut self, nodes: &mut [Node], index: u32, after: u32) {
        let next = match nodes.get_mut(after as usize) {
            Some(node) => std::mem::replace(&mut node.next, index),
            None => std::mem::replace(&mut self.first, index),
        };
        match nodes.get_mut(next as usize) {
            Some(node) => node.previous = index,
            None => self.last = index,
        }
        let node = &mut nodes[index as usize];
        (node.previous, node.next) = (after, next);
        self.len += 1;
    }

    fn unlink(&mut self, nodes: &mut [Node], index: u32) {
        let node = &mut nodes[index as usize];
        let (previous, next) = (node.previous, node.next);
        (node.previous, node.next) = (NONE, NONE);
        match nodes.get_mut(previous as usize) {
            Some(node) => node.next = next,
            None => self.first = next,
        }
        match nodes.get_mut(next as usize) {
            Some(node) => node.previous = previous,
            None => self.last = previous,
        }
        self.len -= 1;
    }
}

const NONE: u32 = u32::MAX;

/// How many places are kept for the next crowd.
const KEEP: usize = 64;

#[cfg(test)]
mod tests;
