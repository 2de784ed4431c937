//! Runs, lists and files of an emulated API, over TLS.

#[path = "support/emulated.rs"]
mod emulated;

use std::time::Duration;

use comfycontrol::{Multipart, Part, RateLimitMode};
use comfycontrol_api::{Api, Conditional, Validators, WorkflowStatus};
use comfycontrol_emulator::{CapturedRequest, Emulator, Listener};
use comfycontrol_test::{SECOND, carries};
use futures_util::TryStreamExt;
use http::header::AUTHORIZATION;
use serde_json::Value;

#[tokio::test]
async fn a_workflow_is_uploaded_followed_and_fetched() {
    let emulator = Emulator::builder()
        .run_time(Duration::from_millis(3_500))
        .sse_interval(Duration::from_millis(100))
        .max_sse_events(3)
        .start()
        .await
        .unwrap();
    let api = api(&emulator);

    let form = Multipart::new()
        .text("name", "Sunset")
        .text("$prompt", "a \"sunset\"")
        .part(
            "workflow_json",
            Part::bytes("{}")
                .file_name("graph.json")
                .content_type("application/json"),
        );
    let run: Value = api
        .client()
        .post("/v1/workflow")
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let updates: Vec<_> = api
        .subscribe(run["id"].as_str().unwrap())
        .try_collect()
        .await
        .unwrap();

    // The server closed after each third update; the stream went on, without saying things twice.
    let opened = emulator
        .captured_requests()
        .iter()
        .filter(|seen| seen.uri().path().ends_with("/subscribe"))
        .count();
    assert!(opened > 1, "{opened}");
    assert!(updates.windows(2).all(|pair| pair[0] != pair[1]));
    let last = updates.last().unwrap();
    assert_eq!(last.status, WorkflowStatus::Completed);
    assert!(
        updates[..updates.len() - 1]
            .iter()
            .all(|update| !update.status.is_terminal())
    );

    let file = api
        .downloader()
        .get(&last.outputs[0].src)
        .send()
        .await
        .unwrap();
    let known = Validators::of(file.headers());
    let pieces: Vec<_> = file.into_stream().try_collect().await.unwrap();
    assert!(pieces.iter().map(bytes::Bytes::len).sum::<usize>() > 0);
    let again = api.downloader().get(&last.outputs[0].src);
    let again = Conditional::send(again, &known).await.unwrap();
    assert!(matches!(again, Conditional::NotModified(_)));
    let stored = emulator
        .captured_requests()
        .into_iter()
        .find(|seen| seen.listener() == Listener::Storage)
        .unwrap();
    assert!(stored.headers().get("authorization").is_none());
}

#[tokio::test]
async fn a_list_in_pages_is_read_whole_and_once() {
    let emulator = Emulator::builder()
        .runners(237)
        .limit(None)
        .start()
        .await
        .unwrap();
    let api = api(&emulator);
    for per_page in [7, 79, 100] {
        let list = api.paginate("/v1/runner", "runners").per_page(per_page);
        let items: Vec<Value> = list.items().try_collect().await.unwrap();
        let mut ids: Vec<_> = items.iter().map(|item| item["id"].to_string()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((items.len(), ids.len()), (237, 237));
    }
}

#[tokio::test]
async fn downloads_take_no_token_along_not_even_home() {
    let (home, other) = (edge().await, edge().await);
    let api = api(&home);
    let urls = [
        home.https_url(),
        home.http_url(),
        home.storage_url(),
        other.http_url(),
        other.storage_url(),
    ];
    for url in urls {
        let url = format!("{url}/v1/user");
        api.downloader().get(url).send().await.unwrap_err();
    }
    let seen = [home.captured_requests(), other.captured_requests()].concat();
    assert_eq!(seen.len(), 5);
    assert!(!seen.iter().any(carries_token));
    assert!(!seen.iter().any(|s| s.headers().contains_key(AUTHORIZATION)));
}

// === support ===

const TOKEN: &str = "cfc_loopback0loopback0";

async fn edge() -> Emulator {
    let emulator = Emulator::builder().limit(None).start().await.unwrap();
    emulator.tokens().insert("test", TOKEN, None);
    emulator
}

/// An API that waits for no limit, and gives up rather than hang.
fn api(emulator: &Emulator) -> Api {
    let client = emulated::builder(emulator, TOKEN)
        .timeout(30 * SECOND)
        .rate_limit(RateLimitMode::Off);
    Api::new(client.build().unwrap())
}

fn carries_token(seen: &CapturedRequest) -> bool {
    carries(TOKEN, seen.headers(), seen.uri())
}
