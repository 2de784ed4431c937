use slab::Slab;

use super::list::List;
use super::node::{Node, WaiterState};
use crate::cooldown::Probe;

/// The calls that have a slot and have not used it yet, in the order of their grants; for so long
/// at most.
#[derive(Debug)]
pub(super) struct Unused {
    list: List,
    at_most: u64,
}

impl Unused {
    pub(super) fn new(at_most: u64) -> Self {
        Self {
            list: List::default(),
            at_most,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len
    }

    pub(super) fn first(&self) -> u32 {
        self.list.first
    }

    pub(super) fn last(&self) -> u32 {
        self.list.last
    }

    pub(super) fn first_lapse(&self, nodes: &Slab<Node>) -> Option<u64> {
        match nodes.get(self.list.first as usize)?.state {
            WaiterState::Granted { since, .. } => Some(since.saturating_add(self.at_most)),
            _ => None,
        }
    }

    pub(super) fn add(
        &mut self,
        nodes: &mut Slab<Node>,
        index: u32,
        since: u64,
        probe: Option<Probe>,
    ) {
        nodes[index as usize].state = WaiterState::Granted { since, probe };
        self.list.link_last(nodes, index);
    }

    pub(super) fn remove(&mut self, nodes: &mut Slab<Node>, index: u32) {
        self.list.unlink(nodes, index);
    }

    /// Takes a slot away again; returns which probe it was for.
    pub(super) fn lapse(&mut self, nodes: &mut Slab<Node>, index: u32) -> Option<Probe> {
        self.list.unlink(nodes, index);
        let node = &mut nodes[index as usize];
        node.is_held = false;
        match std::mem::replace(&mut node.state, WaiterState::Lapsed) {
            WaiterState::Granted { probe, .. } => probe,
            _ => None,
        }
    }
}
