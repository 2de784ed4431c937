//! Which limiter a client has.

use std::time::Duration;

use comfycontrol::priority::{PriorityLimiter, Urgency};
use comfycontrol::rate_limit::{Limiter, Progress, Quota, Step};
use comfycontrol::{ClientBuilder, RateLimitMode};

use super::support::{builder, status, transport};

#[test]
fn the_last_limiter_that_was_set_counts() {
    let free = |builder: ClientBuilder| {
        let client = builder.without_token().build().unwrap();
        client.limiter().map(|limiter| limiter.snapshot().free())
    };
    let quota = Quota::new(7, Duration::from_secs(1)).unwrap();
    assert_eq!(free(builder().rate_limit(quota)), Some(7));
    assert_eq!(free(builder().rate_limit(Limiter::new(quota))), Some(7));
    assert_eq!(free(builder().rate_limit(RateLimitMode::Off)), None);
    let twice = builder().rate_limit(RateLimitMode::Off).rate_limit(quota);
    assert_eq!(free(twice), Some(7));
    let back = builder()
        .rate_limit(quota)
        .rate_limit(RateLimitMode::Shared);
    assert_eq!(free(back), Some(40));
    assert_eq!(free(builder()), Some(40));
}

#[test]
fn a_limiter_is_the_same_in_whatever_order_the_settings_come() {
    let quota = Quota::new(7, Duration::from_secs(1)).unwrap();
    let modes: [(RateLimitMode, Option<u64>); 4] = [
        (RateLimitMode::Off, None),
        (quota.into(), Some(7)),
        (Limiter::new(quota).into(), Some(7)),
        (RateLimitMode::Shared, Some(40)),
    ];
    for (mode, free) in modes {
        let (before, after) = (transport(|_| status(200)).0, transport(|_| status(200)).0);
        let clients = [
            builder().rate_limit(mode.clone()).transport(before),
            builder().transport(after).rate_limit(mode.clone()),
        ]
        .map(|builder| builder.build().unwrap());
        for client in &clients {
            let limiter = client.limiter();
            assert_eq!(limiter.map(|limiter| limiter.snapshot().free()), free);
        }
        if let [Some(one), Some(other)] = clients.each_ref().map(|client| client.limiter()) {
            // Only the one that was given is shared, since neither leaves by this machine's
            // address.
            let is_given = matches!(mode, RateLimitMode::Limiter(_));
            assert_eq!(one.same_limiter(other), is_given, "{mode:?}");
        }
    }
}

#[test]
fn the_shared_limiter_is_that_of_the_origin_and_the_proxy_set_in_the_end() {
    const URL: &str = "https://order.comfycontrol.test";
    const PROXY: &str = "http://127.0.0.1:9";

    let shared = |builder: ClientBuilder| {
        let client = builder.build().unwrap();
        client.limiter().unwrap().clone()
    };
    let by_mode = || builder().no_proxy().rate_limit(RateLimitMode::Shared);
    let direct = shared(by_mode().base_url(URL));
    let off = builder().no_proxy().rate_limit(RateLimitMode::Off);
    let again = off.base_url(URL).rate_limit(RateLimitMode::Shared);
    assert!(direct.same_limiter(&shared(again)));

    let proxied = shared(builder().proxy(PROXY).base_url(URL));
    assert!(!direct.same_limiter(&proxied));
    let again = builder().base_url(URL).rate_limit(RateLimitMode::Shared);
    assert!(proxied.same_limiter(&shared(again.proxy(PROXY))));
}

