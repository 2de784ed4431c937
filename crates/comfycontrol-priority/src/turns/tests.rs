use std::task::Waker;
use std::time::Duration;

use comfycontrol_rate_limit::RejectedReason;
use comfycontrol_test::now;

use super::{Bounds, Standing, Turns};
use crate::{Priority, Urgency};

fn turns() -> Turns {
    Turns::new(Bounds {
        share: 10,
        queued: 2,
        queued_by_key: usize::MAX,
    })
}

#[test]
fn one_goes_in_and_the_next_when_it_has_left() {
    let (mut turns, now) = (turns(), now());
    let arrive = |turns: &mut Turns| turns.arrive(now, Priority::default(), Waker::noop());
    let (first, standing) = arrive(&mut turns).expect("nobody waits");
    assert_eq!(standing, Standing::Inside);
    let (second, standing) = arrive(&mut turns).expect("nobody waits");
    assert_eq!(standing, Standing::Waiting);
    let (third, _) = arrive(&mut turns).expect("one waits");
    assert_eq!(arrive(&mut turns).unwrap_err(), RejectedReason::QueueFull);
    assert_eq!((turns.order().len(), turns.rejected()), (2, 1));

    assert!(turns.depart(now, first.number()).is_some());
    assert_eq!(turns.look(&second, Waker::noop()).0, Standing::Inside);
    assert_eq!(turns.look(&third, Waker::noop()).0, Standing::Waiting);
    // What has left leaves nothing behind.
    assert!(turns.leave(now, &first).is_none());
    assert_eq!(turns.look(&third, Waker::noop()).0, Standing::Waiting);
    assert!(turns.leave(now, &second).is_some());
    assert_eq!(turns.look(&third, Waker::noop()).0, Standing::Inside);
}

#[test]
fn one_that_gives_up_is_no_more_in_the_way() {
    let (mut turns, now) = (turns(), now());
    let priority = Priority::new(Urgency::BACKGROUND);
    let arrive = |turns: &mut Turns| turns.arrive(now, priority.clone(), Waker::noop());
    let (first, _) = arrive(&mut turns).expect("nobody waits");
    let (second, _) = arrive(&mut turns).expect("nobody waits");
    turns.leave(now, &second);
    assert_eq!(turns.order().len(), 0);
    assert!(turns.leave(now, &first).is_none());
    let (_, standing) = arrive(&mut turns).expect("nobody waits");
    assert_eq!(standing, Standing::Inside);
}

#[test]
fn an_idle_one_is_overtaken_after_a_second_and_not_before() {
    let (mut turns, now) = (turns(), now());
    let arrive = |turns: &mut Turns| turns.arrive(now, Priority::default(), Waker::noop());
    arrive(&mut turns).expect("nobody waits");
    let (second, _) = arrive(&mut turns).expect("nobody waits");
    arrive(&mut turns).expect("one waits");
    let almost = now + Duration::from_millis(999);
    assert!(!turns.is_slow(almost) && turns.admit(almost).is_none());
    let later = now + Duration::from_secs(1);
    assert!(turns.is_slow(later) && turns.admit(later).is_some());
    assert_eq!(turns.look(&second, Waker::noop()).0, Standing::Inside);
    // The new one has its second as well.
    assert!(!turns.is_slow(later) && turns.admit(later).is_none());
}

#[test]
fn one_that_stays_idle_slows_the_others_no_more_once_it_was_overtaken() {
    let (mut turns, now) = (turns(), now());
    let arrive = |turns: &mut Turns| turns.arrive(now, Priority::default(), Waker::noop());
    arrive(&mut turns).expect("nobody waits");
    let (second, _) = arrive(&mut turns).expect("nobody waits");
    let (third, _) = arrive(&mut turns).expect("one waits");
    let later = now + Duration::from_secs(1);
    assert!(turns.admit(later).is_some());
    // The idle one is still there.
    assert!(turns.depart(later, second.number()).is_some());
    assert_eq!(turns.look(&third, Waker::noop()).0, Standing::Inside);
}
