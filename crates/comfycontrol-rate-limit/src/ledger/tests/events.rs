//! What happens when, in true microseconds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::store::Register;
use crate::cooldown::Probe;
use crate::{Member, Reading, Record, Replaced, Version};

/// What a process asks the store.
#[derive(Debug)]
pub(super) enum Question {
    Join,
    Read,
    Gone(Vec<Member>),
    Replace(Option<Version>, Record),
}

#[derive(Debug)]
pub(super) enum Answer {
    Joined,
    Gone(Vec<Member>),
    Read(Reading),
    Replaced(Replaced),
    Lost,
}

/// Of process `who` in its life `life`.
#[derive(Debug)]
pub(super) enum Event {
    Wake {
        who: usize,
        life: u32,
        at: u64,
    },
    Arrives {
        who: usize,
        life: u32,
        asked: u64,
        question: Question,
        is_lost: bool,
    },
    Answered {
        who: usize,
        life: u32,
        asked: u64,
        answer: Answer,
    },
    Counted {
        who: usize,
        life: u32,
        request: Request,
        answered: Option<u64>,
    },
    Ended {
        who: usize,
        life: u32,
        request: Request,
        how: How,
    },
    Kill,
    Stop,
    Step,
    LoseRecord,
    Throttle,
}

/// How a request ended, as the process sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum How {
    Responded,
    Throttled,
    Lost,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) episode: u32,
    pub(super) probe: Option<Probe>,
}

impl Question {
    pub(super) fn put(self, store: &mut Register, now: u64, dead: &[Member]) -> Answer {
        match self {
            Self::Join => Answer::Joined,
            Self::Read => Answer::Read(store.read(now)),
            Self::Gone(members) => Answer::Gone(
                members
                    .into_iter()
                    .filter(|member| dead.contains(member))
                    .collect(),
            ),
            Self::Replace(seen, record) => Answer::Replaced(store.replace(now, seen, record)),
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Reverse<(u64, usize)>>,
    events: Vec<Option<Event>>,
}

impl Agenda {
    pub(super) fn add(&mut self, at: u64, event: Event) {
        self.heap.push(Reverse((at, self.events.len())));
        self.events.push(Some(event));
    }

    pub(super) fn next(&mut self) -> Option<(u64, Event)> {
        let Reverse((at, index)) = self.heap.pop()?;
        Some((at, self.events[index].take()?))
    }
}
