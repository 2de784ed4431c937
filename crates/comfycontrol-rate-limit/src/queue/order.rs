use std::collections::BTreeSet;

use slab::Slab;

use super::list::List;
use super::node::Node;

/// The waiting calls, in arrival order.
#[derive(Debug, Default)]
pub(super) struct Order {
    len: usize,
    waiting: List,
    /// Those of them that had a slot before, by arrival.
    returned: BTreeSet<(u64, u32)>,
    /// How often a place has changed.
    moves: u64,
    /// How many have come to the front since the ranks were counted; `None` if those are wrong.
    served: Option<u64>,
}

impl Order {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The call that waits longest.
    pub(super) fn first(&self, nodes: &Slab<Node>) -> u32 {
        let Some((arrival, returned)) = self.returned.first() else {
            return self.waiting.first;
        };
        match nodes.get(self.waiting.first as usize) {
            Some(node) if node.arrival < *arrival => self.waiting.first,
            _ => *returned,
        }
    }

    #[inline]
    pub(super) fn moves(&self) -> u64 {
        self.moves
    }

    /// How many wait longer. Counts all of them once if others than the first have gone since the
    /// last time, and nothing where no caller asks.
    pub(super) fn ahead(&mut self, nodes: &mut Slab<Node>, index: u32) -> usize {
        let served = match self.served {
            Some(served) => served,
            None => {
                self.count(nodes);
                0
            }
        };
        (nodes[index as usize].rank - served) as usize
    }

    fn count(&mut self, nodes: &mut Slab<Node>) {
        let mut returned = self.returned.iter().peekable();
        let mut next = self.waiting.first;
        for rank in 0..self.len as u64 {
            let waiting = nodes.get(next as usize).map(|node| node.arrival);
            let is_next = |(arrival, _): &&(u64, u32)| waiting.is_none_or(|next| *arrival < next);
            let node = match returned.next_if(is_next) {
                Some((_, index)) => &mut nodes[*index as usize],
                None => {
                    let node = &mut nodes[next as usize];
                    next = node.next;
                    node
                }
            };
            node.rank = rank;
        }
        self.served = Some(0);
    }

    pub(super) fn link(&mut self, nodes: &mut Slab<Node>, index: u32) {
        self.len += 1;
        let node = &mut nodes[index as usize];
        if node.has_returned {
            self.moves += 1;
            self.served = None;
            self.returned.insert((node.arrival, index));
        } else {
            if let Some(served) = self.served {
                node.rank = served + self.len as u64 - 1;
            }
            self.waiting.link_last(nodes, index);
        }
    }

    pub(super) fn unlink(&mut self, nodes: &mut Slab<Node>, index: u32) {
        self.moves += 1;
        if self.first(nodes) == index {
            self.served = self.served.map(|served| served + 1);
        } else {
            self.served = None;
        }
        self.len -= 1;
        let node = &nodes[index as usize];
        if node.has_returned {
            self.returned.remove(&(node.arrival, index));
        } else {
            self.waiting.unlink(nodes, index);
        }
    }
}
