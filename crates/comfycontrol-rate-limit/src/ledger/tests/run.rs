//! One process that runs on its own until it is granted something.

use std::time::Duration;

use super::process::moment;
use super::store::Register;
use crate::admission::Settings;
use crate::ledger::book::Book;
use crate::ledger::{Action, Asked, Demand, Session, Terms};
use crate::{Algorithm, Member, Quota, Replaced};

pub(super) const SECOND: u64 = 1_000_000;
pub(super) const LINGER: u64 = 3 * SECOND;
pub(super) const WINDOW: u64 = SECOND;
pub(super) const LEASE: u64 = 10 * SECOND;

/// What one process did: when, and how much it was granted.
pub(super) struct Run {
    pub(super) session: Session,
    pub(super) demand: Demand,
    /// About which members it has asked, and when.
    pub(super) asked: Vec<(u64, Vec<Member>)>,
    /// For how long a reading is on its way.
    pub(super) slow: u64,
    /// How many of its questions the store fails to answer.
    pub(super) unanswered: usize,
}

impl Run {
    pub(super) fn new(id: u128, wanted: u64) -> Self {
        Self::within(WINDOW, id, wanted)
    }

    pub(super) fn within(window: u64, id: u128, wanted: u64) -> Self {
        Self {
            session: Session::new(terms(window), id, id as u64),
            demand: Demand {
                wanted,
                ..Demand::default()
            },
            asked: Vec::new(),
            slow: 0,
            unanswered: 0,
        }
    }

    /// Runs from `from` until it is granted something: when, and how much.
    /// `gone` says of those that it asks about which are.
    pub(super) fn until_granted(
        &mut self,
        store: &mut Register,
        from: u64,
        mut gone: impl FnMut(&mut Register, u64, &[Member]) -> Vec<Member>,
    ) -> (u64, u64) {
        let mut now = from;
        loop {
            let action = self.session.next(moment(now), &mut self.demand);
            let asked = moment(now);
            now += 100; // one trip
            if let Action::Read = action {
                now += self.slow;
            }
            let at = Asked {
                asked,
                answered: moment(now),
            };
            let granted = match action {
                Action::Wait(until) => {
                    assert!(until < u64::MAX, "it waits for nothing");
                    now = now.max(until / 1_000 + 1);
                    None
                }
                Action::Join(_) => {
                    self.session.joined();
                    None
                }
                Action::Read => self.session.read(at, store.read(now)).unwrap(),
                Action::Gone(members) if self.asked.len() < self.unanswered => {
                    self.session.failed(moment(now));
                    self.asked.push((now, members));
                    None
                }
                Action::Gone(members) => {
                    let gone = gone(store, now, &members);
                    self.session.gone(&gone, moment(now));
                    self.asked.push((now, members));
                    None
                }
                Action::Replace { seen, record, .. } => {
                    let replaced = store.replace(now, seen, record);
                    self.session.replaced(at, replaced).unwrap()
                }
            };
            if let Some(grants) = granted {
                self.demand.outstanding += grants.count;
                self.demand.wanted -= grants.count;
                return (now, grants.count);
            }
        }
    }

    /// Writes what it has to say at that moment.
    pub(super) fn write(&mut self, store: &mut Register, now: u64) {
        let at = Asked {
            asked: moment(now),
            answered: moment(now),
        };
        loop {
            let action = self.session.next(moment(now), &mut self.demand);
            let Action::Replace { seen, record, .. } = action else {
                panic!("it has news: {action:?}");
            };
            let replaced = store.replace(now, seen, record);
            let is_done = matches!(replaced, Replaced::Won(_));
            self.session.replaced(at, replaced).unwrap();
            if is_done {
                return;
            }
        }
    }
}

pub(super) fn none(_: &mut Register, _: u64, _: &[Member]) -> Vec<Member> {
    Vec::new()
}

pub(super) fn terms(window: u64) -> Terms {
    let settings = Settings {
        cooldown: 10_000_000_000,
        cooldown_margin: 500_000_000,
        count_lag: 0,
        linger: LINGER * 1_000,
        max_cooldown: 300_000_000_000,
        max_hold: None,
        max_queued: usize::MAX,
        max_transit: None,
        max_wait: None,
    };
    let window = Quota::new(40, Duration::from_micros(window)).unwrap();
    Terms::new(
        Algorithm::SlidingLog,
        40,
        window.stretched(),
        LEASE * 1_000,
        settings,
    )
}

pub(super) fn store() -> Register {
    Register {
        record: None,
        instance: 1,
        started: 0,
        offset: 0,
        drift: 0,
    }
}

/// When the lease of that owner ends, as the record says.
pub(super) fn lease_end(store: &Register, id: u128) -> u64 {
    let record = store.record.as_ref().unwrap();
    let book = Book::decode(&record.content).unwrap();
    book.owners.get(id).unwrap().lease_end
}
