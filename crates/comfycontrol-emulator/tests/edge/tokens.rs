//! Whose requests are admitted.

use std::time::{Duration, SystemTime};

use comfycontrol_emulator::{Edge, Limit, Unauthorized, Verdict};
use comfycontrol_test::{SECOND, now};

use crate::run::{IP, head};

#[test]
fn the_limit_comes_before_the_token() {
    let start = now();
    let mut edge = Edge::new(
        Limit::new(2, 10 * SECOND).unwrap(),
        start,
        SystemTime::UNIX_EPOCH,
    );
    let token = edge.tokens_mut().unwrap().create("a", None);
    let mut decide = |token: Option<&str>| edge.decide(start, IP, &head(token));

    assert_eq!(decide(None), Verdict::Unauthorized(Unauthorized::Missing));
    assert_eq!(decide(Some(&token)), Verdict::Admitted);
    let throttled = Verdict::Throttled { wait: 10 * SECOND };
    assert_eq!(decide(Some(&token)), throttled);
    assert_eq!(decide(None), throttled);
    assert_eq!(edge.tokens().unwrap().find("a").unwrap().uses(), 1);
}

#[test]
fn an_account_tells_the_name_of_a_token_and_whether_it_is_revoked() {
    let mut edge = Edge::new(None, now(), SystemTime::UNIX_EPOCH);
    let tokens = edge.tokens_mut().unwrap();
    for name in ["a", "b"] {
        tokens.insert(name, &format!("cfc_{name}"), None);
        let found = tokens.find(name).unwrap();
        assert_eq!((found.name(), found.is_revoked()), (name, false));
    }
    assert!(tokens.revoke("a"));
    let told = tokens
        .iter()
        .map(|token| (token.name(), token.is_revoked()));
    let mut told: Vec<_> = told.collect();
    told.sort_unstable();
    assert_eq!(told, [("a", true), ("b", false)]);
}

#[test]
fn two_authorization_headers_are_no_token() {
    let start = now();
    let mut edge = Edge::new(None, start, SystemTime::UNIX_EPOCH);
    let token = edge.tokens_mut().unwrap().create("a", None);
    let mut head = head(Some(&token));
    head.headers
        .append("authorization", head.headers["authorization"].clone());
    let verdict = edge.decide(start, IP, &head);
    assert_eq!(verdict, Verdict::Unauthorized(Unauthorized::Invalid));
}

#[test]
fn tokens_expire_as_time_passes_and_as_the_clock_is_set() {
    let (start, epoch) = (now(), SystemTime::UNIX_EPOCH);
    let mut edge = Edge::new(None, start, epoch);
    let token = edge
        .tokens_mut()
        .unwrap()
        .create("a", Some(epoch + 5 * SECOND));
    let decide = |edge: &mut Edge, at| {
        edge.decide(start + Duration::from_millis(at), IP, &head(Some(&token)))
    };

    assert_eq!(decide(&mut edge, 4_999), Verdict::Admitted);
    assert_eq!(
        decide(&mut edge, 5_000),
        Verdict::Unauthorized(Unauthorized::Expired)
    );
    edge.set_wall_clock(start + 5 * SECOND, epoch + SECOND);
    assert_eq!(decide(&mut edge, 8_999), Verdict::Admitted);
    assert_eq!(
        decide(&mut edge, 9_000),
        Verdict::Unauthorized(Unauthorized::Expired)
    );
}
