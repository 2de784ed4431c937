//! Types that can be relied on when stacking.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use comfycontrol_retry::{RetryLayer, RetryPolicy};
use http::{Request, Response};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, Service};

use crate::server::Failed;

#[test]
fn the_inner_service_can_be_reached() {
    let mut service = RetryLayer::<Failed>::new(RetryPolicy::new()).layer(1);
    *service.get_mut() += 1;
    assert_eq!(*service.get_ref(), 2);
    assert_eq!(service.into_inner(), 2);
}

#[test]
fn the_layer_shows_its_policy() {
    let policy = RetryPolicy::new().max_retries(7);
    let layer = RetryLayer::<Failed>::new(policy.clone());
    assert_eq!(format!("{:?}", layer.policy()), format!("{policy:?}"));
}

#[test]
fn it_is_ready_when_the_service_inside_is() {
    let mut service = RetryLayer::new(RetryPolicy::new()).layer(ReadyAtSecond { asked: 0 });
    let mut context = task::spawn(());
    assert_pending!(context.enter(|cx, _| service.poll_ready(cx)));
    assert_ready_ok!(context.enter(|cx, _| service.poll_ready(cx)));
}

#[derive(Clone)]
struct ReadyAtSecond {
    asked: usize,
}

impl Service<Request<()>> for ReadyAtSecond {
    type Response = Response<String>;
    type Error = Failed;
    type Future = Ready<Result<Response<String>, Failed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        self.asked += 1;
        match self.asked {
            1 => Poll::Pending,
            _ => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(String::new())))
    }
}
