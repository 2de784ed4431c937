use comfycontrol_rate_limit::{Member, Replaced, Store};
use comfycontrol_rate_limit_redis::RedisErrorKind;
use comfycontrol_test::{MILLISECOND, RedisProgram, RedisServer, SECOND, port};
use tokio::time::sleep;

use crate::support::*;

/// Two nodes that know each other; all keys are on the second.
async fn cluster(program: &RedisProgram) -> [RedisServer; 2] {
    let ((one, _), (other, bus)) = (node(program), node(program));
    let all = other.command("CLUSTER ADDSLOTSRANGE 0 16383");
    assert!(all.contains("OK"), "{all}");
    let meet = format!("CLUSTER MEET 127.0.0.1 {} {bus}", other.port());
    assert!(one.command(&meet).contains("OK"));
    for node in [&one, &other] {
        while !node.command("CLUSTER INFO").contains("cluster_state:ok") {
            sleep(10 * MILLISECOND).await;
        }
    }
    [one, other]
}

/// A node, and the port at which the others speak to it.
fn node(program: &RedisProgram) -> (RedisServer, u16) {
    let bus = port();
    let number = bus.to_string();
    let args = ["--cluster-enabled", "yes", "--cluster-port", &number];
    (program.start(&args), bus)
}

#[tokio::test]
async fn any_node_of_a_cluster_leads_to_the_one_that_has_the_key() {
    each(async |program| {
        let [one, other] = cluster(program).await;
        let (near, direct) = (open(&one), open(&other));
        assert!(matches!(swap(&near, None, 1).await, Replaced::Won(_)));
        assert_eq!(read(&direct).await.record, Some(record(1)));
        assert!(matches!(swap(&direct, Some(1), 2).await, Replaced::Won(_)));
        assert!(matches!(swap(&near, Some(1), 3).await, Replaced::Lost(_)));

        let member = Member::from_u128(9);
        near.join(member).await.unwrap();
        assert_eq!(direct.gone(vec![member]).await.unwrap(), []);
        drop(near);
        while direct.gone(vec![member]).await.unwrap().is_empty() {
            sleep(10 * MILLISECOND).await;
        }
    })
    .await;
}

/// Between the two states of a slot each command is an error; then the record is there as it was,
/// in another instance: the limiter holds.
#[tokio::test]
async fn a_key_that_moves_while_in_use_is_found_on_its_new_node() {
    each(async |program| {
        let [to, from] = cluster(program).await;
        let store = open(&from).with_timeout(2 * SECOND);
        assert!(matches!(swap(&store, None, 1).await, Replaced::Won(_)));
        let before = read(&store).await.time.instance;
        let slot = from.command("CLUSTER KEYSLOT comfycontrol:budget");
        let slot = slot.trim_start_matches(':').trim();
        let id = |node: &RedisServer| {
            let id = node.command("CLUSTER MYID");
            id.lines().nth(1).unwrap().to_owned()
        };
        let (new, old) = (id(&to), id(&from));
        let told = |node: &RedisServer, command: String| {
            let told = node.command(&command);
            assert!(told.contains("OK"), "{command}: {told}");
        };
        told(&to, format!("CLUSTER SETSLOT {slot} IMPORTING {old}"));
        told(&from, format!("CLUSTER SETSLOT {slot} MIGRATING {new}"));
        // The key has not moved yet.
        assert!(matches!(swap(&store, Some(1), 2).await, Replaced::Won(_)));
        let migrate = format!("MIGRATE 127.0.0.1 {} comfycontrol:budget 0 5000", to.port());
        told(&from, migrate);
        // Now it has, and its slot has not.
        let step = store.replace(Some(version(2)), record(3), KEEP).await;
        assert_eq!(kind(step), RedisErrorKind::Moved);
        for node in [&to, &from] {
            told(node, format!("CLUSTER SETSLOT {slot} NODE {new}"));
        }
        let after = read_again(&store).await;
        assert_eq!(after.record, Some(record(2)));
        assert_ne!(after.time.instance, before);
        assert!(matches!(swap(&store, Some(2), 3).await, Replaced::Won(_)));
    })
    .await;
}
