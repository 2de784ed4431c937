use comfycontrol_rate_limit::Replaced;
use comfycontrol_test::SECOND;

use crate::support::*;

#[tokio::test]
async fn a_server_that_has_evicted_vouches_for_nothing_before() {
    each(async |program| {
        let server = program.start(&["--maxmemory", "4mb", "--maxmemory-policy", "allkeys-random"]);
        let store = open(&server);
        assert!(matches!(swap(&store, None, 1).await, Replaced::Won(_)));
        let text = "x".repeat(50_000);
        for number in 0..2_000 {
            server.command(&format!("SET filler-{number} {text}"));
            if read(&store).await.record.is_none() {
                break;
            }
        }
        // A store that saw it sees that it is away; the instance is the same.
        let reading = read(&store).await;
        assert_eq!(reading.record, None);
        // A store that did not see it goes by this.
        let newcomer = read(&open(&server)).await;
        assert_eq!(newcomer.time.instance, reading.time.instance);
        assert!(newcomer.time.uptime < 5 * SECOND, "{:?}", newcomer.time);
    })
    .await;
}
