//! A source whose tokens end on a date.

use std::time::{Duration, SystemTime};

use comfycontrol_token::{Token, TokenSource, first_of};

#[test]
fn a_date_is_put_on_tokens_that_have_none() {
    let (date, other) = (
        SystemTime::UNIX_EPOCH,
        SystemTime::UNIX_EPOCH + Duration::from_secs(9),
    );
    let token = Token::parse("cfc_abc").unwrap();
    assert_eq!(
        token.clone().expiring_at(date).read().unwrap().expires_at(),
        Some(date)
    );
    let dated = token.with_expiry(other).expiring_at(date);
    assert_eq!(dated.read().unwrap().expires_at(), Some(other));
    let source = first_of(dated);
    source
        .read_preferring(&|token| token.expires_at() == Some(other))
        .unwrap();
}
