//! What a page of a hostile server costs in memory, counted by the allocator, and how long it keeps
//! others waiting, counted in bytes.

#[path = "support/emulated.rs"]
mod emulated;
#[path = "support/mocked.rs"]
mod mocked;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use comfycontrol::{Body, BodyTooLarge, Error, RateLimitMode};
use comfycontrol_api::{Api, PageTooLarge};
use comfycontrol_emulator::{Coding, Emulator, Fault, FaultRule, Shape};
use comfycontrol_test::SECOND;
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
        let body = Bytes::from(page);
        let mut result = None;
        let cost = allocation_counter::measure(|| result = Some(read(body)));
        let peak = usize::try_from(cost.bytes_max).unwrap();
        assert!(peak < 4 * DECODED, "{shown}: {peak}");
        if let Err(error) = result.unwrap()
            && let Some(bound) = error.as_cause::<PageTooLarge>()
        {
            assert!([128, 1_000, 100_000, 1024 * 1024].contains(&bound.limit()));
            assert!(error.call().is_some());
        }
    }
}

#[test]
fn a_page_of_too_many_items_is_an_error_with_the_bound() {
    let page = format!(r#"{{"runners":[{}0]}}"#, "0,".repeat(1_000));
    let error = read(page.into()).unwrap_err();
    assert_eq!(error.to_string(), "page has more than 1000 items");
    for (item, bound) in [
        (format!("[{}0]", "0,".repeat(100_000)), "100000 values"),
        (format!("\"{}\"", "x".repeat(1024 * 1024)), "1048576 bytes"),
        ("[".repeat(129), "128 levels"),
    ] {
        let bound = format!("page has more than {bound} in one value");
        for page in [
            format!(r#"{{"runners":[{item}]}}"#),
            format!(r#"{{"other":{item},"runners":[]}}"#),
        ] {
            assert_eq!(read(page.into()).unwrap_err().to_string(), bound);
        }
    }
}

#[test]
fn a_list_that_is_asked_for_once_has_bounds() {
    const DECODED: usize = 2 * 1024 * 1024;

    let bare = format!("[{}{{}}]", "{},".repeat(DECODED / 3));
    let numbers = format!("[{}0]", "0,".repeat(DECODED / 2));
    let page = format!(r#"{{"workflows":{bare},"total":1}}"#);
    let items = "page has more than 100000 items";
    let values = "page has more than 1000000 values";
    for (case, first, last, bound) in [
        (Case::Adopt, &[][..], &page, "page has more than 1000 items"),
        (Case::Outputs, &[], &bare, values),
        (Case::Outputs, &[], &numbers, items),
        (
            Case::Updates,
            &["no events", r#"{"status":"completed"}"#],
            &bare,
            values,
        ),
        (Case::History, &[], &bare, values),
        (Case::ManagedHistory, &[], &bare, values),
    ] {
        let bodies = first.iter().map(|body| Bytes::from(*body));
        let bodies: Vec<_> = bodies.chain([Bytes::from(last.clone())]).collect();
        let mut result = None;
        let cost = allocation_counter::measure(|| result = Some(ask(case, bodies)));
        let peak = usize::try_from(cost.bytes_max).unwrap();
        // Where more items are read, more of them are held.
        let most = if matches!(case, Case::Adopt) { 4 } else { 10 };
        assert!(peak < most * DECODED, "{case:?}: {peak}");
        let told = format!("{:#}", result.unwrap().unwrap_err());
        assert!(told.ends_with(bound), "{case:?}: {told}");
    }
}

/// A file for each frame of a film; the second time they are more than 8 MiB.
#[test]
fn a_run_of_many_outputs_is_read() {
    let output = format!(
        r#"{{"id":"a","src":"https://a.example/{}"}}"#,
        "x".repeat(1_000)
    );
    let completed = r#"{"status":"completed"}"#;
    for n in [1_200, 12_000] {
        let outputs = format!("[{}{output}]", format!("{output},").repeat(n - 1));
        ask(Case::Outputs, vec![outputs.clone().into()]).unwrap();
        let bodies = ["no events", completed].map(Bytes::from).into_iter();
        let bodies = bodies.chain([outputs.into()]).collect();
        ask(Case::Updates, bodies).unwrap();
    }
}

#[test]
fn an_object_counts_for_what_it_takes() {
    const VALUES: usize = 100_000;

    for (objects, is_read) in [(4_700, true), (5_000, false), (49_000, false)] {
        let item = format!("[{}0]", r#"{"":0},"#.repeat(objects));
        let page = format!(r#"{{"runners":[{item}]}}"#);
        let len = page.len();
        let mut result = None;
        let cost = allocation_counter::measure(|| result = Some(read(page.into())));
        let peak = usize::try_from(cost.bytes_max).unwrap();
        assert!(peak < 40 * VALUES + 3 * len, "{objects}: {peak}");
        match result.unwrap() {
            Ok(_) => assert!(is_read, "{objects}"),
            Err(e) => {
                assert!(!is_read, "{objects}");
                assert_eq!(e.as_cause::<PageTooLarge>().unwrap().limit(), VALUES);
            }
        }
    }
}

#[test]
fn one_object_without_a_graph_is_read_up_to_a_mebibyte() {
    let user = |bytes| format!(r#"{{"id":"a","name":"{}"}}"#, "x".repeat(bytes));
    let read = |bytes| ask(Case::User, vec![user(bytes).into()]);
    read(1024 * 1024 - 100).unwrap();
    assert!(
        read(1024 * 1024)
            .unwrap_err()
            .as_cause::<BodyTooLarge>()
            .is_some()
    );
}

#[test]
fn a_bomb_over_the_wire_costs_what_is_read_of_it() {
    let runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
    };
    let theirs = runtime().unwrap();
    let emulator = theirs
        .block_on(Emulator::builder().limit(None).start())
        .unwrap();
    let client = emulated::builder(&emulator, "cfc_memory00memory00").timeout(60 * SECOND);
    let client = client.rate_limit(RateLimitMode::Off).build().unwrap();
    let ours = tokio::runtime::Builder::new_current_thread();
    let ours = { ours }.enable_all().build().unwrap();
    ours.block_on(client.get("/v1/user").send()).unwrap();
    // 4 MB of zeros, 4 KB on the wire.
    let zeros = Fault::Respond(Shape::Zeros("runners".to_owned(), 2_000_000));
    let bomb = FaultRule::next(1, zeros).and(Fault::Encode(Coding::Gzip));
    emulator.faults().add(bomb);
    let mut read = None;
    let cost = allocation_counter::measure(|| {
        let list = Api::new(client).paginate("/v1/runner", "runners");
        read = Some(ours.block_on(list.items::<Value>().try_collect::<Vec<_>>()));
    });
    let error = read.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "page has more than 1000 items");
    assert!(cost.bytes_max < 1024 * 1024, "{cost:?}");
}

/// The longest stretch is counted in what goes by in it, not in time.
#[tokio::test]
async fn other_tasks_have_their_turn_after_every_mebibyte_of_a_page() {
    const MIB: usize = 1024 * 1024;

    let item = format!("[\"{}\"]", "x".repeat(MIB - 100));
    let page = format!(r#"{{"runners":[{}]}}"#, vec![item; 16].join(","));
    let (client, _) = mocked::client_of(move |_| Response::new(Body::from(page.clone())));
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            counted.fetch_add(1, Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let mut items = Api::new(client)
        .paginate("/v1/runner", "runners")
        .items::<Vec<String>>();
    items.try_next().await.unwrap().unwrap();
    let scanned = turns.load(Relaxed);
    assert!(scanned >= 15, "{scanned}");
    while items.try_next().await.unwrap().is_some() {}
    // Each of the two pages was scanned, and each item of the first decoded.
    let all = turns.load(Relaxed);
    assert!(all >= 3 * 15, "{all}");
    other.abort();
}

#[test]
fn the_items_of_one_page_have_a_million_values_at_most_and_are_held_once() {
    let page = |items: usize, item: &str| {
        let items = vec![item; items].join(",");
        Bytes::from(format!(r#"{{"runners":[{items}]}}"#))
    };
    let tags = |n: usize| format!(r#"{{"id":"a","tags":[{}""]}}"#, r#""","#.repeat(n));
    let name = format!(r#"{{"id":"a","name":"{}"}}"#, "x".repeat(256 * 1024));
    for (page, bytes_for_each, is_read) in [
        // A tag without text is 3 bytes of JSON and 24 of memory, twice that in a list that grows.
        (page(11, &tags(90_900)), 16, true),
        (page(12, &tags(90_900)), 4, false),
        (page(64, &name), 1, true),
    ] {
        let len = page.len();
        let mut result = None;
        let cost = allocation_counter::measure(|| result = Some(ask(Case::Page, vec![page])));
        let peak = usize::try_from(cost.bytes_max).unwrap();
        let most = bytes_for_each * len + len / 4 + 256 * 1024;
        assert!(peak < most, "{peak} of {len}");
        match result.unwrap() {
            Ok(()) => assert!(is_read),
            Err(e) => assert_eq!(e.to_string(), "page has more than 1000000 values"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Case {
    Adopt,
    Outputs,
    Updates,
    History,
    ManagedHistory,
    Page,
    User,
}

/// Asks a server that responds with these bodies, the last of them again and again.
fn ask(case: Case, bodies: Vec<Bytes>) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let body = move |n: usize| bodies[n.min(bodies.len() - 1)].clone();
        let (client, _) = mocked::client_of(move |n| Response::new(Body::from(body(n))));
        let api = Api::new(client);
        match case {
            Case::Adopt => api.workflows().adopt("a").await.map(drop),
            Case::Outputs => api.workflows().outputs(&"a".into()).await.map(drop),
            Case::Updates => api.subscribe("a").try_collect::<Vec<_>>().await.map(drop),
            Case::History => api.runners().history(&"a".into()).await.map(drop),
            Case::ManagedHistory => api.managed_runners().history(&"a".into()).await.map(drop),
            Case::Page => api.runners().list().page(1).await.map(drop),
            Case::User => api.user().await.map(drop),
        }
    })
}

fn read(page: Bytes) -> Result<Vec<Value>, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, _) = mocked::client_of(move |_| Response::new(Body::from(page.clone())));
        let list = Api::new(client).paginate("/v1/runner", "runners");
        list.items::<Value>().try_collect().await
    })
}
