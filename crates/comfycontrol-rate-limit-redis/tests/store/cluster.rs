use std::net::{Ipv4Addr, TcpListener};

use comfycontrol_rate_limit::{Member, Replaced, Store};
use comfycontrol_test::{MILLISECOND, RedisProgram, RedisServer};
use tokio::time::sleep;

use crate::support::*;

/// A node, and the port at which the others speak to it.
fn node(program: &RedisProgram) -> (RedisServer, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let bus = listener.local_addr().unwrap().port();
    drop(listener);
    let port = bus.to_string();
    let args = ["--cluster-enabled", "yes", "--cluster-port", &port];
    (program.start(&args), bus)
}

#[tokio::test]
async fn any_node_of_a_cluster_leads_to_the_one_that_has_the_key() {
    each(async |program| {
        let ((one, _), (other, bus)) = (node(program), node(program));
        // All keys are on the other one.
        assert!(
            other
                .command("CLUSTER ADDSLOTSRANGE 0 16383")
                .contains("OK")
        );
        let meet = format!("CLUSTER MEET 127.0.0.1 {} {bus}", other.port());
        assert!(one.command(&meet).contains("OK"));
        for node in [&one, &other] {
            while !node.command("CLUSTER INFO").contains("cluster_state:ok") {
                sleep(10 * MILLISECOND).await;
            }
        }
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
