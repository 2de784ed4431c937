//! Stored files, whole and in ranges, and work whose response is lost.

use std::time::Duration;

use comfycontrol_emulator::{Emulator, EmulatorBuilder, Ending, Fault, FaultRule, FileFault};
use comfycontrol_test::{MILLISECOND, SECOND};
use http::{Method, Request};
use http_body_util::Full;

use crate::client::{Account, TestResponse, fetch};

const LENGTH: usize = 100_000;

#[tokio::test]
async fn a_range_of_a_file_is_given_while_the_file_is_the_same() {
    let (account, src) = stored().await;
    let whole = get(&src, &[]).await;
    let etag = whole.headers["etag"].to_str().unwrap().to_owned();
    assert!(etag.starts_with('"') && whole.headers["accept-ranges"] == "bytes");
    assert_eq!(whole.body.len(), LENGTH);

    let rest = get(&src, &[("range", "bytes=60000-"), ("if-range", &etag)]).await;
    assert_eq!(
        (rest.status, &rest.headers["etag"]),
        (206, &whole.headers["etag"])
    );
    assert_eq!(rest.headers["content-range"], "bytes 60000-99999/100000");
    assert_eq!(rest.body, whole.body[60_000..]);
    let other = get(
        &src,
        &[("range", "bytes=60000-"), ("if-range", "\"other\"")],
    )
    .await;
    assert_eq!((other.status, other.body.len()), (200, LENGTH));
    let beyond = get(&src, &[("range", "bytes=100000-")]).await;
    assert_eq!(beyond.status, 416);
    assert_eq!(beyond.headers["content-range"], "bytes */100000");

    // Each place has a byte of its own, and each file.
    account.file(FileFault::Changed(1));
    let changed = get(&src, &[]).await;
    assert_ne!(changed.headers["etag"], whole.headers["etag"]);
    let same = whole.body.iter().zip(&changed.body).filter(|(a, b)| a == b);
    assert!(same.count() < LENGTH / 100);
}

#[tokio::test]
async fn a_link_is_good_for_as_long_as_was_set() {
    let builder = Emulator::builder().link_lifetime(3_600 * SECOND);
    let (account, src) = stored_by(builder).await;
    let edge = account.emulator.edge();
    // The link ends at a whole second.
    for (later, status) in [(3_590, 200), (20, 403)] {
        edge.set_wall_clock(edge.wall_clock() + later * SECOND);
        assert_eq!(get(&src, &[]).await.status, status);
    }
}

#[tokio::test]
async fn ranges_go_wrong_as_they_are_told_to() {
    let (account, src) = stored().await;
    let whole = get(&src, &[]).await;
    let rest = [("range", "bytes=60000-"), ("if-range", "\"other\"")];
    account.file(FileFault::IgnoreIfRange);
    let wrong = get(&src, &rest).await;
    assert_eq!((wrong.status, wrong.body.len()), (206, 40_000));
    account.file(FileFault::IgnoreRange);
    assert_eq!(get(&src, &rest[..1]).await.body, whole.body);
    account.file(FileFault::NoEtag);
    assert!(!get(&src, &[]).await.headers.contains_key("etag"));
    account.file(FileFault::WeakEtag);
    assert_eq!(get(&src, &[]).await.headers["etag"], "W/\"weak\"");
    account.file(FileFault::Shift(7));
    let shifted = get(&src, &rest[..1]).await;
    assert_eq!(shifted.headers["content-range"], "bytes 60007-99999/100000");
    assert_eq!(shifted.body, whole.body[60_007..]);
}

#[tokio::test]
async fn what_the_api_does_can_be_lost_to_the_client() {
    let account = Account::open().await;
    let total = async || account.get("/v1/workflow").await.json()["total"].as_u64();
    for (after, at_once) in [(Duration::ZERO, 1), (300 * MILLISECOND, 1)] {
        let ending = Ending::Close;
        let lost = FaultRule::next(1, Fault::LoseResponse { after, ending });
        account.emulator.faults().add(lost.method(Method::POST));
        let create = account.form("POST", "/v1/workflow", &FORM);
        fetch(create).await.unwrap_err();
        assert_eq!(total().await, Some(at_once));
    }
    let done = async {
        while total().await != Some(2) {
            tokio::time::sleep(20 * MILLISECOND).await;
        }
    };
    tokio::time::timeout(10 * SECOND, done).await.unwrap();
}

// === support ===

const FORM: [(&str, &str, &str); 2] = [
    ("name", "", "Sunset"),
    ("workflow_json", "graph.json", "{}"),
];

impl Account {
    fn file(&self, fault: FileFault) {
        let rule = FaultRule::next(1, Fault::File(fault)).storage();
        self.emulator.faults().add(rule);
    }
}

/// An account with a file, and where that is stored.
async fn stored() -> (Account, String) {
    stored_by(Emulator::builder()).await
}

async fn stored_by(builder: EmulatorBuilder) -> (Account, String) {
    let builder = builder.limit(None).run_time(Duration::ZERO);
    let account = Account::of(builder.min_output_bytes(LENGTH).start().await.unwrap());
    let created = account.post_form("/v1/workflow", &FORM).await.json();
    let path = format!("/v1/workflow/{}/outputs", created["id"].as_str().unwrap());
    let outputs = account.get(&path).await.json();
    let src = outputs[0]["src"].as_str().unwrap().to_owned();
    (account, src)
}

async fn get(src: &str, headers: &[(&str, &str)]) -> TestResponse {
    let mut request = Request::get(src);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    fetch(request.body(Full::default()).unwrap()).await.unwrap()
}
