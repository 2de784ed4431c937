//! Events that may be no states of the run: the state that is asked for decides.

use std::io;

use comfycontrol::Body;
use comfycontrol_test::{SECOND, now};
use futures_util::stream;

use crate::followed::{
    Outcome, Outputs, State, Stream, event, event_stream, events, follow, ok, state, states,
    status, update,
};

#[tokio::test(start_paused = true)]
async fn a_run_s_end_is_seen_behind_heartbeats_that_look_like_states() {
    let named = "event: heartbeat\ndata: {\"status\":\"ok\"}\n\n";
    let unnamed = "data: {\"status\":\"ok\"}\n\n";
    for (heartbeat, told) in [
        (named, &["running", "completed"][..]),
        (unnamed, &["ok", "running", "ok", "completed"]),
    ] {
        let start = now();
        let (updates, asked) = follow(move |what, _| match what {
            Stream => heartbeats(heartbeat),
            State if start.elapsed() < 60 * SECOND => state("running"),
            State => state("completed"),
            Outputs => ok(serde_json::json!([])),
        });
        assert_eq!(states(updates).await.unwrap(), told);
        assert!(start.elapsed() < 100 * SECOND, "{:?}", start.elapsed());
        assert!(asked.count("") < 12, "{}", asked.count(""));
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_states_that_alternate_are_no_sign_of_the_run() {
    let alternating = "data: {\"status\":\"ok\"}\n\ndata: {\"status\":\"fine\"}\n\n";
    let start = now();
    let (updates, asked) = follow(move |what, _| match what {
        Stream => heartbeats(alternating),
        State if start.elapsed() < 60 * SECOND => state("running"),
        State => state("failed"),
        Outputs => ok(serde_json::json!([])),
    });
    let told = states(updates).await.unwrap();
    assert_eq!(told.last().unwrap(), "failed");
    assert!(start.elapsed() < 100 * SECOND, "{:?}", start.elapsed());
    assert!(asked.count("") < 12, "{}", asked.count(""));

    // Where the state cannot be had either, the run is given up.
    let start = now();
    let (updates, _) = follow(move |what, _| match what {
        Stream => heartbeats(alternating),
        _ => status(503)(),
    });
    assert!(states(updates).await.unwrap_err().is_retryable());
    assert!(start.elapsed() < 400 * SECOND, "{:?}", start.elapsed());
}

/// A pause that was kept once is not kept again for a failure that asks for none.
#[tokio::test(start_paused = true)]
async fn a_state_that_cannot_be_read_is_asked_for_after_its_own_pause() {
    let unreadable = event(r#"{"status":"running","queue_number":"three"}"#);
    let (updates, _) = follow(move |what, n| match (what, n) {
        (Stream, 0) => {
            let mut response = status(503)().unwrap();
            response.headers_mut().insert("retry-after", 60.into());
            Ok(response)
        }
        (Stream, 1) => events([unreadable.clone()]),
        (State, 0 | 1) => ok(serde_json::json!({"status": 1})),
        _ => events([update("failed")]),
    });
    let start = now();
    assert_eq!(states(updates).await.unwrap(), ["failed"]);
    let waited = start.elapsed();
    assert!((60..100).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_state_in_an_event_that_cannot_be_read_is_asked_for() {
    let unreadable = || event(r#"{"status":"running","queue_number":"three"}"#);
    let (updates, asked) = follow(move |what, n| match (what, n) {
        (Stream, 0) => events([update("queued"), unreadable(), update("failed")]),
        (Stream, _) => events([update("running"), update("completed")]),
        _ => state("queued"),
    });
    assert_eq!(
        states(updates).await.unwrap(),
        ["queued", "running", "completed"]
    );
    assert_eq!(asked.count("/subscribe"), 2);

    // Where no event can be read, everything is asked for.
    let start = now();
    let (updates, asked) = follow(move |what, _| match what {
        Stream => events([unreadable()]),
        State if start.elapsed() < 200 * SECOND => state("running"),
        _ => state("failed"),
    });
    assert_eq!(states(updates).await.unwrap(), ["running", "failed"]);
    assert!(asked.count("/subscribe") <= 3);
    assert!(asked.count("") < 35, "{}", asked.count(""));
}

/// One each second, without end.
fn heartbeats(heartbeat: &'static str) -> Outcome {
    let alive = stream::unfold((), move |()| async move {
        tokio::time::sleep(SECOND).await;
        Some((Ok::<_, io::Error>(heartbeat), ()))
    });
    Ok(event_stream(Body::from_stream(alive)))
}
