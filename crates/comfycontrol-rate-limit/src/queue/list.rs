use slab::Slab;

use super::node::Node;

/// Nodes one after the other, by their numbers.
#[derive(Debug)]
pub(super) struct List {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) len: usize,
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

impl List {
    pub(super) fn link_last(&mut self, nodes: &mut Slab<Node>, index: u32) {
        let previous = std::mem::replace(&mut self.last, index);
        match nodes.get_mut(previous as usize) {
            Some(node) => node.next = index,
            None => self.first = index,
        }
        let node = &mut nodes[index as usize];
        (node.previous, node.next) = (previous, NONE);
        self.len += 1;
    }

    pub(super) fn unlink(&mut self, nodes: &mut Slab<Node>, index: u32) {
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

/// No node's number.
pub(super) const NONE: u32 = u32::MAX;
