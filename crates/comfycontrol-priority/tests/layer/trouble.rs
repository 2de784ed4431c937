use std::sync::atomic::Ordering;
use std::time::Duration;

use comfycontrol_core::Deadline;
use comfycontrol_priority::{Priority, PriorityLimiter, Urgency};
use comfycontrol_rate_limit::{Limiter, Quota, Rejected, RejectedReason};
use comfycontrol_test::now;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tower::{BoxError, Layer, Service, ServiceExt, service_fn};

use crate::support::{bulk, client, counting, limiter, request, start};

#[tokio::test(start_paused = true)]
async fn a_task_that_does_not_poll_its_call_holds_the_others_up_for_a_second() {
    let limiter = PriorityLimiter::new(limiter());
    let (client, sent) = counting(&limiter);
    for _ in 0..4 {
        client
            .clone()
            .call(request(0, Urgency::DEFAULT))
            .await
            .expect("sent");
    }
    // Polled once, and then kept by a task that waits for something else: one at the limiter, and
    // the ones whose turn comes next.
    let mut idle: Vec<_> = (0..3)
        .map(|_| Box::pin(client.clone().call(request(0, Urgency::HIGHEST))))
        .collect();
    for call in &mut idle {
        assert!(call.now_or_never().is_none());
    }
    let begun = now();
    let call = client.clone().call(request(1, Urgency::BACKGROUND));
    timeout(Duration::from_secs(12), call)
        .await
        .expect("in time")
        .expect("sent");
    assert!(begun.elapsed() > Duration::from_secs(1));
    assert_eq!(sent.load(Ordering::Relaxed), 5);

    for call in idle {
        call.await.expect("sent when it is polled again");
    }
    assert_eq!(sent.load(Ordering::Relaxed), 8);
    assert_eq!(limiter.snapshot().queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_deadline_passes_is_not_sent() {
    let limiter = PriorityLimiter::new(limiter());
    let (client, mut sent) = client(&limiter);
    bulk(&client, 100).await;
    let mut late = request(1, Priority::new(Urgency::BACKGROUND).with_key("late"));
    // Before its turn, which comes after the one that is at the limiter.
    let deadline = now() + Duration::from_millis(20);
    late.extensions_mut().insert(Deadline(deadline));
    let error = client.clone().call(late).await.unwrap_err();
    let rejected: &Rejected = error.downcast_ref().expect("by us");
    assert_eq!(rejected.reason(), RejectedReason::DeadlinePassed);
    assert_eq!((now(), limiter.snapshot().rejected()), (deadline, 1));
    sleep(Duration::from_secs(60)).await;
    while let Ok(number) = sent.try_recv() {
        assert_ne!(number, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_rejects_and_one_key_cannot_fill_it_for_all() {
    let limiter = PriorityLimiter::builder(limiter())
        .max_queued(10)
        .max_queued_by_key(6)
        .build();
    let (client, _sent) = client(&limiter);
    let rejected = async |priority: Priority| {
        let call = client.clone().call(request(0, priority));
        match call.now_or_never()?.unwrap_err().downcast_ref::<Rejected>() {
            Some(rejected) => Some(rejected.reason()),
            None => panic!("an error of another kind"),
        }
    };
    // Four leave at once, one waits at the limiter.
    let of = |key: &'static str| Priority::default().with_key(key);
    let calls = |key: &'static str, count: u32| {
        let calls = (0..count).map(|number| start(&client, request(number, of(key))));
        calls.collect::<Vec<_>>()
    };
    let greedy = calls("greedy", 5 + 6);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(
        rejected(of("greedy")).await,
        Some(RejectedReason::QueueFull)
    );
    let modest = calls("modest", 4);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(rejected(of("third")).await, Some(RejectedReason::QueueFull));
    let lines = [(of("greedy"), 6), (of("modest"), 4)];
    assert_eq!(limiter.snapshot().lines(), lines);
    let short = limiter.snapshot_of(1);
    assert_eq!((short.queued(), short.lines()), (10, &lines[..1]));
    for call in greedy.into_iter().chain(modest) {
        call.await.expect("runs").expect("sent");
    }
    assert_eq!(
        (limiter.snapshot().queued(), limiter.snapshot().rejected()),
        (0, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn after_a_cooldown_the_most_urgent_goes_first() {
    let limiter = PriorityLimiter::new(limiter());
    let (sender, mut sent) = mpsc::unbounded_channel();
    let client = limiter
        .layer()
        .layer(service_fn(move |request: Request<u32>| {
            let mut response = Response::new(());
            if *request.body() == 0 {
                *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            }
            let _ = sender.send(request.into_body());
            async { Ok::<_, BoxError>(response) }
        }));
    let call = |number, urgency| tokio::spawn(client.clone().oneshot(request(number, urgency)));
    call(0, Urgency::DEFAULT)
        .await
        .expect("runs")
        .expect("a response");
    let mut calls = vec![call(1, Urgency::BACKGROUND), call(2, Urgency::BACKGROUND)];
    tokio::task::yield_now().await;
    calls.push(call(3, Urgency::HIGHEST));
    for call in calls {
        call.await.expect("runs").expect("sent");
    }
    let order: Vec<_> = std::iter::from_fn(|| sent.try_recv().ok()).collect();
    assert_eq!(
        order,
        [0, 1, 3, 2],
        "the first one was at the limiter already"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_inner_service_lets_the_next_one_in() {
    let limiter = PriorityLimiter::new(limiter());
    let client = limiter
        .layer()
        .layer(service_fn(|request: Request<u32>| async move {
            match request.into_body() {
                0 => Err(BoxError::from("refused")),
                _ => Ok(Response::new(())),
            }
        }));
    for number in [0, 1, 0, 1, 0, 1] {
        let result = client
            .clone()
            .oneshot(request(number, Urgency::DEFAULT))
            .await;
        assert_eq!(result.is_ok(), number == 1);
    }
    assert_eq!(limiter.limiter().snapshot().lost(), 3);
}

/// Calls come and go on several threads: each one that stays is sent, and nothing is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_come_and_go_leave_nothing_behind() {
    let quota = Quota::new(2_000, Duration::from_millis(100)).expect("valid");
    let limiter = PriorityLimiter::new(Limiter::new(quota));
    let (client, sent) = counting(&limiter);
    let mut calls = Vec::new();
    for number in 0..4_000_u32 {
        let urgency = Urgency::new((number % 8) as u8).expect("below 8");
        let priority = Priority::new(urgency).with_key((number % 5).to_string());
        let call = client.clone().call(request(number, priority));
        if number % 4 == 0 {
            let patience = Duration::from_micros((number % 97).into());
            drop(tokio::spawn(timeout(patience, call)));
        } else {
            calls.push(tokio::spawn(call));
        }
    }
    for call in calls {
        call.await.expect("runs").expect("sent");
    }
    assert!(sent.load(Ordering::Relaxed) >= 3_000);
    assert_eq!(
        (limiter.snapshot().queued(), limiter.snapshot().rejected()),
        (0, 0)
    );
}
