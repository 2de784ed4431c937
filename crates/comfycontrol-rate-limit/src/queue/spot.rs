use super::{Queue, Ticket, WaiterState};

/// A place as others may look at it, also when it is taken no more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Spot {
    index: u32,
    arrival: u64,
}

/// When the call at a place is served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Turn {
    /// Behind so many others.
    After(usize),
    /// There is a slot to come for.
    Now,
}

impl Queue {
    pub(crate) fn spot(&self, ticket: &Ticket) -> Spot {
        let index = ticket.0;
        let arrival = self.nodes[index as usize].arrival;
        Spot { index, arrival }
    }

    /// When it is its turn; `None` if it does not wait any more.
    pub(crate) fn turn(&mut self, spot: Spot) -> Option<Turn> {
        let node = self.nodes.get(spot.index as usize)?;
        match node.state {
            _ if node.arrival != spot.arrival => None,
            WaiterState::Waiting => {
                Some(Turn::After(self.order.ahead(&mut self.nodes, spot.index)))
            }
            WaiterState::Lapsed => Some(Turn::After(0)),
            WaiterState::Granted { .. } => Some(Turn::Now),
            WaiterState::Rejected(_) => None,
        }
    }
}
