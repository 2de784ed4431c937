//! What the record holds.

use super::owners::Owners;
use crate::Algorithm;
use crate::cooldown::Saved;

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Book {
    /// Told apart from books that were begun again after a loss.
    pub(crate) lineage: u64,
    /// How often it was written.
    pub(crate) counter: u64,
    /// Which store it was written to.
    pub(crate) instance: u128,
    /// What is added to what the store tells.
    pub(crate) shift: i64,
    /// It was that late at least when it was written.
    pub(crate) clock: u64,
    pub(crate) quota: Kept,
    /// Nothing is granted before.
    pub(crate) hold_until: u64,
    pub(crate) gate: Saved,
    /// Which process has the latest probe.
    pub(crate) prober: u128,
    pub(crate) owners: Owners,
    /// When requests could be counted last and how many each time, oldest first.
    pub(crate) stamps: Vec<(u64, u64)>,
}

/// The quota that the writer keeps. All must agree on the window and how it is spent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Kept {
    pub(crate) limit: u32,
    pub(crate) window: u64,
    pub(crate) algorithm: Algorithm,
}

impl Book {
    /// An empty one.
    pub(crate) fn new(lineage: u64, instance: u128, quota: Kept) -> Self {
        Self {
            lineage,
            counter: 0,
            instance,
            shift: 0,
            clock: 0,
            quota,
            hold_until: 0,
            gate: Saved::default(),
            prober: 0,
            owners: Owners::default(),
            stamps: Vec::new(),
        }
    }
}
