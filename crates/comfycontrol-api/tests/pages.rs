//! Lists that come in pages, over a mock transport, under a paused clock.

#[path = "support/mocked.rs"]
mod mocked;

use comfycontrol::{Body, Client, ErrorKind, InvalidJson};
use comfycontrol_api::Api;
use comfycontrol_test::Heads;
use futures_util::{StreamExt, TryStreamExt};
use http::{Method, Response};
use serde_json::{Value, json};

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_the_page_yields_each_item_once() {
    let lists = [
        json!({"runners": [{"id": 1}, {"id": 2}], "total": 1_000}),
        json!({"runners": [{"id": [1]}, {"id": [2]}]}),
        json!({"runners": [{"name": "a"}, {"name": "b"}], "total": 1_000}),
        json!({"runners": ["a", "b"]}),
    ];
    for list in lists {
        let (client, asked) = client_of(move |_| list.clone());
        let pages = Api::new(client.clone())
            .paginate("/v1/runner", "runners")
            .per_page(2);
        let items: Vec<Value> = pages.items().try_collect().await.unwrap();
        assert_eq!((items.len(), asked.count()), (2, 3), "{items:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_is_read_to_the_cap() {
    let (client, asked) = client_of(|page| json!({"runners": [{"id": page}]}));
    let pages = Api::new(client.clone())
        .paginate("/v1/runner", "runners")
        .per_page(1);
    let items: Vec<Value> = pages.max_pages(30).items().try_collect().await.unwrap();
    assert_eq!((items.len(), asked.count()), (30, 30));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_none_is_named_and_the_last() {
    let (client, _) = client_of(|_| json!({"runners": [{"id": 1}, {"id": "two"}, {"id": 3}]}));
    let pages = Api::new(client.clone()).paginate("/v1/runner?kind=a", "runners");
    let mut items = pages.items::<Runner>();
    assert_eq!(items.next().await.unwrap().unwrap().id, 1);
    let wrong = items.next().await.unwrap().unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::Decode);
    assert_eq!(
        wrong.as_cause::<InvalidJson>().unwrap().path(),
        "runners[1].id"
    );
    assert_eq!(wrong.call(), Some((&Method::GET, "/v1/runner")));
    assert!(items.next().await.is_none());
}

// === support ===

#[derive(Debug, serde::Deserialize)]
struct Runner {
    id: u64,
}

/// A client of a server that makes a page out of its number, and the heads of the requests for them.
fn client_of(page: impl Fn(usize) -> Value + Clone + Send + Sync + 'static) -> (Client, Heads) {
    mocked::client_of(move |n| Response::new(Body::from(page(n + 1).to_string())))
}
