//! A process that comes after another was killed.

use super::plan::START;
use super::process::moment;
use super::run::{LEASE, LINGER, Run, SECOND, WINDOW, lease_end, none, store};
use crate::ledger::{Action, Note};
use crate::{Member, Replaced};

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

/// It writes between two looks of a store that measures its absence, and the newcomer reads that
/// only after a third look.
#[test]
fn one_that_has_written_between_two_looks_is_not_gone_before_half_a_lease() {
    let window = 10 * SECOND;
    let mut store = store();
    let mut first = Run::within(window, 1, 40);
    first.until_granted(&mut store, START, none);
    let mut newcomer = Run::within(window, 2, 40);
    let (mut wrote, mut looks) = (0, 0);
    let (mut since, mut seen) = (0, 0);
    let (at, _) = newcomer.until_granted(&mut store, START + SECOND / 10, |store, now, asked| {
        if now - seen >= LEASE / 4 {
            since = now;
        }
        seen = now;
        looks += 1;
        if looks == 2 {
            let at = moment(now);
            first.demand.notes.push(Note::Hold { at, pause: 0 });
            first.write(store, now);
            wrote = now;
        }
        let is_gone = now - since >= LEASE / 2;
        if is_gone { asked.to_vec() } else { Vec::new() }
    });
    assert!(wrote > 0 && looks > 2);
    // It may send for half a lease, and is counted up to the linger later.
    let least = LEASE / 2 + LINGER + window;
    assert!(at - wrote >= least, "{}", at - wrote);
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
