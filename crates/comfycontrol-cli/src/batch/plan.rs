//! Which row is to be started, looked for or saved next: no I/O.

mod counts;

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use comfycontrol_api::WorkflowId;

use super::entry::Event;
use super::replay::{Stage, State};

pub(crate) use self::counts::{Counts, Troubled};

/// The rows of a batch, each known by its place in the table.
#[derive(Debug)]
pub(crate) struct Plan {
    rows: Vec<Planned>,
    /// How many of them may be under way at the same time.
    jobs: usize,
    under_way: usize,
    /// Before it there is none to be started.
    first_new: usize,
    /// Those that are to be looked for and saved before others are started.
    ready: Vec<Action>,
    /// Those that were looked for in vain: they are asked for again at the end.
    doubtful: VecDeque<usize>,
    /// Whether nothing else is left.
    is_last_round: bool,
    /// Those of which this session has saved fewer files than there were.
    fewer: Vec<usize>,
    /// Whether files of this batch were found to be lost, in this session.
    has_lost: bool,
}

#[derive(Debug)]
struct Planned {
    state: State,
    phase: Phase,
}

/// What is being done for a row in this session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Resting,
    /// It is being started, or looked for.
    Starting,
    /// It was looked for, and whether it runs is not known yet.
    Doubtful,
    Running,
    Saving,
    Over,
    /// Nothing more is done for it in this session: whether it runs is not known, or its files
    /// could not be saved.
    GivenUp,
}

/// What is to be done for a row next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Action {
    Start(usize),
    /// It may have been started, by an earlier session, by requests between these seconds since
    /// 1970.
    Find(usize, RangeInclusive<u64>),
    Save(usize),
}

impl Plan {
    /// What is left after a journal. Those that were refused cost nothing, and are tried again.
    pub(crate) fn new(states: Vec<State>, jobs: usize) -> Self {
        let planned = |state: State| {
            let phase = match &state.stage {
                Stage::New | Stage::Refused | Stage::Sent { .. } | Stage::Removed { .. } => {
                    Phase::Resting
                }
                Stage::Started { .. } => Phase::Running,
                Stage::Failed | Stage::Saved { .. } | Stage::Gone { .. } => Phase::Over,
            };
            Planned { state, phase }
        };
        let rows: Vec<_> = states.into_iter().map(planned).collect();
        let is_running = |row: &&Planned| row.phase == Phase::Running;
        Self {
            under_way: rows.iter().filter(is_running).count(),
            rows,
            jobs: jobs.max(1),
            first_new: 0,
            ready: Vec::new(),
            doubtful: VecDeque::new(),
            is_last_round: false,
            fewer: Vec::new(),
            has_lost: false,
        }
    }

    /// The rows whose runs an earlier session may have started, with their tries.
    pub(crate) fn in_doubt(&self) -> impl Iterator<Item = (usize, u32)> {
        self.resting().filter_map(|(row, state)| match state.stage {
            Stage::Sent { .. } => Some((row, state.attempt)),
            _ => None,
        })
    }

    fn resting(&self) -> impl Iterator<Item = (usize, &State)> {
        let rows = self.rows.iter().enumerate();
        let resting = rows.filter(|(_, row)| row.phase == Phase::Resting);
        resting.map(|(at, row)| (at, &row.state))
    }

    /// The list has been read: what was not in it is to be looked for one by one, as long as need
    /// be.
    pub(crate) fn looked(&mut self) {
        let rows: Vec<_> = self.in_doubt().map(|(row, _)| row).collect();
        let finds: Vec<_> = rows.into_iter().filter_map(|row| self.find(row)).collect();
        self.ready.extend(finds);
    }

    fn find(&mut self, row: usize) -> Option<Action> {
        let Stage::Sent { since, last } = self.rows[row].state.stage else {
            return None;
        };
        self.enter(row, Phase::Starting);
        Some(Action::Find(row, since..=last))
    }

    /// What is to be done next, if there is something that can be; it is taken as begun.
    pub(crate) fn next(&mut self, starts: bool) -> Option<Action> {
        if let Some(action) = self.ready.pop() {
            return Some(action);
        }
        if !starts || self.under_way >= self.jobs {
            return None;
        }
        let is_new = |row: &Planned| {
            let is_sent = matches!(row.state.stage, Stage::Sent { .. });
            !is_sent && row.phase == Phase::Resting
        };
        let after = self.rows[self.first_new..].iter().position(is_new);
        let Some(after) = after else {
            self.first_new = self.rows.len();
            return self.next_doubtful();
        };
        let row = self.first_new + after;
        self.first_new = row + 1;
        match self.rows[row].state.stage {
            Stage::Removed { .. } => {
                self.enter(row, Phase::Saving);
                Some(Action::Save(row))
            }
            _ => {
                self.enter(row, Phase::Starting);
                Some(Action::Start(row))
            }
        }
    }

