use std::time::Duration;

use comfycontrol_rate_limit::{Member, Store};
use comfycontrol_test::within;

/// Has one member join and leave: it is there for another that asks, while its store is, and gone
/// soon after; the one that asks stays. A member joins again without harm.
pub async fn presence_ends<S: Store>(open: impl Fn() -> S) {
    let (stays, leaves) = (Member::from_u128(1), Member::from_u128(u128::MAX));
    let (asking, other) = (open(), open());
    asking.join(stays).await.expect("it joins");
    other.join(leaves).await.expect("it joins");
    other.join(leaves).await.expect("it joins again");
    for _ in 0..3 {
        let gone = asking.gone(vec![stays, leaves]).await.expect("it tells");
        assert_eq!(gone, [], "both are there");
    }
    assert_eq!(asking.gone(vec![]).await.expect("it tells"), []);
    drop(other);
    let seen = async {
        loop {
            let gone = asking.gone(vec![stays, leaves]).await.expect("it tells");
            if !gone.is_empty() {
                return gone;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert_eq!(within(Duration::from_secs(20), seen).await, [leaves]);
}
