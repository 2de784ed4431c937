use std::fs;

use super::*;

const ANN: &str = "cck_3fCq8rVJmXw0ZL5nTbY7aKdE1uHs9gPo";
const BOB: &str = "cck_9gPo3fCq8rVJmXw0ZL5nTbY7aKdE1uHs";

fn shown(value: &str) -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, value.parse().expect("a value"))])
}

async fn caller(keys: &CallerKeys, key: &str) -> Option<String> {
    let found = keys.caller(&shown(&format!("bearer {key}")), false).await;
    found.ok().map(|key| key.to_string())
}

#[tokio::test(start_paused = true)]
async fn keys_change_without_a_restart_and_a_broken_file_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    let line = |name, key| format!("{name}  {}\n", hash_caller_key(key));
    fs::write(&path, line("ann", ANN)).unwrap();
    let keys = CallerKeys::from_file(&path).unwrap();
    assert_eq!(caller(&keys, ANN).await.as_deref(), Some("ann"));
    assert_eq!(caller(&keys, BOB).await, None);

    fs::write(&path, line("bob", BOB)).unwrap();
    tokio::time::advance(LOOK_EVERY).await;
    assert_eq!(caller(&keys, BOB).await.as_deref(), Some("bob"));
    assert_eq!(caller(&keys, ANN).await, None);

    fs::write(&path, "half a li").unwrap();
    tokio::time::advance(LOOK_EVERY).await;
    assert_eq!(caller(&keys, BOB).await.as_deref(), Some("bob"));
}

#[tokio::test]
async fn what_is_no_key_is_told_how_one_is_shown() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    fs::write(&path, format!("ann {}", hash_caller_key(ANN))).unwrap();
    let keys = CallerKeys::from_file(&path).unwrap();
    for headers in [
        HeaderMap::new(),
        shown("Basic YTpi"),
        shown("Bearer"),
        shown("Bearer "),
        shown(ANN),
    ] {
        let refusal = keys.caller(&headers, false).await.unwrap_err();
        let response = refusal.into_response();
        assert_eq!(response.status(), 401);
        assert!(response.headers().contains_key("www-authenticate"));
    }
}

#[tokio::test]
async fn a_browser_may_show_the_key_as_a_password_where_it_may_ask() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keys");
    fs::write(&path, format!("ann {}", hash_caller_key(ANN))).unwrap();
    let keys = CallerKeys::from_file(&path).unwrap();
    let basic = |pair: String| shown(&format!("basic {}", BASE64_STANDARD.encode(pair)));
    for name in ["", "ann", "who ever"] {
        let headers = basic(format!("{name}:{ANN}"));
        assert_eq!(keys.caller(&headers, true).await.unwrap().as_str(), "ann");
        assert!(keys.caller(&headers, false).await.is_err());
    }
    for headers in [
        basic(format!("{ANN}:")),
        basic(ANN.to_owned()),
        basic(format!("ann:x:{ANN}")),
        shown("Basic"),
        shown("Basic "),
        shown("Basic %%%"),
    ] {
        let refusal = keys.caller(&headers, true).await.unwrap_err();
        let response = refusal.into_response();
        let schemes: Vec<_> = response
            .headers()
            .get_all("www-authenticate")
            .iter()
            .collect();
        assert_eq!((response.status().as_u16(), schemes.len()), (401, 2));
    }
}

#[test]
fn lines_that_are_wrong_are_named_by_number_and_not_shown() {
    let told = |text| List::parse(text).err().expect("wrong").to_string();
    assert!(told("# nobody\n\n").ends_with("the file has none"));
    let wrong = format!("ann {}\nbob secret\n", hash_caller_key(ANN));
    let told = told(&wrong);
    assert!(
        told.contains("line 2") && !told.contains("secret"),
        "{told}"
    );
}
