use comfycontrol_priority::PriorityLimiter;
use tower::Layer;

use crate::support::limiter;

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = PriorityLimiter::new(limiter()).layer().layer(1);
    *service.get_mut() += 1;
    assert_eq!(*service.get_ref(), 2);
    assert_eq!(service.into_inner(), 2);
}
