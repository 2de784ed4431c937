//! The cooldown: one 429 closes the gate for all that share the limiter.

use comfycontrol_rate_limit::{Algorithm, Limiter, Quota};
use comfycontrol_test::arrived;
use http::{Request, Response, StatusCode};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Layer, Service};
use tower_test::mock;

use super::support::*;
use super::traffic::{Log, call_at_once, limiter};

type Req = Request<&'static str>;
type Res = Response<()>;

// === closing ===

#[tokio::test(start_paused = true)]
async fn a_429_seen_by_any_clone_closes_the_gate_for_all() {
    let limiter = sliding(40);
    let (inner, mut handle) = mock::pair::<Req, Res>();
    let layer = limiter.layer();
    let (mut one, mut two) = (layer.layer(inner.clone()), layer.layer(inner));
    let mut throttled = task::spawn(one.call(Request::new("")));
    assert_pending!(throttled.poll());
    arrived(&mut handle).send_response(too_many_requests(&[]));
    assert_eq!(
        assert_ready_ok!(throttled.poll()).status(),
        429,
        "it is passed on"
    );

    let mut calls = [
        one.call(Request::new("")),
        two.call(Request::new("")),
        one.clone().call(Request::new("")),
    ]
    .map(task::spawn);
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    time::advance(PAUSE - MILLISECOND).await;
    assert!(calls.iter().all(|call| !call.is_woken()));
    assert_pending!(handle.poll_request());
    assert_eq!(limiter.snapshot().queued(), 3);
    time::advance(2 * MILLISECOND).await;
    assert!(calls[0].is_woken());
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_stay_in_the_queue_and_in_order() {
    let limiter = sliding(40);
    let flights: Vec<_> = (0..40).map(|_| send(&limiter)).collect();
    let mut waiting = [0, 1].map(|_| task::spawn(limiter.acquire()));
    for call in &mut waiting {
        assert_pending!(call.poll());
    }
    flights.into_iter().for_each(|flight| throttle(flight, &[]));
    assert_eq!(limiter.snapshot().queued(), 2);
    time::advance(PAUSE + MILLISECOND).await;
    let probe = assert_ready_ok!(waiting[0].poll()).dispatch();
    assert!(!waiting[1].is_woken());
    respond(probe);
    assert!(waiting[1].is_woken());
}

#[tokio::test(start_paused = true)]
async fn slots_granted_a_moment_before_the_429_are_not_used() {
    let limiter = sliding(40);
    let (inner, mut handle) = mock::pair::<Req, Res>();
    let mut service = limiter.layer().layer(inner);
    handle.allow(0);
    let mut parked = task::spawn(service.call(Request::new("")));
    assert_pending!(parked.poll());
    throttle(send(&limiter), &[]);
    handle.allow(1);
    assert_pending!(parked.poll());
    assert_pending!(handle.poll_request());
    time::advance(PAUSE + MILLISECOND).await;
    assert_pending!(parked.poll());
    drop(arrived(&mut handle));
}

#[tokio::test(start_paused = true)]
async fn a_429_fills_the_account() {
    // One request was sent, but of what the server has counted we know nothing now.
    let limiter = Limiter::builder(Quota::new(4, 100 * SECOND).unwrap())
        .algorithm(Algorithm::SlidingLog)
        .build();
    throttle(send(&limiter), &[]);
    time::advance(100 * SECOND).await;
    assert_eq!(limiter.snapshot().free(), 0);
    time::advance(SECOND).await;
    let probe = send(&limiter);
    respond(probe);
    assert_eq!(limiter.snapshot().free(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_429s_fills_the_account_once() {
    let [one, many] = [1, 40].map(|burst| {
        let limiter = Limiter::new(Quota::COMFYCONTROL);
        let flights: Vec<_> = (0..burst).map(|_| send(&limiter)).collect();
        flights.into_iter().for_each(|flight| throttle(flight, &[]));
        limiter.snapshot().next_slot()
    });
    assert_eq!(one, many);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_during_a_cooldown() {
    for after in [0, 1, 3, 9] {
        let (limiter, log) = (limiter(40, Algorithm::SlidingLog), Log::default());
        let early = send(&limiter);
        let mut tasks = vec![call_at_once(&limiter, 20, SECOND, &log)];
        time::sleep(after * SECOND + MILLISECOND).await;
        throttle(early, &[]);
        let seen = now();
        for _ in 0..60 {
            tasks.push(call_at_once(&limiter, 2, SECOND, &log));
            time::sleep(500 * MILLISECOND).await;
        }
        for tasks in tasks {
            within(YEAR, tasks.join_all()).await;
        }
        let closed = seen..seen + PAUSE;
        let log = log.lock().unwrap();
        assert!(!log.iter().any(|at| closed.contains(at)));
    }
}

// === how long ===

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_in_every_form() {
    let date = ("date", "Fri, 31 Dec 1999 23:59:29 GMT");
    for (headers, seconds) in [
        (&[][..], 10),
        (&[("retry-after", "30")], 30),
        (&[("retry-after", " 30 ")], 30),
        (&[("retry-after", "3")], 10),
        (&[("retry-after", "0")], 10),
        (&[("retry-after", "-30")], 10),
        (&[("retry-after", "30.5")], 10),
        (&[("retry-after", "soon")], 10),
        (&[("retry-after", "20"), ("retry-after", "30")], 30),
        (
            &[("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT"), date],
            30,
        ),
        (
            &[("retry-after", "Friday, 31-Dec-99 23:59:59 GMT"), date],
            30,
        ),
        (&[("retry-after", "Fri Dec 31 23:59:59 1999"), date], 30),
        (
            &[("retry-after", "Fri, 31 Dec 1999 23:00:00 GMT"), date],
            10,
        ),
        (&[("retry-after", "Fri, 31 Dec 2099 23:59:59 GMT")], 10),
        (&[("retry-after", "301")], 300),
        (&[("retry-after", "18446744073709551615")], 300),
        (&[("retry-after", "99999999999999999999999999")], 300),
    ] {
        let limiter = sliding(40);
        throttle(send(&limiter), headers);
        assert_eq!(
            paused_for(&limiter),
            seconds * SECOND + MARGIN,
            "{headers:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn margin_floor_and_cap_are_settings() {
    let limiter = builder(40)
        .cooldown(20 * SECOND)
        .cooldown_margin(2 * SECOND)
        .max_cooldown(40 * SECOND)
        .build();
    throttle(send(&limiter), &[]);
    assert_eq!(paused_for(&limiter), 22 * SECOND);
    let limiter = builder(40)
        .cooldown(20 * SECOND)
        .max_cooldown(40 * SECOND)
        .build();
    throttle(send(&limiter), &[("retry-after", "60")]);
    assert_eq!(paused_for(&limiter), 40 * SECOND + MARGIN);
    // The cap never shortens the cooldown itself.
    let limiter = builder(40)
        .cooldown(20 * SECOND)
        .max_cooldown(5 * SECOND)
        .build();
    throttle(send(&limiter), &[("retry-after", "60")]);
    assert_eq!(paused_for(&limiter), 20 * SECOND + MARGIN);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_cooldown_only_moves_forward() {
    let limiter = sliding(40);
    let mut flights = [0; 3].map(|_| send(&limiter)).into_iter();
    throttle(flights.next().unwrap(), &[("retry-after", "60")]);
    time::advance(5 * SECOND).await;
    throttle(flights.next().unwrap(), &[("retry-after", "12")]);
    assert_eq!(paused_for(&limiter), 55 * SECOND + MARGIN);
    throttle(flights.next().unwrap(), &[("retry-after", "80")]);
    assert_eq!(paused_for(&limiter), 80 * SECOND + MARGIN);
}

#[tokio::test(start_paused = true)]
async fn the_order_of_429s_does_not_matter() {
    let orders = [[12, 60, 30], [60, 30, 12], [30, 12, 60]];
    let [a, b, c] = orders.map(|order| {
        let limiter = sliding(40);
        let flights = order.map(|_| send(&limiter));
        for (flight, seconds) in flights.into_iter().zip(order) {
            throttle(flight, &[("retry-after", &seconds.to_string())]);
        }
        (paused_for(&limiter), limiter.snapshot().cooldowns())
    });
    assert_eq!((a, b), (b, c));
}

#[tokio::test(start_paused = true)]
async fn the_pause_counts_from_when_the_last_429_was_seen() {
    let limiter = sliding(40);
    let flights = [0; 5].map(|_| send(&limiter));
    for flight in flights {
        time::advance(SECOND).await;
        throttle(flight, &[]);
        assert_eq!(paused_for(&limiter), PAUSE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_429s_is_one_episode() {
    let limiter = sliding(40);
    let flights: Vec<_> = (0..40).map(|_| send(&limiter)).collect();
    flights.into_iter().for_each(|flight| throttle(flight, &[]));
    let seen = limiter.snapshot();
    assert_eq!((seen.throttled(), seen.cooldowns()), (40, 1));
}

#[tokio::test(start_paused = true)]
async fn which_responses_are_throttled_is_a_setting() {
    let limiter = builder(40)
        .cooldown_on(|status, headers| {
            status == StatusCode::FORBIDDEN && headers.contains_key("x-limit")
        })
        .build();
    let cooldowns_after = |status, header| {
        let response = Response::builder().status(status).header(header, "1");
        send(&limiter).settle(&response.body(()).unwrap());
        limiter.snapshot().cooldowns()
    };
    assert_eq!(cooldowns_after(429, "x-limit"), 0);
    assert_eq!(cooldowns_after(403, "x-other"), 0);
    assert_eq!(cooldowns_after(403, "x-limit"), 1);
}

#[tokio::test(start_paused = true)]
async fn no_other_status_closes_the_gate() {
    let limiter = sliding(40);
    for status in (200..600).filter(|status| *status != 429) {
        let flight = send(&limiter);
        flight.settle(
            &Response::builder()
                .status(status)
                .header("retry-after", "9")
                .body(())
                .unwrap(),
        );
        time::advance(WINDOW).await;
    }
    assert_eq!(limiter.snapshot().cooldowns(), 0);
}
