use super::*;

#[test]
fn near_its_end_a_token_is_read_more_often_and_gives_way() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(60);
    it.reads_dated("a", 100_000);
    it.passes(10_000);
    assert_eq!(it.check(), Advice::SendAndRead);
    it.reads_dated("b", 1_000_000_000);
    assert_eq!(it.present(), "b");
}

#[test]
fn the_warning_comes_once_and_before_the_end() {
    let mut it = Driver::new();
    it.cache.set_warn_before(Duration::from_secs(60));
    it.reads_dated("a", 90_000);
    it.passes(29_999);
    assert_eq!(it.notice(), None);
    it.passes(1);
    assert!(matches!(it.notice(), Some(Notice::ExpiresIn(_, left)) if left.as_secs() == 60));
    it.passes(10_000);
    assert_eq!(it.notice(), None);
    it.passes(50_000);
    assert!(matches!(it.notice(), Some(Notice::Expired(_))));
    assert_eq!(it.notice(), None);
}

#[test]
fn a_token_that_comes_back_is_not_warned_of_again() {
    let mut it = Driver::new();
    it.reads_dated("a", 1_000);
    it.reads_dated("b", 100_000_000);
    it.cache.accepted(2);
    it.gets_401(2);
    assert!(!it.reads_dated("a", 1_000).iter().any(is_warning));
    assert_eq!(it.present(), "a");
    it.gets_401(3);
    assert!(it.reads_dated("c", 1_000).iter().any(is_warning));
}

#[test]
fn an_expired_token_makes_one_reading_wait_and_then_goes_out() {
    let mut it = Driver::new();
    it.reads_dated("a", 5_000);
    it.passes(5_000);
    assert_eq!(it.check(), Advice::Wait);
    it.reads_dated_again("a");
    assert_eq!(it.check(), Advice::Send);
    assert!(it.is_quiet());
    it.passes(1_000);
    assert_eq!(it.check(), Advice::SendAndRead);
    it.cache.begin_reading();
    assert_eq!(it.check_while_reading(), Advice::Send);
}

#[test]
fn a_wall_clock_that_jumps_neither_blocks_nor_panics() {
    let mut it = Driver::new();
    it.reads_dated("a", 1_000_000);
    for wall in [
        SystemTime::UNIX_EPOCH,
        it.wall + Duration::from_secs(u32::MAX.into()),
    ] {
        it.wall = wall;
        it.passes(1_000);
        it.check();
        it.reads_dated_again("a");
    }
    it.wall = SystemTime::UNIX_EPOCH;
    it.passes(1_000);
    assert_eq!(it.check(), Advice::SendAndRead);
    assert!(it.cache.tokens.current.as_ref().unwrap().works());
}

#[test]
fn an_expired_token_in_the_source_does_not_displace_one_that_works() {
    let mut it = Driver::new();
    it.passes(1_000_000);
    it.reads(WHOLE, Ok("a"));
    it.expiry = Some(it.wall - Duration::from_secs(1));
    it.reads(WHOLE, Ok("b"));
    assert_eq!(it.present(), "a");
    assert_eq!(*it.cache.error().unwrap().kind(), SourceErrorKind::Expired);
}

#[test]
fn a_token_put_in_by_hand_needs_no_clock_unless_it_ends() {
    let mut cache = Cache::new("hand".into(), false);
    cache.put(token("a"));
    assert!(cache.get_undated().is_some());
    cache.put(token("b").with_expiry(SystemTime::UNIX_EPOCH));
    assert!(cache.get_undated().is_none());
    assert!(cache.get(start()).is_none());
    // It is past its date, nothing can be read, and it goes out.
    assert_eq!(
        cache.check(start(), SystemTime::UNIX_EPOCH, false).0,
        Advice::Send
    );
}

// === support ===

fn is_warning(notice: &Notice) -> bool {
    matches!(notice, Notice::ExpiresIn(..))
}
