use comfycontrol_rate_limit::{Record, Replaced, Store};
use comfycontrol_rate_limit_redis::RedisErrorKind;
use comfycontrol_test::{MILLISECOND, RedisProgram, SECOND, within};
use comfycontrol_test_store::{is_a_register, one_swap_wins, tells_the_time};
use tokio::runtime::Runtime;

use crate::support::*;

#[test]
fn it_is_a_register() {
    for program in RedisProgram::installed() {
        let server = program.start(&[]);
        let runtime = Runtime::new().unwrap();
        is_a_register(&runtime, 48, |case| {
            open(&server).with_key(format!("budget-{case}"))
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_swaps_at_the_same_time_one_wins() {
    each(async |program| {
        let server = program.start(&[]);
        one_swap_wins(8, 50, || open(&server)).await;
    })
    .await;
}

#[tokio::test]
async fn it_tells_the_time() {
    each(async |program| {
        let server = program.start(&[]);
        tells_the_time(|| open(&server)).await;
    })
    .await;
}

#[tokio::test]
async fn scripts_that_were_flushed_are_loaded_again() {
    each(async |program| {
        let server = program.start(&[]);
        let store = open(&server);
        assert!(matches!(swap(&store, None, 1).await, Replaced::Won(_)));
        server.command("SCRIPT FLUSH SYNC");
        assert!(matches!(swap(&store, Some(1), 2).await, Replaced::Won(_)));
        server.command("SCRIPT FLUSH SYNC");
        assert_eq!(read(&store).await.record, Some(record(2)));
        assert!(matches!(swap(&store, Some(1), 3).await, Replaced::Lost(_)));
    })
    .await;
}

/// The clock of a server that steps is noticed 100 ms later at the latest.
#[tokio::test]
async fn the_time_is_told_if_it_was_not_shortly_before() {
    each(async |program| {
        let server = program.start(&[]);
        let store = open(&server);
        let mut seen = None;
        // A busy machine may take longer for two swaps.
        let untold = async |seen: &mut Option<u8>| loop {
            let next = seen.map_or(0, |seen| (seen + 1) % 100);
            let replaced = swap(&store, *seen, next).await;
            let first = seen.replace(next).is_none();
            let Replaced::Won(time) = replaced else {
                panic!("{replaced:?}");
            };
            assert!(!first || time.is_some(), "the first tells it");
            if time.is_none() {
                return;
            }
        };
        within(20 * SECOND, untold(&mut seen)).await;
        tokio::time::sleep(100 * MILLISECOND).await;
        let replaced = swap(&store, seen, 100).await;
        assert!(matches!(replaced, Replaced::Won(Some(_))), "{replaced:?}");
        seen = Some(100);
        within(20 * SECOND, untold(&mut seen)).await;
    })
    .await;
}

#[tokio::test]
async fn a_record_is_kept_as_long_as_told() {
    each(async |program| {
        let server = program.start(&[]);
        let store = open(&server);
        store.replace(None, record(1), 90 * SECOND).await.unwrap();
        let left = server.command("PTTL comfycontrol:budget");
        let left: u64 = left.trim_start_matches(':').trim().parse().unwrap();
        assert!((60_000..=90_000).contains(&left), "{left}");
        store
            .replace(Some(version(1)), record(2), 10 * MILLISECOND)
            .await
            .unwrap();
        tokio::time::sleep(50 * MILLISECOND).await;
        assert_eq!(read(&store).await.record, None);
    })
    .await;
}

#[tokio::test]
async fn a_key_that_holds_something_else_is_an_error_and_is_left() {
    each(async |program| {
        let server = program.start(&[]);
        let store = open(&server);
        server.command("SET comfycontrol:budget short");
        assert_eq!(kind(store.read().await), RedisErrorKind::Malformed);
        let swap = store.replace(None, record(1), KEEP).await;
        assert_eq!(kind(swap), RedisErrorKind::Malformed);
        assert!(server.command("GET comfycontrol:budget").contains("short"));
        server.command("DEL comfycontrol:budget");
        server.command("RPUSH comfycontrol:budget a list");
        assert_eq!(kind(store.read().await), RedisErrorKind::Server);
    })
    .await;
}

#[tokio::test]
async fn a_record_that_is_too_large_is_an_error() {
    each(async |program| {
        let server = program.start(&[]);
        let store = open(&server);
        let large = Record {
            version: version(1),
            content: vec![0; 65_537],
        };
        let swap = store.replace(None, large, KEEP).await;
        assert_eq!(kind(swap), RedisErrorKind::Malformed);
    })
    .await;
}
