use super::*;

#[test]
fn a_new_token_that_gets_a_401_gives_the_place_back() {
    let mut it = Driver::with("old");
    it.reads(TORN, Ok("ol"));
    it.reads(TORN, Ok("ol"));
    assert_eq!(it.present(), "ol");
    let (verdict, notice) = it.cache.unauthorized(2, Some(it.now));
    assert_eq!(verdict, Verdict::Replaced);
    assert!(matches!(notice, Some(Notice::TakenBack(..))));
    assert_eq!(it.present(), "old");
    assert!(!it.cache.is_unauthorized());
    assert_eq!(
        *it.cache.error().unwrap().kind(),
        SourceErrorKind::Unauthorized
    );
    // Others were under way with it; and the same half does not come in again, nor is it told
    // again.
    assert_eq!(it.gets_401(2), Verdict::Replaced);
    assert!(it.reads(TORN, Ok("ol")).is_empty());
    it.reads(TORN, Ok("ol"));
    assert_eq!(it.present(), "old");
    it.reads(TORN, Ok("new"));
    it.reads(TORN, Ok("new"));
    assert_eq!(it.present(), "new");
    assert!(it.cache.error().is_none());
}

#[test]
fn a_new_token_once_accepted_keeps_the_place() {
    let mut it = Driver::with("old");
    it.reads(WHOLE, Ok("new"));
    assert!(it.outgoing().unconfirmed, "its acceptance is news");
    it.cache.accepted(2);
    assert!(!it.outgoing().unconfirmed);
    assert_eq!(it.gets_401(2), Verdict::Wait);
    assert_eq!(it.present(), "new");
}

#[test]
fn a_token_that_had_a_401_itself_does_not_come_back() {
    // Before the other one came, or while it was on trial.
    let mut it = Driver::with("old");
    it.gets_401(1);
    it.reads(WHOLE, Ok("new"));
    assert_eq!(it.gets_401(2), Verdict::Wait);
    assert_eq!(it.present(), "new");

    let mut it = Driver::with("old");
    it.reads(WHOLE, Ok("new"));
    assert_eq!(it.gets_401(1), Verdict::Replaced);
    assert_eq!(it.gets_401(2), Verdict::Wait);
    assert_eq!(it.present(), "new");
}

#[test]
fn a_revoked_token_that_came_back_costs_one_more_401() {
    let mut it = Driver::with("old");
    it.reads(WHOLE, Ok("new"));
    assert_eq!(it.gets_401(2), Verdict::Replaced);
    assert_eq!(it.gets_401(1), Verdict::Wait);
    it.reads(WHOLE, Ok("new"));
    assert_eq!(it.gets_401(1), Verdict::Unchanged);
}
