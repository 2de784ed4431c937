//! Runs followed to their end, over a service in place of the network, under a paused clock.

#[path = "following/doubtful.rs"]
mod doubtful;
#[path = "support/followed.rs"]
mod followed;

use std::io;

use comfycontrol::{Body, ErrorKind};
use comfycontrol_api::{Api, WorkflowStatus, WorkflowUpdate};
use comfycontrol_test::{SECOND, now};
use futures_util::{TryStreamExt, stream};
use http::Response;
use serde_json::json;

use self::followed::{
    Outcome, Outputs, State, Stream, broken_off, event, event_stream, events, follow, ok, served,
    state, states, status, update,
};

#[tokio::test(start_paused = true)]
async fn a_subscription_goes_on_after_the_server_has_closed_it() {
    let (updates, asked) = follow(|what, n| match (what, n) {
        (Stream, 0) => events([update("queued"), update("running")]),
        // Breaks off; says nothing; says again what was said.
        (Stream, 1) => broken_off(update("running")),
        (Stream, 2) => events([]),
        (Stream, _) => events([update("running"), update("failed"), update("queued")]),
        _ => state("running"),
    });
    assert_eq!(
        states(updates).await.unwrap(),
        ["queued", "running", "failed"]
    );
    assert_eq!(asked.count("/subscribe"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_run_is_followed_while_the_api_is_away() {
    // For 5 s; for 3 minutes; and while it says 429 to everything.
    for (away, failing) in [(5, status(503)), (180, status(502)), (120, status(429))] {
        let start = now();
        let (updates, _) = follow(move |what, n| match what {
            _ if (2..away).contains(&start.elapsed().as_secs()) => failing(),
            Stream if n == 0 => events([update("running")]),
            Stream => events([update("completed")]),
            _ => state("running"),
        });
        let states = states(updates).await.expect("the run goes on");
        assert_eq!(states, ["running", "completed"], "{away}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_ends_the_updates_at_the_bound_that_was_set() {
    for bound in [10, 1_000] {
        let (updates, _) = follow(|what, n| match (what, n) {
            (Stream, 0) => events([update("running")]),
            _ => status(503)(),
        });
        let start = now();
        let failed = states(updates.give_up_after(bound * SECOND))
            .await
            .unwrap_err();
        assert_eq!(failed.status().unwrap(), 503);
        assert!(failed.is_retryable());
        let waited = start.elapsed();
        assert!(waited <= (bound + 10) * SECOND, "{waited:?}");
        assert!(waited + 45 * SECOND > bound * SECOND, "{waited:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_the_server_asks_for_is_kept() {
    let (updates, asked) = follow(|what, n| match (what, n) {
        (Stream, 0) => {
            let mut response = status(503)().unwrap();
            response.headers_mut().insert("retry-after", 70.into());
            Ok(response)
        }
        (Stream, _) => events([update("completed")]),
        _ => status(404)(),
    });
    let start = now();
    drop(states(updates).await);
    assert!(start.elapsed() >= 70 * SECOND, "{:?}", start.elapsed());
    assert!(asked.count("") <= 3);
}

#[tokio::test(start_paused = true)]
async fn what_the_api_refuses_ends_the_updates() {
    for code in [400, 401, 403, 404, 409] {
        let (updates, asked) = follow(move |_, _| status(code)());
        let failed = states(updates).await.unwrap_err();
        assert_eq!(failed.status().unwrap(), code);
        assert!(asked.count("") <= 2, "{code}: {}", asked.count(""));
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_in_an_event_is_told_with_the_server_s_message() {
    let (updates, _) = follow(|_, _| {
        events([
            update("running"),
            event(r#"{"status":500,"message":"runner is on fire"}"#),
        ])
    });
    let failed = states(updates).await.unwrap_err();
    assert_eq!(
        failed.to_string(),
        "500 Internal Server Error: runner is on fire"
    );
    let (updates, asked) =
        follow(|_, _| events([event(r#"{"status":403,"message":"not yours"}"#)]));
    let failed = states(updates).await.unwrap_err();
    assert_eq!(failed.to_string(), "403 Forbidden: not yours");
    assert_eq!(asked.count(""), 1);

    // It may pass.
    let (updates, _) = follow(|what, n| match (what, n) {
        (Stream, 0) => events([event(r#"{"status":500,"message":"a moment"}"#)]),
        (Stream, _) => events([update("completed")]),
        _ => state("running"),
    });
    assert_eq!(states(updates).await.unwrap(), ["running", "completed"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_state_of_the_run_is_passed_over() {
    let (updates, asked) = follow(|_, _| {
        events([
            b": still here\n\n".to_vec(),
            event("[DONE]"),
            b"event: ping\ndata: {}\n\n".to_vec(),
            event("null"),
            update("running"),
            event(r#"{"type":"keep-alive"}"#),
            b"retry: 3000\n\nid: 7\n\ndata:\n\n".to_vec(),
            update("completed"),
        ])
    });
    assert_eq!(states(updates).await.unwrap(), ["running", "completed"]);
    assert_eq!(asked.count(""), 1);
}

#[tokio::test(start_paused = true)]
async fn an_event_without_its_last_blank_line_is_asked_for() {
    let (updates, asked) = follow(|what, _| match what {
        Stream => {
            let mut unfinished = update("completed");
            unfinished.pop();
            events([update("running"), unfinished])
        }
        _ => state("failed"),
    });
    // Neither what the unfinished event says, nor nothing without end.
    assert_eq!(states(updates).await.unwrap(), ["running", "failed"]);
    assert_eq!(asked.count("/subscribe"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_run_s_end_is_seen_where_there_are_no_events() {
    let html = || Ok(Response::new(Body::from("<html>"))) as Outcome;
    let silent = || {
        Ok(event_stream(Body::from_stream(stream::pending::<
            io::Result<Vec<u8>>,
        >())))
    };
    let comments = || {
        let alive = stream::unfold((), |()| async {
            tokio::time::sleep(SECOND).await;
            Some((Ok::<_, io::Error>(": still here\n\n"), ()))
        });
        Ok(event_stream(Body::from_stream(alive)))
    };
    let none: [Box<dyn Fn() -> Outcome + Send + Sync>; 8] = [
        Box::new(status(404)),
        Box::new(status(405)),
        Box::new(status(406)),
        Box::new(status(501)),
        Box::new(html),
        Box::new(silent),
        Box::new(comments),
        Box::new(|| events([])),
    ];
    for (case, stream) in none.into_iter().enumerate() {
        let stream = std::sync::Arc::new(stream);
        let start = now();
        let (updates, asked) = follow(move |what, _| match what {
            Stream => stream(),
            State if start.elapsed() < 200 * SECOND => state("running"),
            State => state("completed"),
            Outputs => ok(json!([{"id": "1", "workflow_id": "id", "src": "https://a.example/b"}])),
        });
        let updates: Vec<WorkflowUpdate> = updates.try_collect().await.unwrap();
        assert_eq!(updates.len(), 2, "{case}");
        assert_eq!(updates[1].status, WorkflowStatus::Completed);
        assert_eq!(updates[1].outputs.len(), 1);
        let (streams, all) = (asked.count("/subscribe"), asked.count(""));
        assert!(
            start.elapsed() < 215 * SECOND,
            "{case}: {:?}",
            start.elapsed()
        );
        assert!(
            streams <= 3 && all < 35,
            "{case}: {streams} streams of {all}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_state_that_cannot_be_read_is_a_miss_where_there_are_no_events() {
    let html = || Ok(Response::new(Body::from("<html>"))) as Outcome;
    for unreadable in [1, 20] {
        let (updates, _) = follow(move |what, n| match (what, n) {
            (Stream, _) => status(404)(),
            (_, 0) => state("running"),
            (_, n) if n <= unreadable => html(),
            _ => state("failed"),
        });
        let ended = states(updates.give_up_after(100 * SECOND)).await;
        match unreadable {
            1 => assert_eq!(ended.unwrap(), ["running", "failed"]),
            _ => assert_eq!(ended.unwrap_err().kind(), ErrorKind::Decode),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn why_a_run_failed_is_told_by_its_state_too() {
    let (updates, _) = follow(|what, _| match what {
        Stream => status(404)(),
        _ => ok(json!({
            "status": "failed", "error_node": "KSampler",
            "exception_type": "RuntimeError", "exception_message": "out of memory",
        })),
    });
    let updates: Vec<WorkflowUpdate> = updates.try_collect().await.unwrap();
    let failed = updates[0].clone().error_for_status().unwrap_err();
    assert_eq!(
        failed.to_string(),
        "workflow has ended as failed: KSampler: RuntimeError: out of memory"
    );
}

#[tokio::test(start_paused = true)]
async fn an_id_that_leads_elsewhere_is_refused() {
    for id in ["a/../b", "..", "", "%2e%2e", "..;"] {
        let (builder, asked) = served::builder(|_, _| events([update("completed")]));
        let api = Api::new(builder.build().unwrap());
        let invalid = states(api.subscribe(id)).await.unwrap_err();
        assert_eq!(invalid.kind(), ErrorKind::Request);
        assert_eq!(asked.count(""), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_never_heard_of_fails_rather_than_ending() {
    let (mut updates, asked) = follow(|what, _| match what {
        Stream => events([]),
        _ => status(500)(),
    });
    let failed = updates.try_next().await.unwrap_err();
    assert!(failed.is_retryable());
    assert!(asked.count("/subscribe") < 12);
    assert!(updates.try_next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_state_that_may_be_the_last_is_not_asked_for_without_end() {
    let (mut updates, asked) = follow(|what, _| match what {
        Stream => events([update("dreaming")]),
        _ => state("dreaming"),
    });
    let first = updates.try_next().await.unwrap().unwrap();
    assert_eq!(first.status.as_str(), "dreaming");
    let next = tokio::time::timeout(400 * SECOND, updates.try_next());
    let failed = next.await.expect("it goes on").unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Body);
    assert!(asked.count("") < 60, "{}", asked.count(""));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_after_each_update_is_not_asked_without_pause() {
    // The same update each time, and another each time.
    for states in [["running"; 2], ["running", "queued"]] {
        let (updates, asked) = follow(move |what, n| match what {
            Stream => events([update(states[n % 2])]),
            _ => state("running"),
        });
        let follow = updates.try_collect::<Vec<_>>();
        let still = tokio::time::timeout(60 * SECOND, follow).await;
        assert!(still.is_err());
        let opened = asked.count("/subscribe");
        assert!((20..=31).contains(&opened), "{opened}");
    }
}
