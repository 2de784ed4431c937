//! The processes that share the budget, and those that wait for a slot of it, in the order of their
//! turns.

/// One process's entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Owner {
    pub(crate) id: u128,
    /// Of the last batch of this owner that was written.
    pub(crate) sequence: u64,
    /// How many slots it holds whose requests may be counted yet.
    pub(crate) unstamped: u64,
    /// From then on it is dead, unless it says that it is not.
    pub(crate) lease_end: u64,
    /// It did not come when it was its turn. It keeps its place, and no process waits for it.
    pub(crate) is_late: bool,
    /// How long to wait for it when it is its turn.
    pub(crate) patience: u32,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Owners {
    all: Vec<Owner>,
    /// Indices of those that wait, each once.
    queue: Vec<u32>,
}

impl Owners {
    /// `None` if that makes no sense: two of one identity, or one that waits twice or is not there.
    pub(crate) fn from_parts(all: Vec<Owner>, queue: Vec<u32>) -> Option<Self> {
        let mut ids: Vec<u128> = all.iter().map(|owner| owner.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut waiting = queue.clone();
        waiting.sort_unstable();
        waiting.dedup();
        let all_are_there = waiting
            .last()
            .is_none_or(|last| (*last as usize) < all.len());
        let makes_sense = ids.len() == all.len()
            && all.len() <= MAX_OWNERS
            && waiting.len() == queue.len()
            && all_are_there;
        makes_sense.then_some(Self { all, queue })
    }

    pub(crate) fn all(&self) -> &[Owner] {
        &self.all
    }

    pub(crate) fn queue(&self) -> &[u32] {
        &self.queue
    }

    pub(crate) fn get(&self, id: u128) -> Option<&Owner> {
        self.all.iter().find(|owner| owner.id == id)
    }

    pub(crate) fn get_mut(&mut self, id: u128) -> Option<&mut Owner> {
        self.all.iter_mut().find(|owner| owner.id == id)
    }

    /// The entry of that owner, made if there is room for one.
    pub(crate) fn entry(&mut self, id: u128) -> Option<&mut Owner> {
        let index = match self.index(id) {
            Some(index) => index,
            None if self.all.len() >= MAX_OWNERS => return None,
            None => {
                self.all.push(Owner {
                    id,
                    sequence: 0,
                    unstamped: 0,
                    lease_end: 0,
                    is_late: false,
                    patience: 0,
                });
                self.all.len() - 1
            }
        };
        self.all.get_mut(index)
    }

    pub(crate) fn remove(&mut self, id: u128) {
        if let Some(index) = self.index(id) {
            self.leave_queue(id);
            self.all.remove(index);
            for waiting in &mut self.queue {
                if *waiting as usize > index {
                    *waiting -= 1;
                }
            }
        }
    }

    /// How long to wait for each of those that wait before that owner and are not late.
    pub(crate) fn ahead(&self, id: u128) -> Vec<u64> {
        let place = self.place(id).unwrap_or(0);
        let in_time = self.in_time(place);
        in_time.map(|at| self.all[at].patience.into()).collect()
    }

    /// How many wait and are not late.
    pub(crate) fn waiting(&self) -> usize {
        self.in_time(self.queue.len()).count()
    }

    /// Whether any owner has lately been late.
    pub(crate) fn any_late(&self) -> bool {
        self.all.iter().any(|owner| owner.is_late)
    }

    fn in_time(&self, first: usize) -> impl Iterator<Item = usize> {
        let waiting = self.queue[..first].iter().map(|at| *at as usize);
        waiting.filter(|at| !self.all[*at].is_late)
    }

    /// No process waits any more for the first `count` of those before that owner.
    pub(crate) fn overtake(&mut self, id: u128, count: usize) {
        let place = self.place(id).unwrap_or(0);
        let late: Vec<usize> = self.in_time(place).take(count).collect();
        for at in late {
            self.all[at].is_late = true;
        }
    }

    /// At which place that owner waits, if it does.
    pub(crate) fn place(&self, id: u128) -> Option<usize> {
        let index = self.index(id)?;
        self.queue.iter().position(|at| *at as usize == index)
    }

    /// Waits, behind all others.
    pub(crate) fn join_queue(&mut self, id: u128) {
        if let Some(index) = self.index(id)
            && self.place(id).is_none()
        {
            self.queue.push(index as u32);
        }
    }

    pub(crate) fn leave_queue(&mut self, id: u128) {
        if let Some(place) = self.place(id) {
            self.queue.remove(place);
        }
    }

    /// How many requests of all of them may be counted yet.
    pub(crate) fn unstamped(&self) -> u64 {
        self.all.iter().map(|owner| owner.unstamped).sum()
    }

    fn index(&self, id: u128) -> Option<usize> {
        self.all.iter().position(|owner| owner.id == id)
    }
}

/// More do not fit into a record of 64 KiB.
const MAX_OWNERS: usize = 1_000;