#[tokio::test(start_paused = true)]
async fn a_call_of_the_client_can_be_followed_until_its_request_leaves() {
    let quota = Quota::new(1, Duration::from_secs(10)).unwrap();
    let client = builder()
        .without_token()
        .rate_limit(quota)
        .transport(transport(|_| status(200)).0)
        .build()
        .unwrap();
    client.get("/v1/user").send().await.unwrap();
    let before = tokio::spawn(client.get("/v1/user").send());
    tokio::task::yield_now().await;

    let (tracker, mut progress) = Progress::new();
    let call = tokio::spawn(client.get("/v1/user").extension(tracker).send());
    let mut steps = Vec::new();
    while let Some(step) = progress.next().await {
        steps.push(step);
    }
    let [Step::Waiting(first), Step::Waiting(next), Step::Left(at)] = &steps[..] else {
        panic!("{steps:?}")
    };
    assert_eq!((first.ahead(), next.ahead()), (1, 0));
    assert_eq!(
        next.earliest().max(*at) - next.earliest().min(*at),
        Duration::ZERO
    );
    before.await.unwrap().unwrap();
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_urgent_call_of_the_client_goes_before_those_that_came_earlier() {
    let quota = Quota::new(2, Duration::from_secs(1)).unwrap();
    let limiter = PriorityLimiter::new(Limiter::new(quota));
    let (transport, sent) = transport(|_| status(200));
    let client = builder()
        .without_token()
        .rate_limit(limiter.clone())
        .transport(transport)
        .build()
        .unwrap();
    assert!(client.limiter().unwrap().same_limiter(limiter.limiter()));
    let call = |body, urgency: Urgency| {
        let call = client.post("/v1/workflow").body(body).priority(urgency);
        tokio::spawn(call.send())
    };
    let bulk = (0..6).map(|_| call("bulk", Urgency::BACKGROUND));
    let mut calls: Vec<_> = bulk.collect();
    tokio::task::yield_now().await;
    calls.push(call("click", Urgency::INTERACTIVE));
    for call in calls {
        call.await.unwrap().unwrap();
    }
    // After two that left at once, and the one at the limiter.
    let urgent = sent.bodies().iter().position(|body| body == "click");
    assert_eq!(urgent, Some(3));
}

/// Each as it would be in a process of its own.
#[cfg(feature = "shared-budget")]
mod shared {
    use comfycontrol::rate_limit::MemoryStore;
    use comfycontrol::rate_limit_file::FileStore;
    use comfycontrol::{Client, InvalidConfig};
    use comfycontrol_test::{SECOND, now};

    use super::*;

    fn client(builder: ClientBuilder) -> Client {
        builder
            .transport(transport(|_| status(200)).0)
            .build()
            .unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_share_a_budget_keep_to_one_limit_together() {
        let store = MemoryStore::new();
        let clients = [(); 2].map(|()| client(builder().shared_budget(store.clone())));
        let began = now();
        let calls = (0..50).map(|call| {
            let call = clients[call % 2].get("/v1/user").send();
            tokio::spawn(async move {
                call.await.unwrap();
                began.elapsed()
            })
        });
        let calls: Vec<_> = calls.collect();
        let mut at_once = 0;
        for call in calls {
            at_once += usize::from(call.await.unwrap() < SECOND);
        }
        assert_eq!(at_once, 40);
        assert!(began.elapsed() >= 10 * SECOND);
    }

    #[tokio::test]
    async fn a_file_is_enough_to_share_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("budget");
        let clients = [(); 2].map(|()| {
            let store = FileStore::open(&path).unwrap();
            client(builder().shared_budget(store))
        });
        for client in &clients {
            client.get("/v1/user").send().await.unwrap();
        }
        let seen = clients[1].limiter().unwrap().snapshot();
        assert_eq!(seen.fleet().unwrap().members(), 2);
    }

    #[test]
    fn without_a_runtime_it_is_a_setting_that_is_wrong() {
        let error = builder()
            .shared_budget(MemoryStore::new())
            .build()
            .unwrap_err();
        let wrong: &InvalidConfig = error.as_cause().unwrap();
        assert_eq!(wrong.setting(), "shared_budget");
        assert!(format!("{error:#}").starts_with("shared budget needs a tokio runtime: "));
    }
}
