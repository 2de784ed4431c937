use std::collections::BTreeSet;

use slab::Slab;

use super::list::List;
use super::node::Node;

/// Who waits, in arrival order.
#[derive(Debug, Default)]
pub(super) struct Order {
    len: usize,
    waiting: List,
    /// Of those, who had a slot before, by arrival.
    returned: BTreeSet<(u64, u32)>,
}

impl Order {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Who waits longest.
    pub(super) fn first(&self, nodes: &Slab<Node>) -> u32 {
        let Some((arrival, returned)) = self.returned.first() else {
            return self.waiting.first;
        };
        match nodes.get(self.waiting.first as usize) {
            Some(node) if node.arrival < *arrival => self.waiting.first,
            _ => *returned,
        }
    }

    /// How many wait longer.
    pub(super) fn ahead(&self, nodes: &Slab<Node>, index: u32) -> usize {
        let arrival = nodes[index as usize].arrival;
        let returned = self.returned.range(..(arrival, index)).count();
        let mut next = self.waiting.first;
        let mut waiting = 0;
        while let Some(node) = nodes.get(next as usize)
            && node.arrival < arrival
        {
            waiting += 1;
            next = node.next;
        }
        returned + waiting
    }

    pub(super) fn link(&mut self, nodes: &mut Slab<Node>, index: u32) {
        self.len += 1;
        let node = &nodes[index as usize];
        if node.has_returned {
            self.returned.insert((node.arrival, index));
        } else {
            self.waiting.link_last(nodes, index);
        }
    }

    pub(super) fn unlink(&mut self, nodes: &mut Slab<Node>, index: u32) {
        self.len -= 1;
        let node = &nodes[index as usize];
        if node.has_returned {
            self.returned.remove(&(node.arrival, index));
        } else {
            self.waiting.unlink(nodes, index);
        }
    }
}
