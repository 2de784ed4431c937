//! How many rows are how far, and which have not gone well: no I/O.

use super::{Phase, Plan, Planned};
use crate::batch::replay::Stage;

/// How many rows are how far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Counts {
    pub(crate) rows: usize,
    pub(crate) saved: usize,
    pub(crate) failed: usize,
    pub(crate) refused: usize,
    /// It is not known whether they run.
    pub(crate) in_doubt: usize,
    /// They are completed, and their files are not there.
    pub(crate) unsaved: usize,
    /// They run, or may.
    pub(crate) running: usize,
    /// Nothing was done for them yet.
    pub(crate) waiting: usize,
}

/// The rows that have not gone well, by their places in the table.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Troubled {
    pub(crate) failed: Vec<usize>,
    pub(crate) refused: Vec<usize>,
    pub(crate) in_doubt: Vec<usize>,
    pub(crate) unsaved: Vec<usize>,
}

/// How far a row is.
enum Standing {
    Saved,
    Failed,
    Refused,
    InDoubt,
    Unsaved,
    Running,
    Waiting,
}

impl Planned {
    fn standing(&self) -> Standing {
        match (&self.state.stage, self.phase) {
            (Stage::Saved { .. }, _) => Standing::Saved,
            (Stage::Failed, _) => Standing::Failed,
            (Stage::Refused, Phase::Over) => Standing::Refused,
            (Stage::Started { .. } | Stage::Removed { .. }, Phase::GivenUp) => Standing::Unsaved,
            (_, Phase::GivenUp) => Standing::InDoubt,
            (Stage::Sent { .. } | Stage::Started { .. }, _) => Standing::Running,
            (Stage::New | Stage::Refused | Stage::Removed { .. }, _) => Standing::Waiting,
        }
    }
}

impl Plan {
    pub(crate) fn counts(&self) -> Counts {
        let mut counts = Counts {
            rows: self.rows.len(),
            ..Counts::default()
        };
        for row in &self.rows {
            let count = match row.standing() {
                Standing::Saved => &mut counts.saved,
                Standing::Failed => &mut counts.failed,
                Standing::Refused => &mut counts.refused,
                Standing::InDoubt => &mut counts.in_doubt,
                Standing::Unsaved => &mut counts.unsaved,
                Standing::Running => &mut counts.running,
                Standing::Waiting => &mut counts.waiting,
            };
            *count += 1;
        }
        counts
    }

    pub(crate) fn troubled(&self) -> Troubled {
        let mut troubled = Troubled::default();
        for (row, planned) in self.rows.iter().enumerate() {
            match planned.standing() {
                Standing::Failed => troubled.failed.push(row),
                Standing::Refused => troubled.refused.push(row),
                Standing::InDoubt => troubled.in_doubt.push(row),
                Standing::Unsaved => troubled.unsaved.push(row),
                Standing::Saved | Standing::Running | Standing::Waiting => {}
            }
        }
        troubled
    }
}
