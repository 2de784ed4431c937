//! What is sent again is the same request, if it can be cloned.

use std::sync::{Arc, Mutex};

use comfycontrol_core::TryClone;
use comfycontrol_retry::{FailureKind, RetryLayer, RetryPolicy};
use http::{Request, Response, Version};
use tower::{Layer, ServiceExt, service_fn};

use crate::script::{Failed, Script};

#[tokio::test(start_paused = true)]
async fn a_body_that_can_be_had_once_is_sent_once() {
    for class in [
        FailureKind::Throttled,
        FailureKind::TokenReplaced,
        FailureKind::MaybeApplied,
        FailureKind::NeverApplied,
    ] {
        let script = Script::always(Failed::of(class));
        let request = Request::new(Times::new(0));
        let failed = script.call(RetryPolicy::new(), request).await;
        assert_eq!((failed.unwrap_err().class, script.count()), (class, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_can_be_had_no_more_is_not_sent_again() {
    // One copy for a retry, and none for another.
    let script = Script::always(Failed::of(FailureKind::NeverApplied));
    let request = Request::new(Times::new(1));
    script.call(RetryPolicy::new(), request).await.unwrap_err();
    assert_eq!(script.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_never_sent_again_is_not_copied() {
    for (policy, copied) in [
        (RetryPolicy::none().without_token_retry(), false),
        (RetryPolicy::none(), true),
        (
            RetryPolicy::none().without_token_retry().max_retries(1),
            true,
        ),
        (
            RetryPolicy::none()
                .without_token_retry()
                .max_throttled_retries(1),
            true,
        ),
    ] {
        let body = Times::new(1);
        let script = Script::then_success([]);
        let request = Request::new(body.clone());
        script.call(policy.clone(), request).await.unwrap();
        assert_eq!(*body.0.lock().unwrap() == 0, copied, "{policy:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_request_is_sent_again() {
    #[derive(Clone, Debug, PartialEq)]
    struct Mark(&'static str);

    let seen = Arc::new(Mutex::new(Vec::new()));
    let keep = seen.clone();
    let inner = service_fn(move |request: Request<String>| {
        let (head, body) = request.into_parts();
        let mark = head.extensions.get::<Mark>().cloned();
        let mut seen = keep.lock().unwrap();
        seen.push((
            head.method,
            head.uri,
            head.version,
            head.headers,
            mark,
            body,
        ));
        async { Err::<Response<String>, _>(Failed::of(FailureKind::NeverApplied)) }
    });
    let request = Request::put("https://api.example/v1/x?page=1")
        .version(Version::HTTP_2)
        .header("a", "1")
        .header("a", "2")
        .extension(Mark("kept"))
        .body("payload".to_owned())
        .unwrap();
    let service = RetryLayer::new(RetryPolicy::new()).layer(inner);
    service.oneshot(request).await.unwrap_err();

    let seen = seen.lock().unwrap();
    let [first, second, third] = &seen[..] else {
        panic!("{seen:?}")
    };
    assert!(first == second && second == third);
    assert_eq!(first.0, "PUT");
    assert_eq!(first.1, "https://api.example/v1/x?page=1");
    assert_eq!(first.2, Version::HTTP_2);
    assert_eq!(first.3.get_all("a").iter().count(), 2);
    assert_eq!(first.4, Some(Mark("kept")));
    assert_eq!(first.5, "payload");
}

// === support ===

/// A body that can be cloned so many times more.
#[derive(Clone, Debug)]
struct Times(Arc<Mutex<u32>>);

impl Times {
    fn new(more: u32) -> Self {
        Self(Arc::new(Mutex::new(more)))
    }
}

impl TryClone for Times {
    fn try_clone(&self) -> Option<Self> {
        let mut more = self.0.lock().unwrap();
        *more = more.checked_sub(1)?;
        Some(self.clone())
    }
}
