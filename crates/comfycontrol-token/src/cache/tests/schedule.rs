use proptest::prelude::*;

use super::*;

#[test]
fn without_a_token_the_request_waits_for_the_first_reading() {
    let mut it = Driver::new();
    assert_eq!(it.check(), Advice::Wait);
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.present(), "a");
    assert!(it.is_quiet());
}

#[test]
fn after_a_failed_first_reading_the_source_rests_for_a_second() {
    let mut it = Driver::new();
    it.reads(WHOLE, Err(()));
    assert_eq!(it.check(), Advice::NoToken);
    it.passes(999);
    assert_eq!(it.check(), Advice::NoToken);
    it.passes(1);
    assert_eq!(it.check(), Advice::Wait);
}

#[test]
fn a_token_that_works_goes_out_while_the_source_is_read_once_a_second() {
    let mut it = Driver::with("a");
    it.passes(999);
    assert!(it.is_quiet());
    it.passes(1);
    assert!(!it.is_quiet());
    assert_eq!(it.check(), Advice::SendAndRead);
    // A call that comes while it is being read does not read again.
    it.passes(1_500);
    assert_eq!(it.check_while_reading(), Advice::Send);
}

#[test]
fn a_reading_that_took_a_while_does_not_skip_a_turn() {
    let mut it = Driver::with("a");
    it.passes(1_000);
    assert_eq!(it.check(), Advice::SendAndRead);
    it.passes(300);
    it.reads(WHOLE, Ok("a"));
    it.passes(700);
    it.check();
    it.passes(300);
    assert_eq!(it.check(), Advice::SendAndRead);
}

#[test]
fn a_slow_source_is_read_once_a_minute_of_use() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(3_600);
    it.reads(WHOLE, Ok("a"));
    it.passes(59_999);
    assert_eq!(it.check(), Advice::Send);
    it.passes(1);
    assert_eq!(it.check(), Advice::SendAndRead);
}

proptest! {
    /// However the calls are spread, readings in use are a second apart, and requests never wait
    /// twice in one.
    #[test]
    fn reads_at_most_once_a_second(steps in prop::collection::vec((0u64..700, any::<bool>()), 1..200)) {
        let mut it = Driver::with("a");
        let mut last = it.now;
        for (millis, fails) in steps {
            it.passes(millis);
            if !it.is_quiet() && it.check() == Advice::SendAndRead {
                prop_assert!(it.now - last >= Duration::from_secs(1));
                last = it.now;
                it.reads(TORN, if fails { Err(()) } else { Ok("a") });
            }
            // In use, it is never long ago either: the check comes within a second and one step.
            prop_assert!(it.now - last < Duration::from_millis(1_000 + 700));
        }
    }
}

#[test]
fn what_is_read_at_once_is_made_up_for() {
    let mut it = Driver::with("a");
    it.passes(100);
    assert!(
        it.cache.rested_at() <= Some(it.now),
        "the first time at once"
    );
    it.reads(WHOLE, Ok("b"));
    assert_eq!(
        it.cache.rested_at(),
        Some(it.now + Duration::from_millis(900))
    );
    it.passes(1_899);
    assert_eq!(it.check(), Advice::Send);
    it.passes(1);
    assert_eq!(it.check(), Advice::SendAndRead);
    it.reads(WHOLE, Ok("b"));
    assert!(
        it.cache.rested_at() <= Some(it.now),
        "nothing is owed any more"
    );
}
