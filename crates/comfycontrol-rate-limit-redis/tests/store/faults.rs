use comfycontrol_rate_limit::{Member, Replaced, Store};
use comfycontrol_rate_limit_redis::{RedisErrorKind, RedisStore};
use comfycontrol_test::{MILLISECOND, SECOND, now, within};
use tokio::time::sleep;

use crate::support::*;

#[tokio::test]
async fn a_server_that_was_stopped_is_an_error_in_time_and_goes_on_afterwards() {
    each(async |program| {
        let server = program.start(&[]);
        let timeout = 300 * MILLISECOND;
        let store = open(&server).with_timeout(timeout);
        assert!(matches!(swap(&store, None, 1).await, Replaced::Won(_)));
        let before = read(&store).await.time.instance;
        server.stop();
        let stopped = now();
        while stopped.elapsed() < 2 * SECOND {
            let asked = now();
            let swap = store.replace(Some(version(1)), record(2), KEEP).await;
            assert_eq!(kind(swap), RedisErrorKind::TimedOut { after: timeout });
            assert!(asked.elapsed() < 2 * SECOND, "{:?}", asked.elapsed());
        }
        server.go_on();
        let reading = read_again(&store).await;
        assert_eq!(reading.time.instance, before);
        // What timed out was carried out once, or not at all.
        let found = reading.record.unwrap();
        assert!(found == record(1) || found == record(2));
        let seen = found.version.to_bytes()[0];
        assert!(matches!(
            swap(&store, Some(seen), 3).await,
            Replaced::Won(_)
        ));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_was_killed_and_started_empty_is_another_instance() {
    each(async |program| {
        let mut server = program.start(&[]);
        let store = open(&server).with_timeout(500 * MILLISECOND);
        assert!(matches!(swap(&store, None, 1).await, Replaced::Won(_)));
        store.join(Member::from_u128(7)).await.unwrap();
        let before = read(&store).await;
        server.kill();
        for _ in 0..5 {
            assert!(store.read().await.is_err());
        }
        server.restart();
        let after = read_again(&store).await;
        assert_eq!(after.record, None);
        assert_ne!(after.time.instance, before.time.instance);
        assert!(after.time.uptime < 20 * SECOND, "{:?}", after.time);
        assert!(matches!(swap(&store, Some(1), 2).await, Replaced::Lost(_)));
        assert!(matches!(swap(&store, None, 2).await, Replaced::Won(_)));
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_was_cut_is_made_again() {
    each(async |program| {
        let server = program.start(&[]);
        let store = open(&server);
        assert!(matches!(swap(&store, None, 1).await, Replaced::Won(_)));
        for _ in 0..3 {
            server.command("CLIENT KILL TYPE normal");
            assert_eq!(read_again(&store).await.record, Some(record(1)));
        }
    })
    .await;
}

#[tokio::test]
async fn where_nobody_listens_each_call_ends_in_time() {
    let store = RedisStore::open("redis://127.0.0.1:1").unwrap();
    let store = store.with_timeout(200 * MILLISECOND);
    let started = now();
    for _ in 0..5 {
        let read = within(5 * SECOND, store.read()).await;
        assert!(matches!(kind(read), RedisErrorKind::Connection(_)));
    }
    // It waits longer and longer before it knocks again.
    assert!(started.elapsed() > 100 * MILLISECOND);
}

#[tokio::test]
async fn a_replica_is_an_error_and_after_its_promotion_vouches_for_nothing_before() {
    each(async |program| {
        let now = &["--repl-diskless-sync-delay", "0"];
        let (mut primary, replica) = (program.start(now), program.start(now));
        let (first, second) = (open(&primary), open(&replica));
        assert!(matches!(swap(&first, None, 1).await, Replaced::Won(_)));
        replica.command(&format!("REPLICAOF 127.0.0.1 {}", primary.port()));
        while !replica.command("EXISTS comfycontrol:budget").contains(":1") {
            sleep(10 * MILLISECOND).await;
        }
        assert_eq!(kind(second.read().await), RedisErrorKind::NotPrimary);
        let before = read(&first).await.time.instance;
        primary.kill();
        replica.command("REPLICAOF NO ONE");
        let after = read_again(&second).await;
        assert_eq!(after.record, Some(record(1)));
        assert_ne!(after.time.instance, before);
        assert!(after.time.uptime < 10 * SECOND, "{:?}", after.time);
    })
    .await;
}

#[tokio::test]
async fn a_read_that_was_dropped_harms_nobody() {
    each(async |program| {
        let server = program.start(&[]);
        let store = open(&server);
        for micros in 0..200 {
            let step = swap(&store, None, 1);
            let _ = tokio::time::timeout(micros * 10 * MILLISECOND / 1_000, step).await;
        }
        let reading = read(&store).await;
        assert!(reading.record.is_none_or(|found| found == record(1)));
    })
    .await;
}
