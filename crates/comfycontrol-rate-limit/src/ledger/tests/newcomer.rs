//! A process that comes after another was killed.

use std::time::Duration;

use super::plan::START;
use super::process::moment;
use super::store::Register;
use crate::admission::Settings;
use crate::ledger::book::Book;
use crate::ledger::{Action, Asked, Demand, Session, Terms};
use crate::{Algorithm, Member, Quota, Replaced};

const SECOND: u64 = 1_000_000;
const LINGER: u64 = 3 * SECOND;
const WINDOW: u64 = SECOND;
const LEASE: u64 = 10 * SECOND;

/// What one process did: when, and how much it was granted.
struct Run {
    session: Session,
    demand: Demand,
    /// About which members it has asked, and when.
    asked: Vec<(u64, Vec<Member>)>,
    /// For how long a reading is on its way.
    slow: u64,
    /// How many of its questions the store fails to answer.
    unanswered: usize,
}

impl Run {
    fn new(id: u128, wanted: u64) -> Self {
        Self::within(WINDOW, id, wanted)
    }

    fn within(window: u64, id: u128, wanted: u64) -> Self {
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
    fn until_granted(
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
}

fn none(_: &mut Register, _: u64, _: &[Member]) -> Vec<Member> {
    Vec::new()
}

fn terms(window: u64) -> Terms {
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

fn store() -> Register {
    Register {
        record: None,
        instance: 1,
        started: 0,
        offset: 0,
        drift: 0,
    }
}

/// All forty were on their way when the first was killed: they are counted up to the linger later,
/// and in the window after that. No lease and no silence is waited for in addition.
#[test]
fn what_a_dead_process_held_is_free_after_the_linger_for_one_that_comes_at_once() {
    let mut store = store();
    let (_, granted) = Run::new(1, 40).until_granted(&mut store, START, none);
    assert_eq!(granted, 40);
    let dead = [Member::from_u128(1)];
    let comes = START + SECOND / 10;
    let mut newcomer = Run::new(2, 40);
    let (at, granted) = newcomer.until_granted(&mut store, comes, |_, _, asked| asked.to_vec());
    let waited = at - comes;
    assert_eq!(granted, 40);
    assert!(waited >= LINGER + WINDOW, "{waited}");
    assert!(waited < LINGER + WINDOW + SECOND / 10, "{waited}");
    let [(asked, members)] = &newcomer.asked[..] else {
        panic!("asked once: {:?}", newcomer.asked);
    };
    assert!(asked - comes < SECOND / 100 && *members == dead);
}

/// Those that live keep what they hold, whatever a newcomer asks.
#[test]
fn a_newcomer_takes_nothing_from_those_that_live() {
    let mut store = store();
    Run::new(1, 40).until_granted(&mut store, START, none);
    let mut newcomer = Run::new(2, 40);
    let (at, _) = newcomer.until_granted(&mut store, START + SECOND / 10, none);
    // After the lease of the first, as it says nothing any more.
    assert!(at - START > 10 * SECOND + LINGER + WINDOW, "{}", at - START);
}

/// It was cut off as the store was asked, and came back before anything was done about it.
#[test]
fn one_that_was_heard_of_since_is_not_buried() {
    let mut store = store();
    let mut first = Run::new(1, 40);
    first.until_granted(&mut store, START, none);
    let mut newcomer = Run::new(2, 40);
    let comes = START + SECOND / 10;
    let (at, _) = newcomer.until_granted(&mut store, comes, |store, now, asked| {
        if std::mem::replace(&mut first.demand.wanted, 1) > 0 {
            return Vec::new();
        }
        let action = first.session.next(moment(now), &mut first.demand);
        let Action::Replace { seen, record, .. } = action else {
            panic!("it has news: {action:?}");
        };
        assert!(matches!(store.replace(now, seen, record), Replaced::Won(_)));
        asked.to_vec()
    });
    // What it holds comes back once its lease is over.
    assert!(at - START > 10 * SECOND + LINGER, "{}", at - START);
}

/// The store fails as it is asked: the newcomer asks again before its first step.
#[test]
fn what_a_dead_process_held_is_free_as_soon_although_the_store_fails_first() {
    let mut store = store();
    Run::new(1, 40).until_granted(&mut store, START, none);
    let comes = START + SECOND / 10;
    let mut newcomer = Run::new(2, 40);
    newcomer.unanswered = 2;
    let (at, granted) = newcomer.until_granted(&mut store, comes, |_, _, asked| asked.to_vec());
    let waited = at - comes;
    assert_eq!(granted, 40);
    assert!(waited < LINGER + WINDOW + SECOND / 4, "{waited}");
    assert_eq!(newcomer.asked.len(), 3);
}

/// It has no right to ask, say: slots that are free are granted all the same.
#[test]
fn a_store_that_never_tells_does_not_hold_up_a_newcomer() {
    let mut store = store();
    Run::new(1, 20).until_granted(&mut store, START, none);
    let comes = START + SECOND / 10;
    let mut newcomer = Run::new(2, 20);
    newcomer.unanswered = usize::MAX;
    let (at, granted) = newcomer.until_granted(&mut store, comes, none);
    assert_eq!(granted, 20);
    assert!(at - comes < SECOND, "{}", at - comes);
}

/// The store has to see for half a lease that it is absent, with a look in each quarter at least.
#[test]
fn a_store_is_asked_often_about_one_that_stays_silent() {
    let window = 10 * SECOND;
    let mut store = store();
    Run::within(window, 1, 40).until_granted(&mut store, START, none);
    let comes = START + SECOND / 10;
    let mut newcomer = Run::within(window, 2, 40);
    let (at, _) = newcomer.until_granted(&mut store, comes, |_, now, asked| {
        let is_gone = now - comes >= LEASE / 2;
        if is_gone { asked.to_vec() } else { Vec::new() }
    });
    let times: Vec<u64> = newcomer.asked.iter().map(|(at, _)| *at).collect();
    let pauses: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // The first is before it has been silent for long.
    assert!(
        pauses[1..].iter().all(|pause| *pause < LEASE / 5),
        "{pauses:?}"
    );
    assert!(pauses[0] < LEASE / 4 + SECOND / 10, "{pauses:?}");
    let most = LEASE / 2 + LEASE / 8 + LINGER + window + SECOND / 10;
    assert!(at - comes < most, "{}", at - comes);
}

/// It reads slowly before its first step, and takes the time to be later than it is: the lease of
/// its second step ends no later than that of its first.
#[test]
fn one_that_was_heard_of_since_is_not_buried_although_its_lease_is_the_same() {
    let mut store = store();
    let mut first = Run::new(1, 40);
    first.slow = SECOND;
    let (began, _) = first.until_granted(&mut store, START, none);
    let mut newcomer = Run::new(2, 40);
    let comes = began + SECOND / 10;
    let mut leases = Vec::new();
    let (at, _) = newcomer.until_granted(&mut store, comes, |store, now, asked| {
        if std::mem::replace(&mut first.demand.wanted, 1) > 0 {
            return Vec::new();
        }
        leases.push(lease_end(store, 1));
        let action = first.session.next(moment(now), &mut first.demand);
        let Action::Replace { seen, record, .. } = action else {
            panic!("it has news: {action:?}");
        };
        assert!(matches!(store.replace(now, seen, record), Replaced::Won(_)));
        leases.push(lease_end(store, 1));
        asked.to_vec()
    });
    assert!(leases.len() == 2 && leases[0] == leases[1], "{leases:?}");
    assert!(at - began > 10 * SECOND + LINGER, "{}", at - began);
}

/// When the lease of that owner ends, as the record says.
fn lease_end(store: &Register, id: u128) -> u64 {
    let record = store.record.as_ref().unwrap();
    let book = Book::decode(&record.content).unwrap();
    book.owners.get(id).unwrap().lease_end
}