    /// When nothing else is left, the rows of which it is not known whether they run.
    fn next_doubtful(&mut self) -> Option<Action> {
        self.is_last_round |= self.under_way == 0;
        match self.is_last_round {
            true => self.doubtful.pop_front().and_then(|row| self.find(row)),
            false => None,
        }
    }

    /// Takes in what the journal has just been told; whether that can follow.
    #[must_use]
    pub(crate) fn apply(&mut self, row: usize, at: u64, event: &Event) -> bool {
        let before = self.files_before(row);
        if !self.rows[row].state.apply(at, event) {
            return false;
        }
        let phase = match event {
            Event::Sending { .. } => return true,
            Event::Started { .. } => Phase::Running,
            Event::Failed { .. } | Event::Refused { .. } => Phase::Over,
            Event::Saved { files } => {
                if before.is_some_and(|before| *files < before) {
                    self.fewer.push(row);
                    self.has_lost = true;
                }
                Phase::Over
            }
            Event::Gone => {
                self.has_lost = true;
                Phase::Over
            }
            Event::Again => Phase::Resting,
        };
        self.enter(row, phase);
        true
    }

    /// Its run is completed.
    pub(crate) fn completed(&mut self, row: usize) {
        if self.rows[row].phase == Phase::Running {
            self.enter(row, Phase::Saving);
            self.ready.push(Action::Save(row));
        }
    }

    /// It was looked for as long as is worth while, and whether it runs is not known. Whether it is
    /// asked for again, once the other rows are done.
    #[must_use]
    pub(crate) fn doubts(&mut self, row: usize) -> bool {
        let is_sent = matches!(self.rows[row].state.stage, Stage::Sent { .. });
        let again = is_sent && !self.is_last_round;
        if again {
            self.enter(row, Phase::Doubtful);
            self.doubtful.push_back(row);
        } else {
            self.give_up(row);
        }
        again
    }

    /// Nothing more is done for it in this session.
    pub(crate) fn give_up(&mut self, row: usize) {
        self.enter(row, Phase::GivenUp);
    }

    /// It was refused for no fault of its own: it is tried again in this session.
    pub(crate) fn put_back(&mut self, row: usize) {
        self.enter(row, Phase::Resting);
        self.first_new = self.first_new.min(row);
    }

    fn enter(&mut self, row: usize, phase: Phase) {
        let counts = |phase| matches!(phase, Phase::Starting | Phase::Running | Phase::Saving);
        let before = std::mem::replace(&mut self.rows[row].phase, phase);
        self.under_way -= usize::from(counts(before));
        self.under_way += usize::from(counts(phase));
    }

    /// The runs that are to be followed.
    pub(crate) fn running(&self) -> impl Iterator<Item = (usize, &WorkflowId)> {
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(at, row)| match (&row.state.stage, row.phase) {
            (Stage::Started { id }, Phase::Running) => Some((at, id)),
            _ => None,
        })
    }

    /// How many rows are started, looked for, followed or saved now.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way
    }

    pub(crate) fn id(&self, row: usize) -> Option<&WorkflowId> {
        match &self.rows[row].state.stage {
            Stage::Started { id } | Stage::Removed { id, .. } => Some(id),
            _ => None,
        }
    }

    pub(crate) fn attempt(&self, row: usize) -> u32 {
        self.rows[row].state.attempt
    }

    /// Whether there is nothing left to be done in this session.
    pub(crate) fn is_over(&self) -> bool {
        let is_over = |row: &Planned| matches!(row.phase, Phase::Over | Phase::GivenUp);
        self.under_way == 0 && self.rows.iter().all(is_over)
    }

    /// How many rows may have been started, which is not known.
    pub(crate) fn sent(&self) -> usize {
        let sent = |row: &&Planned| matches!(row.state.stage, Stage::Sent { .. });
        self.rows.iter().filter(sent).count()
    }

    /// Whether files were found to be lost in this session: the next one does not find it again.
    pub(crate) fn has_lost(&self) -> bool {
        self.has_lost
    }

    /// How many files a row had whose folder was removed.
    pub(crate) fn files_before(&self, row: usize) -> Option<u64> {
        match self.rows[row].state.stage {
            Stage::Removed { files, .. } => Some(files),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
