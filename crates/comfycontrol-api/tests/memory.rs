//! What a page of a hostile server costs.

#[path = "support/mocked.rs"]
mod mocked;

use comfycontrol::{Body, Error};
use comfycontrol_api::{Api, PageTooLarge};
use futures_util::TryStreamExt;
use http::Response;
use serde_json::Value;

#[test]
fn a_page_without_measure_costs_no_more_than_its_bytes() {
    const DECODED: usize = 2 * 1024 * 1024;

    let zeros = |n: usize| "0,".repeat(n / 2 - 1) + "0";
    let pages = [
        format!(r#"{{"runners":[{}]}}"#, zeros(DECODED)),
        format!("[{}]", zeros(DECODED)),
        format!(r#"{{"runners":[[{}]]}}"#, zeros(DECODED)),
        format!(r#"{{"runners":[{}]}}"#, "[".repeat(DECODED)),
        format!(r#"{{"runners":{}"#, "[".repeat(DECODED)),
        format!(r#"{{"other":[{}],"runners":null}}"#, zeros(DECODED)),
    ];
    for page in pages {
        let shown = page[..20.min(page.len())].to_owned();
        let body = bytes::Bytes::from(page);
        let mut result = None;
        let cost = allocation_counter::measure(|| result = Some(read(body)));
        let peak = usize::try_from(cost.bytes_max).unwrap();
        assert!(peak < 4 * DECODED, "{shown}: {peak}");
        if let Err(error) = result.unwrap()
            && let Some(bound) = error.as_cause::<PageTooLarge>()
        {
            assert!([1_000, 100_000].contains(&bound.limit()));
            assert!(error.call().is_some());
        }
    }
}

#[test]
fn a_page_of_too_many_items_is_an_error_with_the_bound() {
    let page = format!(r#"{{"runners":[{}0]}}"#, "0,".repeat(1_000));
    let error = read(page.into()).unwrap_err();
    assert_eq!(error.to_string(), "page has more than 1000 items");
    let page = format!(r#"{{"runners":[[{}0]]}}"#, "0,".repeat(100_000));
    let error = read(page.into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "page has more than 100000 values in an item"
    );
}

#[tokio::test]
async fn other_tasks_have_their_turn_while_a_page_is_read() {
    let page = format!(r#"{{"runners":[{}0]}}"#, "0,".repeat(999));
    let (client, _) = mocked::client_of(move |_| Response::new(Body::from(page.clone())));
    let list = Api::new(client).paginate("/v1/runner", "runners");
    let other = tokio::spawn(async {});
    let mut items = list.items::<u8>();
    let mut before = 0;
    while items.try_next().await.unwrap().is_some() && !other.is_finished() {
        before += 1;
    }
    assert!(other.is_finished() && before < 500, "{before}");
}

fn read(page: bytes::Bytes) -> Result<Vec<Value>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, _) = mocked::client_of(move |_| Response::new(Body::from(page.clone())));
        let list = Api::new(client).paginate("/v1/runner", "runners");
        list.items::<Value>().try_collect().await
    })
}
