//! Which tokens are taken of several that sources have.

use super::*;

#[test]
fn a_token_that_had_a_401_gives_way_to_another() {
    let mut it = Driver::with("a");
    assert!(it.cache.is_good(&token("a"), it.wall));
    it.gets_401(1);
    assert!(!it.cache.is_good(&token("a"), it.wall));
    assert!(it.cache.is_good(&token("b"), it.wall));
    // It is remembered when another is in use.
    it.reads(WHOLE, Ok("b"));
    assert!(!it.cache.is_good(&token("a"), it.wall));
    assert!(it.cache.is_good(&token("b"), it.wall));
    it.cache.accepted(2);
    assert!(it.cache.is_good(&token("b"), it.wall));
}

#[test]
fn a_token_that_expires_within_five_minutes_gives_way_to_another() {
    let it = Driver::new();
    let left = |left| token("a").with_expiry(it.wall + Duration::from_secs(left));
    for (seconds, is_good) in [(0, false), (299, false), (300, false), (301, true)] {
        assert_eq!(
            it.cache.is_good(&left(seconds), it.wall),
            is_good,
            "{seconds}"
        );
    }
}

#[test]
fn near_its_end_a_token_of_a_slow_source_is_read_every_ten_seconds() {
    let mut it = Driver::new();
    it.interval = Duration::from_secs(60);
    it.reads_dated("a", 200_000);
    it.passes(9_999);
    assert_eq!(it.check(), Advice::Send);
    it.passes(1);
    assert_eq!(it.check(), Advice::SendAndRead);
}
