use super::*;

#[test]
fn a_401_is_settled_by_one_reading_that_began_after_it() {
    let mut it = Driver::with("a");
    assert_eq!(it.gets_401(1), Verdict::Wait);
    it.cache.begin_reading();
    assert_eq!(it.gets_401(1), Verdict::Wait);
    it.ends(WHOLE, Ok("a"));
    assert_eq!(it.gets_401(1), Verdict::Unchanged);
    assert_eq!(it.check(), Advice::Send);
}

#[test]
fn once_asked_in_vain_the_source_is_read_at_its_own_pace_and_nobody_waits_for_it() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(30);
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.gets_401(1), Verdict::Wait);
    assert_eq!(it.check(), Advice::Wait);
    it.reads(WHOLE, Ok("a"));
    for _ in 0..29 {
        it.passes(1_000);
        assert_eq!(it.gets_401(1), Verdict::Unchanged);
        assert_eq!(it.check(), Advice::Send);
    }
    it.passes(1_000);
    assert_eq!(it.gets_401(1), Verdict::Unchanged);
    assert_eq!(it.check(), Advice::SendAndRead);
    it.cache.begin_reading();
    assert_eq!(it.check_while_reading(), Advice::Send);
    assert_eq!(it.gets_401(1), Verdict::Unchanged);
    it.ends(WHOLE, Ok("b"));
    assert_eq!(it.present(), "b");
    assert_eq!(it.gets_401(1), Verdict::Replaced);
}

#[test]
fn a_server_that_sends_a_401_now_and_then_has_the_source_read_no_more_often() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(30);
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.gets_401(1), Verdict::Wait);
    it.reads(WHOLE, Ok("a"));
    for _ in 0..2 {
        it.cache.accepted(1);
        it.passes(14_999);
        assert_eq!(it.gets_401(1), Verdict::Unchanged);
    }
    it.cache.accepted(1);
    it.passes(2);
    assert_eq!(it.gets_401(1), Verdict::Wait);
}

#[test]
fn a_401_to_another_token_is_read_for_anew() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(30);
    it.reads(WHOLE, Ok("a"));
    it.gets_401(1);
    it.reads(WHOLE, Ok("a"));
    it.reads(WHOLE, Ok("b"));
    assert_eq!(it.gets_401(2), Verdict::Wait);
}

#[test]
fn a_reading_that_began_before_the_401_does_not_settle_it() {
    let mut it = Driver::with("a");
    it.cache.begin_reading();
    assert_eq!(it.gets_401(1), Verdict::Wait);
    it.ends(WHOLE, Ok("a"));
    assert_eq!(it.gets_401(1), Verdict::Wait);
}

#[test]
fn an_abandoned_reading_does_not_settle_a_401() {
    let mut it = Driver::with("a");
    it.gets_401(1);
    it.cache.begin_reading();
    it.cache.end_reading();
    assert_eq!(it.gets_401(1), Verdict::Wait);
}

#[test]
fn a_401_to_an_earlier_token_reads_nothing() {
    let mut it = Driver::with("a");
    it.reads(WHOLE, Ok("b"));
    assert_eq!(it.gets_401(1), Verdict::Replaced);
    assert!(!it.cache.is_unauthorized());
}

#[test]
fn an_unauthorized_token_is_not_announced_as_a_replacement() {
    let mut it = Driver::with("a");
    it.reads(WHOLE, Ok("b"));
    it.gets_401(2);
    assert_ne!(it.gets_401(1), Verdict::Replaced);
}

#[test]
fn an_unauthorized_token_does_not_come_back_while_another_works() {
    let mut it = Driver::with("a");
    it.gets_401(1);
    it.reads(WHOLE, Ok("b"));
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.present(), "b");
    assert_eq!(
        *it.cache.error().unwrap().kind(),
        SourceErrorKind::Unauthorized
    );
    // For want of another it is tried again, though not announced.
    it.gets_401(2);
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.present(), "a");
    assert_ne!(it.gets_401(2), Verdict::Replaced);
    it.cache.accepted(3);
    assert!(!it.cache.is_unauthorized());
}

#[test]
fn a_token_put_in_by_hand_stays() {
    let mut cache = Cache::new("hand".into(), false);
    cache.put(token("old"));
    cache.put(token("new"));
    assert_eq!(cache.unauthorized(2, None).0, Verdict::Unchanged);
    assert!(cache.present().unwrap().is_same(&token("new")));
}
