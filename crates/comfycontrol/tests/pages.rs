//! Lists that come in pages, over a mock transport, under a paused clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use comfycontrol::{Body, Client, Error, ErrorKind};
use futures_util::{StreamExt, TryStreamExt};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use tower::service_fn;

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_the_page_yields_each_item_once() {
    let lists = [
        json!({"runners": [{"id": 1}, {"id": 2}], "total": 1_000}),
        json!({"runners": [{"id": [1]}, {"id": [2]}]}),
        json!({"runners": [{"name": "a"}, {"name": "b"}], "total": 1_000}),
        json!({"runners": ["a", "b"]}),
    ];
    for list in lists {
        let (client, asked) = answering(move |_| list.clone());
        let pages = client.paginate("/v1/runner", "runners").per_page(2);
        let items: Vec<Value> = pages.items().try_collect().await.unwrap();
        assert_eq!(
            (items.len(), asked.load(Ordering::Relaxed)),
            (2, 3),
            "{items:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_is_read_to_the_cap() {
    let (client, asked) = answering(|page| json!({"runners": [{"id": page}]}));
    let pages = client.paginate("/v1/runner", "runners").per_page(1);
    let items: Vec<Value> = pages.max_pages(30).items().try_collect().await.unwrap();
    assert_eq!((items.len(), asked.load(Ordering::Relaxed)), (30, 30));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_none_is_named_and_the_last() {
    let (client, _) = answering(|_| json!({"runners": [{"id": 1}, {"id": "two"}, {"id": 3}]}));
    let pages = client.paginate("/v1/runner?kind=a", "runners");
    let mut items = pages.items::<Runner>();
    assert_eq!(items.next().await.unwrap().unwrap().id, 1);
    let wrong = items.next().await.unwrap().unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::Decode);
    assert_eq!(wrong.as_bad_json().unwrap().path(), "runners[1].id");
    assert_eq!(wrong.call(), Some((&Method::GET, "/v1/runner")));
    assert!(items.next().await.is_none());
}

// === support ===

#[derive(Debug, serde::Deserialize)]
struct Runner {
    id: u64,
}

/// A client of a server that makes a page out of its number, and how often it was asked.
fn answering(
    page: impl Fn(u32) -> Value + Clone + Send + Sync + 'static,
) -> (Client, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let transport = service_fn(move |_: Request<Body>| {
        let page = page(count.fetch_add(1, Ordering::Relaxed) + 1).to_string();
        async { Ok::<_, Error>(Response::new(Body::from(page))) }
    });
    let client = Client::builder().without_token().transport(transport);
    (client.build().unwrap(), asked)
}
