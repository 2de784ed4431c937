use super::*;

#[test]
fn a_refusal_is_answered_by_one_reading_that_began_after_it() {
    let mut it = Driver::with("a");
    assert_eq!(it.refuse(1), Verdict::Wait);
    it.cache.begin_reading();
    assert_eq!(it.refuse(1), Verdict::Wait);
    it.ends(WHOLE, Ok("a"));
    assert_eq!(it.refuse(1), Verdict::Unchanged);
    assert_eq!(it.look(), Advice::Go);
}

#[test]
fn once_asked_in_vain_the_source_is_read_at_its_own_pace_and_nobody_waits_for_it() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(30);
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.refuse(1), Verdict::Wait);
    assert_eq!(it.look(), Advice::Wait);
    it.reads(WHOLE, Ok("a"));
    for _ in 0..29 {
        it.passes(1_000);
        assert_eq!(it.refuse(1), Verdict::Unchanged);
        assert_eq!(it.look(), Advice::Go);
    }
    it.passes(1_000);
    assert_eq!(it.refuse(1), Verdict::Unchanged);
    assert_eq!(it.look(), Advice::GoAndRead);
    it.cache.begin_reading();
    assert_eq!(it.look_while_reading(), Advice::Go);
    assert_eq!(it.refuse(1), Verdict::Unchanged);
    it.ends(WHOLE, Ok("b"));
    assert_eq!(it.present(), "b");
    assert_eq!(it.refuse(1), Verdict::Replaced);
}

#[test]
fn a_server_that_refuses_now_and_then_has_the_source_read_no_more_often() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(30);
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.refuse(1), Verdict::Wait);
    it.reads(WHOLE, Ok("a"));
    for _ in 0..2 {
        it.cache.accepted(1);
        it.passes(14_999);
        assert_eq!(it.refuse(1), Verdict::Unchanged);
    }
    it.cache.accepted(1);
    it.passes(2);
    assert_eq!(it.refuse(1), Verdict::Wait);
}

#[test]
fn the_refusal_of_another_token_is_answered_anew() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(30);
    it.reads(WHOLE, Ok("a"));
    it.refuse(1);
    it.reads(WHOLE, Ok("a"));
    it.reads(WHOLE, Ok("b"));
    assert_eq!(it.refuse(2), Verdict::Wait);
}

#[test]
fn a_reading_that_began_before_the_refusal_does_not_answer_it() {
    let mut it = Driver::with("a");
    it.cache.begin_reading();
    assert_eq!(it.refuse(1), Verdict::Wait);
    it.ends(WHOLE, Ok("a"));
    assert_eq!(it.refuse(1), Verdict::Wait);
}

#[test]
fn an_abandoned_reading_does_not_answer_a_refusal() {
    let mut it = Driver::with("a");
    it.refuse(1);
    it.cache.begin_reading();
    it.cache.end_reading();
    assert_eq!(it.refuse(1), Verdict::Wait);
}

#[test]
fn a_refusal_of_an_earlier_token_reads_nothing() {
    let mut it = Driver::with("a");
    it.reads(WHOLE, Ok("b"));
    assert_eq!(it.refuse(1), Verdict::Replaced);
    assert!(!it.cache.is_rejected());
}

#[test]
fn a_refused_token_is_not_announced_as_a_replacement() {
    let mut it = Driver::with("a");
    it.reads(WHOLE, Ok("b"));
    it.refuse(2);
    assert_ne!(it.refuse(1), Verdict::Replaced);
}

#[test]
fn a_refused_token_does_not_come_back_while_another_works() {
    let mut it = Driver::with("a");
    it.refuse(1);
    it.reads(WHOLE, Ok("b"));
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.present(), "b");
    assert_eq!(*it.cache.error().unwrap().problem(), SourceProblem::Refused);
    // For want of another it is tried again, though not announced.
    it.refuse(2);
    it.reads(WHOLE, Ok("a"));
    assert_eq!(it.present(), "a");
    assert_ne!(it.refuse(2), Verdict::Replaced);
    it.cache.accepted(3);
    assert!(!it.cache.is_rejected());
}

#[test]
fn a_token_put_in_by_hand_stays() {
    let mut cache = Cache::new("hand".into(), false);
    cache.put(token("old"));
    cache.put(token("new"));
    assert_eq!(cache.refused(2, None).0, Verdict::Unchanged);
    assert!(cache.present().unwrap().is_same(&token("new")));
}
