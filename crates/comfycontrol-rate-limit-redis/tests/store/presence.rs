use comfycontrol_rate_limit::{Member, Store};
use comfycontrol_test::{MILLISECOND, SECOND};
use comfycontrol_test_store::presence_ends;
use tokio::time::sleep;

use crate::support::*;

#[tokio::test]
async fn a_member_is_there_while_its_store_is() {
    each(async |program| {
        let server = program.start(&[]);
        presence_ends(|| open(&server)).await;
    })
    .await;
}

#[tokio::test]
async fn a_member_whose_connection_was_cut_comes_back_by_itself_and_was_not_gone() {
    each(async |program| {
        let server = program.start(&[]);
        let (cut, asks) = (open(&server), open(&server).with_absence(5 * SECOND));
        let member = Member::from_u128(7);
        cut.join(member).await.unwrap();
        read(&asks).await;
        for _ in 0..3 {
            // Those that subscribe; the one that asks goes on.
            server.command("CLIENT KILL TYPE pubsub");
            let channel = format!("{{comfycontrol:budget}}:{:032x}", 7);
            while !server
                .command(&format!("PUBSUB NUMSUB {channel}"))
                .contains(":1")
            {
                assert_eq!(asks.gone(vec![member]).await.unwrap(), []);
                sleep(5 * MILLISECOND).await;
            }
            assert_eq!(asks.gone(vec![member]).await.unwrap(), []);
        }
    })
    .await;
}

#[tokio::test]
async fn a_member_is_gone_only_once_it_was_absent_for_long() {
    each(async |program| {
        let server = program.start(&[]);
        let asks = open(&server).with_absence(200 * MILLISECOND);
        let member = Member::from_u128(7);
        let started = comfycontrol_test::now();
        while asks.gone(vec![member]).await.unwrap() != [member] {
            sleep(5 * MILLISECOND).await;
        }
        assert!(started.elapsed() >= 200 * MILLISECOND);
        // A member that was there in between begins again.
        let store = open(&server);
        store.join(member).await.unwrap();
        assert_eq!(asks.gone(vec![member]).await.unwrap(), []);
        drop(store);
        assert_eq!(asks.gone(vec![member]).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn a_member_that_was_there_unasked_is_not_gone_after_a_blip() {
    each(async |program| {
        let server = program.start(&[]);
        let asks = open(&server).with_absence(SECOND);
        let member = Member::from_u128(7);
        let channel = format!("PUBSUB NUMSUB {{comfycontrol:budget}}:{:032x}", 7);
        assert_eq!(asks.gone(vec![member]).await.unwrap(), []);
        let store = open(&server);
        store.join(member).await.unwrap();
        sleep(2 * SECOND).await;
        drop(store);
        while !server.command(&channel).contains(":0") {
            sleep(5 * MILLISECOND).await;
        }
        assert_eq!(asks.gone(vec![member]).await.unwrap(), []);
    })
    .await;
}
