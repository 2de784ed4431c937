use super::*;

#[test]
fn a_failed_reading_never_displaces_a_token_that_works() {
    let mut it = Driver::with("a");
    let notices = it.reads(TORN, Err(()));
    assert!(matches!(notices[..], [Notice::Failed(_)]));
    assert_eq!(it.present(), "a");
    assert!(it.cache.error().is_some());
    // The same failure is not told twice.
    assert!(it.reads(TORN, Err(())).is_empty());
    it.reads(TORN, Ok("a"));
    assert!(it.cache.error().is_none());
}

#[test]
fn a_changed_file_is_believed_at_the_second_look() {
    let mut it = Driver::with("old");
    it.reads(TORN, Ok("ne"));
    assert_eq!(it.present(), "old");
    it.reads(TORN, Ok("new"));
    assert_eq!(it.present(), "old");
    it.reads(TORN, Ok("new"));
    assert_eq!(it.present(), "new");
}

#[test]
fn an_error_between_two_looks_makes_the_first_not_count() {
    let mut it = Driver::with("old");
    it.reads(TORN, Ok("ne"));
    it.reads(TORN, Err(()));
    it.reads(TORN, Ok("ne"));
    assert_eq!(it.present(), "old");
}

#[test]
fn a_source_that_cannot_be_torn_is_believed_at_once() {
    let mut it = Driver::with("old");
    let notices = it.reads(WHOLE, Ok("new"));
    assert!(matches!(notices[..], [Notice::Replaced(..)]));
    assert_eq!(it.present(), "new");
}

#[test]
fn in_need_a_changed_file_is_read_twice_within_one_reading() {
    let mut it = Driver::with("old");
    // Seen before the 401: too old to count.
    it.reads(TORN, Ok("ne"));
    assert_eq!(it.gets_401(1), Verdict::Wait);
    it.cache.begin_reading();
    assert!(!it.tries(TORN, Ok("ne")));
    assert!(!it.tries(TORN, Err(())));
    assert!(!it.tries(TORN, Ok("new")));
    assert_eq!(it.present(), "old");
    assert!(it.tries(TORN, Ok("new")));
    assert_eq!(it.present(), "new");
}

#[test]
fn a_file_that_never_settles_leaves_the_token_alone() {
    let mut it = Driver::with("old");
    it.gets_401(1);
    it.cache.begin_reading();
    assert!(!it.tries(TORN, Ok("x")));
    it.last_try = true;
    assert!(it.tries(TORN, Ok("y")));
    assert_eq!(it.present(), "old");
    assert_eq!(
        *it.cache.error().unwrap().kind(),
        SourceErrorKind::Unsettled
    );
}

#[test]
fn earlier_tokens_are_recognised_and_few() {
    let mut cache = Cache::new("hand".into(), false);
    for name in ["a", "b", "c", "d", "e", "f"] {
        cache.put(token(name));
    }
    assert!(cache.knows(token("f").header()));
    assert!(cache.knows(token("b").header()));
    assert!(!cache.knows(token("a").header()));
    assert!(cache.knows(&HeaderValue::from_static("bearer cfc_f")));
    assert!(!cache.knows(&HeaderValue::from_static("Bearer cfc_ff")));
}
