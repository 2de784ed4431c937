//! Which call is next. Pure: no clock, no wakers, no locks.
//!
//! Calls of one urgency and one key are a *line*, first in, first out. The lines of one urgency
//! have turns round-robin. The most urgent have their turns first, except that an urgency in which
//! a call waits has one turn in `share`, or a little later where others are due as well.

use std::collections::BTreeMap;

use crate::priority::{Key, Priority, Urgency};

/// The calls that wait, each with a `T`.
#[derive(Debug)]
pub(crate) struct Order<T> {
    share: u32,
    ranks: [Rank<T>; Urgency::COUNT],
    len: usize,
    /// The next number of a call, or of a line's turn.
    next: u64,
}

/// All that wait of one urgency.
#[derive(Debug)]
struct Rank<T> {
    lines: BTreeMap<Option<Key>, Line<T>>,
    /// The lines in the order of their turns.
    ring: BTreeMap<u64, Option<Key>>,
    /// How many turns others have had since a call waits here, or since the last turn here.
    passed_over: u32,
}

#[derive(Debug)]
struct Line<T> {
    turn: u64,
    calls: BTreeMap<u64, T>,
}

/// Where a call waits.
#[derive(Debug)]
pub(crate) struct Position {
    priority: Priority,
    number: u64,
}

impl Position {
    /// No two positions of one order have the same.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }
}

impl<T> Order<T> {
    pub(crate) fn new(share: u32) -> Self {
        Self {
            share,
            ranks: std::array::from_fn(|_| Rank {
                lines: BTreeMap::new(),
                ring: BTreeMap::new(),
                passed_over: 0,
            }),
            len: 0,
            next: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many wait of that key, of any urgency.
    pub(crate) fn len_of_key(&self, key: Option<&Key>) -> usize {
        let key = key.cloned();
        let lines = self.ranks.iter().filter_map(|rank| rank.lines.get(&key));
        lines.map(|line| line.calls.len()).sum()
    }

    /// A position for a call that need not wait.
    pub(crate) fn next_position(&mut self, priority: Priority) -> Position {
        let number = self.next;
        self.next += 1;
        Position { priority, number }
    }

    pub(crate) fn push(&mut self, position: &Position, call: T) {
        let turn = self.next;
        self.next += 1;
        let rank = &mut self.ranks[position.priority.urgency().index()];
        let key = position.priority.key().cloned();
        let ring = &mut rank.ring;
        let line = rank.lines.entry(key).or_insert_with_key(|key| {
            ring.insert(turn, key.clone());
            Line {
                turn,
                calls: BTreeMap::new(),
            }
        });
        line.calls.insert(position.number, call);
        self.len += 1;
    }

    pub(crate) fn get_mut(&mut self, position: &Position) -> Option<&mut T> {
        let rank = &mut self.ranks[position.priority.urgency().index()];
        let line = rank.lines.get_mut(&position.priority.key().cloned())?;
        line.calls.get_mut(&position.number)
    }

    /// Takes a call out before its turn.
    pub(crate) fn remove(&mut self, position: &Position) -> Option<T> {
        let rank = &mut self.ranks[position.priority.urgency().index()];
        let key = position.priority.key().cloned();
        let line = rank.lines.get_mut(&key)?;
        let call = line.calls.remove(&position.number)?;
        if line.calls.is_empty() {
            rank.ring.remove(&line.turn);
            rank.lines.remove(&key);
        }
        if rank.lines.is_empty() {
            rank.passed_over = 0;
        }
        self.len -= 1;
        Some(call)
    }

    /// The number of the next call, and what it came with.
    pub(crate) fn pop(&mut self) -> Option<(u64, T)> {
        let index = self.next_rank()?;
        for (other, rank) in self.ranks.iter_mut().enumerate() {
            if other == index || rank.lines.is_empty() {
                rank.passed_over = 0;
            } else {
                rank.passed_over += 1;
            }
        }
        let rank = &mut self.ranks[index];
        let (_, key) = rank.ring.pop_first()?;
        let line = rank.lines.get_mut(&key)?;
        let first = line.calls.pop_first();
        if line.calls.is_empty() {
            rank.lines.remove(&key);
        } else {
            line.turn = self.next;
            rank.ring.insert(self.next, key);
            self.next += 1;
        }
        self.len -= 1;
        first
    }

    /// The one that was passed over too often, else the most urgent.
    fn next_rank(&self) -> Option<usize> {
        let waiting = || (0..Urgency::COUNT).filter(|index| !self.ranks[*index].lines.is_empty());
        let passed_over = |index: &usize| self.ranks[*index].passed_over;
        let overdue = waiting().filter(|index| passed_over(index) + 1 >= self.share);
        // Of equals the most urgent.
        overdue
            .rev()
            .max_by_key(passed_over)
            .or_else(|| waiting().next())
    }

    /// The lines in which calls wait, the most urgent first, and how many do.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (Priority, usize)> {
        let ranks = (0_u8..)
            .filter_map(Urgency::new)
            .take(Urgency::COUNT)
            .zip(&self.ranks);
        ranks.flat_map(|(urgency, rank)| {
            rank.lines.iter().map(move |(key, line)| {
                let priority = Priority::new(urgency);
                let priority = match key {
                    Some(key) => priority.with_key(key.clone()),
                    None => priority,
                };
                (priority, line.calls.len())
            })
        })
    }
}

#[cfg(test)]
mod tests;
