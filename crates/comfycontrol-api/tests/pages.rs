//! Lists that come in pages, over a mock transport, under a paused clock.

#[path = "support/mocked.rs"]
mod mocked;
#[path = "support/served.rs"]
mod served;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use comfycontrol::{Body, Client, Error, ErrorKind, InvalidJson};
use comfycontrol_api::{Api, ListChanged, MissingList, RunInDoubt};
use comfycontrol_test::Heads;
use futures_util::{StreamExt, TryStreamExt};
use http::{Method, Response, Uri};
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
        let pages = Api::new(client.clone()).paginate("/v1/runner", "runners");
        let items: Vec<Value> = pages.items().try_collect().await.unwrap();
        assert_eq!(items.len(), 2, "{items:?}");
        assert!(asked.count() <= 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_is_read_to_the_cap() {
    let (builder, asked) = served::builder(|uri, _| {
        let (start, size) = place(uri);
        let items: Vec<_> = (start..start + size)
            .map(|id| json!({ "id": id }))
            .collect();
        ok(json!({ "runners": items }))
    });
    let list = Api::new(builder.build().unwrap()).paginate("/v1/runner", "runners");
    let items: Vec<Value> = list.max_pages(30).items().try_collect().await.unwrap();
    assert_eq!(asked.count(""), 30);
    assert!((2_600..=3_000).contains(&items.len()), "{}", items.len());
}

#[tokio::test(start_paused = true)]
async fn of_a_typed_list_as_many_pages_are_read_as_were_set() {
    for pages in [1, 3] {
        let (builder, asked) = served::builder(|uri, _| {
            let (start, size) = place(uri);
            let items = (start..start + size).map(|id| json!({ "id": id.to_string() }));
            ok(json!({ "runners": items.collect::<Vec<_>>() }))
        });
        let runners = Api::new(builder.build().unwrap()).runners();
        let items = runners.list().max_pages(pages).items();
        let items: Vec<_> = items.try_collect().await.unwrap();
        assert_eq!(asked.count(""), pages as usize);
        assert!(items.len() > 80 * pages as usize, "{}", items.len());
    }
}

#[tokio::test(start_paused = true)]
async fn no_item_is_lost_while_each_is_cancelled_as_it_comes() {
    let list = Arc::new(Mutex::new((0..250).collect::<Vec<u64>>()));
    let served = Arc::clone(&list);
    let (builder, _) = served::builder(move |uri, _| {
        let list = served.lock().unwrap();
        ok(json!({ "workflows": page(uri, &list, 100), "total": list.len() }))
    });
    let api = Api::new(builder.build().unwrap());
    let mut items = api.paginate("/v1/workflow", "workflows").items::<Runner>();
    let mut seen = Vec::new();
    while let Some(item) = items.try_next().await.unwrap() {
        list.lock().unwrap().retain(|id| *id != item.id);
        seen.push(item.id);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..250).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_list_that_outruns_its_reader_is_an_error_after_what_is_right() {
    // 200 items come before all others at each read.
    let (builder, asked) = served::builder(|uri, reads| {
        let (newest, oldest) = (1_000_000 - 200 * reads as u64, 1_000_300);
        let (start, size) = place(uri);
        let page = (newest + start..oldest).take(size as usize);
        let page: Vec<_> = page.map(|id| json!({ "id": id })).collect();
        ok(json!({ "runners": page, "total": oldest - newest }))
    });
    let list = Api::new(builder.build().unwrap()).paginate("/v1/runner", "runners");
    let mut items = list.items::<Runner>();
    let mut seen = HashSet::new();
    let changed = loop {
        match items.try_next().await {
            Ok(item) => assert!(seen.insert(item.expect("it has not ended").id)),
            Err(e) => break e,
        }
    };
    assert!(changed.as_cause::<ListChanged>().is_some(), "{changed}");
    assert_eq!(changed.call(), Some((&Method::GET, "/v1/runner")));
    assert_eq!(
        changed.to_string(),
        "list changes faster than it can be read: read it again"
    );
    assert!(items.next().await.is_none());
    assert!(seen.len() >= 100 && asked.count("") < 3_000);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_caps_pages_or_has_another_total_is_read_whole() {
    let totals = [None, Some(120), Some(50), Some(7), Some(0), Some(10_000)];
    for (cap, total) in [3, 20, 50, 100]
        .into_iter()
        .flat_map(|cap| totals.map(|total| (cap, total)))
    {
        if total == Some(cap) {
            continue;
        }
        let (builder, asked) = served::builder(move |uri, _| {
            let list: Vec<u64> = (0..120).collect();
            ok(json!({ "runners": page(uri, &list, cap as usize), "total": total }))
        });
        let list = Api::new(builder.build().unwrap()).paginate("/v1/runner", "runners");
        let items: Vec<Runner> = list.items().try_collect().await.unwrap();
        let ids: Vec<_> = items.iter().map(|item| item.id).collect();
        assert_eq!(ids, (0..120).collect::<Vec<_>>(), "{cap} {total:?}");
        let most = if cap == 3 { 90 } else { 10 };
        assert!(asked.count("") <= most, "{}", asked.count(""));
    }
}

#[tokio::test(start_paused = true)]
async fn null_is_an_empty_list_and_a_missing_one_names_what_there_is() {
    let read = |page: Value| async move {
        let (client, _) = client_of(move |_| page.clone());
        let list = Api::new(client).paginate("/v1/runner", "runners");
        list.items::<Value>().try_collect::<Vec<_>>().await
    };
    assert!(
        read(json!({ "runners": null, "total": 0 }))
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(read(json!([1, 2])).await.unwrap().len(), 2);
    let missing = read(json!({ "items": [], "total": 3 })).await.unwrap_err();
    assert_eq!(
        missing.to_string(),
        "response has no list `runners`, it has `items`, `total`"
    );
    assert_eq!(
        missing.as_cause::<MissingList>().unwrap().keys(),
        ["items", "total"]
    );
    assert_eq!(missing.call(), Some((&Method::GET, "/v1/runner")));
    for page in [
        json!("runners"),
        json!(null),
        json!({ "runners": 7 }),
        json!({}),
    ] {
        let wrong = read(page.clone()).await.unwrap_err();
        assert_eq!(wrong.kind(), ErrorKind::Decode, "{page}");
    }
}

/// Otherwise a run would be sent again that may be there.
#[tokio::test(start_paused = true)]
async fn a_run_is_not_absent_from_a_list_that_is_missing() {
    for page in [
        json!({ "total": 0 }),
        json!({ "items": [], "total": 0 }),
        json!({ "workflows": {}, "total": 0 }),
        json!({}),
        json!(null),
    ] {
        let (client, _) = client_of({
            let page = page.clone();
            move |_| page.clone()
        });
        let adopt = Api::new(client).workflows().adopt("Sunset [KEY]");
        let error = adopt.await.unwrap_err();
        assert!(error.as_cause::<RunInDoubt>().is_some(), "{page}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_the_whole_response_may_be_null_and_is_nothing_else() {
    let read = |body: Value| async move {
        let (client, _) = client_of(move |_| body.clone());
        Api::new(client).workflows().outputs(&"a".into()).await
    };
    let output = json!({ "id": "1", "workflow_id": "a", "src": "https://a.example/b" });
    assert_eq!(read(json!([output])).await.unwrap().len(), 1);
    assert!(read(json!(null)).await.unwrap().is_empty());
    let wrong = read(json!([output, { "id": [] }])).await.unwrap_err();
    assert_eq!(wrong.as_cause::<InvalidJson>().unwrap().path(), "[1].id");
    assert_eq!(wrong.call(), Some((&Method::GET, "/v1/workflow/a/outputs")));
    for (body, says) in [
        (
            json!({ "outputs": [] }),
            "response is no list, it has `outputs`",
        ),
        (json!({}), "response is no list"),
    ] {
        let missing = read(body).await.unwrap_err();
        assert!(missing.as_cause::<MissingList>().is_some());
        assert_eq!(missing.to_string(), says);
    }
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

/// A client of a server that makes a page out of its number, and the heads of the requests for
/// them.
fn client_of(page: impl Fn(usize) -> Value + Clone + Send + Sync + 'static) -> (Client, Heads) {
    mocked::client_of(move |n| Response::new(Body::from(page(n + 1).to_string())))
}

fn ok(json: Value) -> Result<Response<Body>, Error> {
    Ok(Response::new(Body::from(json.to_string())))
}

/// Where the page begins that is asked for, and how many items it has.
fn place(uri: &Uri) -> (u64, u64) {
    let number = |name: &str| {
        let mut pairs = uri
            .query()
            .unwrap()
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| *key == name).unwrap();
        value.parse::<u64>().unwrap()
    };
    let size = number("per_page");
    ((number("page") - 1) * size, size)
}

/// As a server cuts it out that gives at most `cap` items at once, and counts pages by that.
fn page(uri: &Uri, list: &[u64], cap: usize) -> Vec<Value> {
    let (start, size) = place(uri);
    let size = (size as usize).min(cap);
    let page = list.iter().skip(start as usize).take(size);
    page.map(|id| json!({ "id": id })).collect()
}
