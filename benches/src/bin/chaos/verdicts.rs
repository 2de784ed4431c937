//! The invariants, and how often each was looked at and found broken.

use std::collections::BTreeMap;

/// What must hold, whatever befalls the calls.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Invariant {
    OneOutcome,
    InTime,
    WithinLimit,
    PostOnce,
    Applied,
    Body,
    Upload,
    Token,
    Memory,
    Descriptors,
    Tasks,
    Connections,
}

impl Invariant {
    pub(crate) const ALL: [Self; 12] = [
        Self::OneOutcome,
        Self::InTime,
        Self::WithinLimit,
        Self::PostOnce,
        Self::Applied,
        Self::Body,
        Self::Upload,
        Self::Token,
        Self::Memory,
        Self::Descriptors,
        Self::Tasks,
        Self::Connections,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneOutcome => "each call has one outcome, a response or a typed error",
            Self::InTime => "each call ends within its time",
            Self::WithinLimit => "the server never counts more than the limit",
            Self::PostOnce => "a POST is done at most once",
            Self::Applied => "what an error says of the server's work is true",
            Self::Body => "a response's body is that of the server, byte by byte",
            Self::Upload => "a request's body arrives whole or not at all",
            Self::Token => "the token is in its header and nowhere else",
            Self::Memory => "memory does not grow",
            Self::Descriptors => "descriptors do not grow",
            Self::Tasks => "no task is left when all calls have ended",
            Self::Connections => "connections are bounded",
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Verdicts {
    rows: BTreeMap<Invariant, Row>,
    /// What was seen that lies outside of what is promised.
    pub(crate) excused: BTreeMap<&'static str, u64>,
    /// Whether nothing is printed.
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Row {
    pub(crate) checks: u64,
    pub(crate) violations: u64,
}

impl Verdicts {
    pub(crate) fn check(
        &mut self,
        invariant: Invariant,
        holds: bool,
        what: impl FnOnce() -> String,
    ) {
        let row = self.rows.entry(invariant).or_default();
        row.checks += 1;
        if !holds {
            row.violations += 1;
            if row.violations <= 20 {
                let what = what();
                if !self.quiet {
                    eprintln!("VIOLATED: {}: {what}", invariant.name());
                }
            }
        }
    }

    pub(crate) fn excuse(&mut self, why: &'static str) {
        *self.excused.entry(why).or_default() += 1;
    }

    pub(crate) fn row(&self, invariant: Invariant) -> Row {
        self.rows.get(&invariant).copied().unwrap_or_default()
    }

    pub(crate) fn violations(&self) -> u64 {
        self.rows.values().map(|row| row.violations).sum()
    }

    pub(crate) fn add(&mut self, other: Self) {
        for (invariant, row) in other.rows {
            let sum = self.rows.entry(invariant).or_default();
            sum.checks += row.checks;
            sum.violations += row.violations;
        }
        for (why, times) in other.excused {
            *self.excused.entry(why).or_default() += times;
        }
    }
}
