//! Types that can be relied on when stacking.

use comfycontrol_retry::{RetryLayer, RetryPolicy};
use tower::Layer;

use crate::server::Failed;

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = RetryLayer::<Failed>::new(RetryPolicy::new()).layer(1);
    *service.get_mut() += 1;
    assert_eq!(*service.get_ref(), 2);
    assert_eq!(service.into_inner(), 2);
}
