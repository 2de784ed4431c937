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
    /// They were saved, and their files are neither here nor at the API any more.
    pub(crate) gone: usize,
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
    pub(crate) gone: Vec<usize>,
    /// They are saved, in this session, with fewer files than there were.
    pub(crate) fewer: Vec<usize>,
}

/// How far a row is.
enum Standing {
    Saved,
    Failed,
    Refused,
    InDoubt,
    Unsaved,
    Gone,
    Running,
    Waiting,
}

impl Planned {
    fn standing(&self) -> Standing {
        match (&self.state.stage, self.phase) {
            (Stage::Saved { .. }, _) => Standing::Saved,
            (Stage::Failed, _) => Standing::Failed,
            (Stage::Gone { .. }, _) => Standing::Gone,
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
                Standing::Gone => &mut counts.gone,
                Standing::Running => &mut counts.running,
                Standing::Waiting => &mut counts.waiting,
            };
            *count += 1;
        }
        counts
    }

    pub(crate) fn troubled(&self) -> Troubled {
        let mut troubled = Troubled {
            fewer: self.fewer.clone(),
            ..Troubled::default()
        };
        troubled.fewer.sort_unstable();
        for (row, planned) in self.rows.iter().enumerate() {
            match planned.standing() {
                Standing::Failed => troubled.failed.push(row),
                Standing::Refused => troubled.refused.push(row),
                Standing::InDoubt => troubled.in_doubt.push(row),
                Standing::Unsaved => troubled.unsaved.push(row),
                Standing::Gone => troubled.gone.push(row),
                Standing::Saved | Standing::Running | Standing::Waiting => {}
            }
        }
        troubled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::entry::Event;
    use crate::batch::plan::Action;
    use crate::batch::replay::State;

    #[test]
    fn files_that_are_lost_are_told_in_the_session_that_finds_it_and_not_again() {
        let mut state = State::saved();
        state.removed();
        let mut plan = Plan::new(vec![state.clone(), state.clone(), state.clone()], 3);
        plan.looked();
        for (row, event, has_lost) in [
            (0, Event::Saved { files: 3 }, false),
            (1, Event::Saved { files: 2 }, true),
            (2, Event::Gone, true),
        ] {
            assert_eq!(plan.next(true), Some(Action::Save(row)));
            assert!(plan.apply(row, 1, &event));
            assert_eq!(plan.has_lost(), has_lost);
        }
        let (troubled, counts) = (plan.troubled(), plan.counts());
        assert_eq!((troubled.fewer, troubled.gone), (vec![1], vec![2]));
        assert_eq!((counts.saved, counts.gone, counts.unsaved), (2, 1, 0));
        assert!(plan.is_over());

        assert!(state.apply(1, &Event::Gone));
        let plan = Plan::new(vec![state.clone()], 1);
        assert!(plan.is_over() && !plan.has_lost());
        assert_eq!((plan.counts().gone, plan.troubled().gone), (1, vec![0]));
        // Its folder is there again.
        state.removed();
        assert_eq!(Plan::new(vec![state], 1).next(true), Some(Action::Save(0)));
    }
}
