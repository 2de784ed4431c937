//! What a journal leaves to be done: no I/O.

use comfycontrol_api::WorkflowId;

use super::entry::Event;

/// How far a row has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct State {
    /// Which try it is, from 1.
    pub(crate) attempt: u32,
    pub(crate) stage: Stage,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Stage {
    /// Nothing was sent for it.
    New,
    /// It may have been started, by requests between these seconds since 1970.
    Sent {
        since: u64,
        last: u64,
    },
    Started {
        id: WorkflowId,
    },
    /// It was certainly not started.
    Refused,
    Failed,
    /// So many files are in its folder.
    Saved {
        id: WorkflowId,
        files: u64,
    },
    /// They were, and the folder is not there any more.
    Removed {
        id: WorkflowId,
        files: u64,
    },
    /// They are not at the API any more either.
    Gone {
        id: WorkflowId,
        files: u64,
    },
}

impl Default for State {
    fn default() -> Self {
        Self {
            attempt: 1,
            stage: Stage::New,
        }
    }
}

impl State {
    /// Takes in what the journal says of the row; whether that can follow on what it said before.
    #[must_use]
    pub(crate) fn apply(&mut self, at: u64, event: &Event) -> bool {
        let stage = match (&self.stage, event) {
            (Stage::New | Stage::Refused, Event::Sending { .. }) => Stage::Sent {
                since: at,
                last: at,
            },
            // It has certainly not come of what was sent before; or a clock was set.
            (Stage::Sent { since, last }, Event::Sending { .. }) => Stage::Sent {
                since: at.min(*since),
                last: at.max(*last),
            },
            (Stage::Sent { .. }, Event::Started { id, .. }) => Stage::Started { id: id.clone() },
            (Stage::New | Stage::Sent { .. } | Stage::Refused, Event::Refused { .. }) => {
                Stage::Refused
            }
            (Stage::Started { .. }, Event::Failed { .. }) => Stage::Failed,
            (
                Stage::Started { id }
                | Stage::Saved { id, .. }
                | Stage::Removed { id, .. }
                | Stage::Gone { id, .. },
                Event::Saved { files },
            ) => {
                let (id, files) = (id.clone(), *files);
                Stage::Saved { id, files }
            }
            (
                Stage::Saved { id, files }
                | Stage::Removed { id, files }
                | Stage::Gone { id, files },
                Event::Gone,
            ) => {
                let (id, files) = (id.clone(), *files);
                Stage::Gone { id, files }
            }
            (Stage::Failed, Event::Again) => {
                self.attempt = self.attempt.saturating_add(1);
                Stage::New
            }
            _ => return false,
        };
        self.stage = stage;
        true
    }

    /// The folder of a row that is saved is not there any more, or that of one whose files were
    /// gone is there again: either way it is looked at, and saved.
    pub(crate) fn removed(&mut self) {
        if let Stage::Saved { id, files } | Stage::Gone { id, files } = &self.stage {
            let (id, files) = (id.clone(), *files);
            self.stage = Stage::Removed { id, files };
        }
    }
}

#[cfg(test)]
impl State {
    /// That of a row with three files.
    pub(crate) fn saved() -> Self {
        let mut state = Self::default();
        let (id, adopted) = (WorkflowId::from("a"), false);
        for event in [
            Event::Sending { key: String::new() },
            Event::Started { id, adopted },
            Event::Saved { files: 3 },
        ] {
            assert!(state.apply(0, &event));
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn event(kind: u8) -> Event {
        let why = String::new();
        let id = WorkflowId::from("a");
        match kind {
            0 => Event::Sending { key: why },
            1 => Event::Started { id, adopted: true },
            2 => Event::Refused { why },
            3 => Event::Failed { why },
            4 => Event::Again,
            5 => Event::Gone,
            _ => Event::Saved { files: 0 },
        }
    }

    proptest! {
        /// Whatever a journal says, and wherever it ends: by its last word.
        #[test]
        fn the_last_word_says_how_far_a_row_is(kinds in proptest::collection::vec(0..7u8, 0..30)) {
            let mut state = State::default();
            let mut said = Vec::new();
            for (at, kind) in (1..).zip(kinds) {
                let before = state.clone();
                if state.apply(at, &event(kind)) {
                    said.push((at, kind));
                } else {
                    prop_assert_eq!(&state, &before);
                }
                let tries = said.iter().filter(|(_, kind)| *kind == 4).count();
                prop_assert_eq!(state.attempt as usize, tries + 1);
                let is_as_said = match (said.last().map(|(_, kind)| kind), &state.stage) {
                    (None | Some(4), Stage::New) => true,
                    (Some(0), Stage::Sent { since, last }) => {
                        let mut sent = said.iter().rev().take_while(|(_, kind)| *kind == 0);
                        let latest = sent.next().map(|(at, _)| *at);
                        let first = sent.last().map(|(at, _)| *at).or(latest);
                        (Some(*since), Some(*last)) == (first, latest)
                    }
                    (Some(1), Stage::Started { .. })
                    | (Some(2), Stage::Refused)
                    | (Some(3), Stage::Failed) => true,
                    (Some(5), Stage::Gone { .. }) => true,
                    (Some(6), Stage::Saved { .. }) => true,
                    _ => false,
                };
                prop_assert!(is_as_said, "{said:?} {state:?}");
            }
            // Nothing that was paid is paid again unasked.
            for two in said.windows(2) {
                prop_assert!(two[0].1 < 5 || two[1].1 >= 5, "its folder was removed");
                prop_assert!(two[1].1 != 5 || two[0].1 >= 5, "it was saved before");
                prop_assert!(two[0].1 != 3 || two[1].1 == 4);
                prop_assert!(two[0].1 != 1 || [3, 6].contains(&two[1].1));
            }
        }
    }
}
