//! Who keeps the time: runtimes that are gone or idle, wakers that do as they please. Real clocks and
//! threads where it takes several runtimes; every test fails by a watchdog and never hangs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use comfycontrol_rate_limit::{Limiter, NotAdmitted, Permit, Quota, Window};
use http::Response;
use tokio::runtime::{Builder, Runtime};
use tokio::time;
use tokio_test::{assert_pending, assert_ready_ok, task};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

// === several runtimes ===

#[test]
fn a_runtime_that_is_gone_takes_nobodys_time_along() {
    within_seconds(|| {
        let limiter = limiter(1, 300 * MILLISECOND);
        let (gone, alive) = (current_thread(), current_thread());
        spend(&limiter);
        let mut first = task::spawn(limiter.acquire());
        gone.block_on(async { assert_pending!(first.poll()) });
        // This one relies on a timer of its own, or on the other's: either way it is served.
        let mut second = Box::pin(limiter.acquire());
        alive.block_on(async { assert_pending!(poll_once(second.as_mut())) });
        drop(gone);
        drop(first);
        drop(alive.block_on(second).unwrap());
        clean(&limiter);
    });
}

#[test]
fn a_runtime_that_goes_while_it_keeps_the_time_wakes_those_who_wait() {
    within_seconds(|| {
        let limiter = limiter(1, 3_600 * SECOND);
        spend(&limiter);
        let gone = current_thread();
        let mut call = task::spawn(limiter.acquire());
        gone.block_on(async { assert_pending!(call.poll()) });
        drop(gone);
        assert!(call.is_woken(), "somebody else must keep the time");
        let alive = current_thread();
        alive.block_on(async { assert_pending!(call.poll()) });
        limiter.retune(Quota::new(1, 20 * MILLISECOND).unwrap());
        drop(alive.block_on(call).unwrap());
        clean(&limiter);
    });
}

#[test]
fn a_runtime_that_nobody_drives_keeps_nobody_waiting() {
    within_seconds(|| {
        let limiter = limiter(1, 20 * MILLISECOND);
        let (idle, driven) = (current_thread(), current_thread());
        spend(&limiter);
        let mut first = task::spawn(limiter.acquire());
        idle.block_on(async { assert_pending!(first.poll()) });
        // The idle one's slot lapses, then this one is served.
        drop(driven.block_on(limiter.acquire()).unwrap());
        drop(first);
        clean(&limiter);
    });
}

#[test]
fn a_runtime_that_is_driven_again_goes_on() {
    within_seconds(|| {
        let limiter = limiter(1, 20 * MILLISECOND);
        let (idle, driven) = (current_thread(), current_thread());
        spend(&limiter);
        let mut first = task::spawn(limiter.acquire());
        idle.block_on(async { assert_pending!(first.poll()) });
        driven.block_on(use_slot(&limiter));
        drop(idle.block_on(first).unwrap());
        clean(&limiter);
    });
}

#[test]
fn calls_from_several_runtimes_are_all_served() {
    within_seconds(|| {
        let limiter = limiter(4, 10 * MILLISECOND);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    current_thread().block_on(async {
                        for _ in 0..10 {
                            use_slot(&limiter).await;
                        }
                    });
                });
            }
        });
        assert_eq!(limiter.snapshot().granted(), 41 - 1);
        clean(&limiter);
    });
}

#[test]
fn short_lived_runtimes_leave_no_call_behind() {
    within_seconds(|| {
        let limiter = limiter(1, 5 * MILLISECOND);
        let waiting = {
            let limiter = limiter.clone();
            thread::spawn(move || {
                current_thread().block_on(async {
                    for _ in 0..20 {
                        use_slot(&limiter).await;
                    }
                });
            })
        };
        while !waiting.is_finished() {
            let short = current_thread();
            let mut call = task::spawn(limiter.acquire());
            _ = short.block_on(async { call.poll().is_ready() });
            drop(short);
        }
        waiting.join().unwrap();
        clean(&limiter);
    });
}

#[test]
fn slots_can_be_given_back_outside_any_runtime() {
    within_seconds(|| {
        // The permit.
        let limiter = limiter(1, 3_600 * SECOND);
        let permit = assert_ready_ok!(task::spawn(limiter.acquire()).poll());
        let waiting = wait_elsewhere(&limiter);
        drop(permit);
        drop(waiting.join().unwrap());
        clean(&limiter);
        // The answer, after which the time begins to run.
        let limiter = self::limiter(1, 50 * MILLISECOND);
        let flight = assert_ready_ok!(task::spawn(limiter.acquire()).poll()).dispatch();
        let waiting = wait_elsewhere(&limiter);
        flight.settle(&Response::new(()));
        drop(waiting.join().unwrap());
        clean(&limiter);
    });
}

#[test]
fn tasks_that_wait_when_their_runtime_is_shut_down_leave_nothing_behind() {
    within_seconds(|| {
        let limiter = limiter(1, 3_600 * SECOND);
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        for _ in 0..100 {
            let limiter = limiter.clone();
            runtime.spawn(async move { drop(limiter.acquire().await.unwrap().dispatch()) });
        }
        while limiter.snapshot().queued() < 99 {
            thread::yield_now();
        }
        drop(runtime);
        clean(&limiter);
    });
}

// === one runtime ===

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_by_hours_serves_those_who_wait_and_no_more() {
    let limiter = limiter(2, 10 * SECOND);
    spend(&limiter);
    spend(&limiter);
    let mut calls: Vec<_> = (0..5).map(|_| task::spawn(limiter.acquire())).collect();
    for call in &mut calls {
        assert_pending!(call.poll());
    }
    time::advance(3_600 * SECOND).await;
    assert_eq!(calls.iter().filter(|call| call.is_woken()).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_budget_is_spent_gets_its_slot_and_its_timer() {
    let limiter = limiter(1, 10 * SECOND);
    let served = tokio::spawn(async move {
        let mut calls = [0, 1].map(|_| {
            Box::pin({
                let limiter = limiter.clone();
                async move {
                    limiter
                        .acquire()
                        .await
                        .map(|permit| permit.dispatch().settle(&Response::new(())))
                }
            })
        });
        std::future::poll_fn(|cx| {
            while pin!(tokio::task::consume_budget()).poll(cx).is_ready() {}
            assert!(calls[0].as_mut().poll(cx).is_ready(), "a slot was free");
            assert!(calls[1].as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
        let [_, second] = calls;
        second.await.unwrap();
    });
    time::timeout(60 * SECOND, served).await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_moves_to_another_task_is_woken_there() {
    let limiter = limiter(1, 10 * SECOND);
    spend(&limiter);
    let mut call = Box::pin(limiter.acquire());
    let mut here = task::spawn(std::future::poll_fn(|cx| call.as_mut().poll(cx)));
    assert_pending!(here.poll());
    drop(here);
    let mut there = task::spawn(call);
    assert_pending!(there.poll());
    time::advance(11 * SECOND).await;
    assert!(there.is_woken());
}

// === wakers that do as they please ===

#[test]
fn a_waker_may_look_at_the_limiter() {
    re_enter(|limiter| _ = limiter.snapshot());
}

#[test]
fn a_waker_may_acquire_and_drop() {
    re_enter(|limiter| drop(once(limiter)));
}

#[test]
fn a_waker_may_acquire_send_and_settle() {
    re_enter(|limiter| {
        if let Some(Ok(permit)) = once(limiter) {
            permit.dispatch().settle(&Response::new(()));
        }
    });
}

#[test]
fn a_waker_may_retune_and_close() {
    re_enter(|limiter| {
        limiter.retune(Quota::new(3, 10 * SECOND).unwrap());
        limiter.close_for(MILLISECOND);
    });
}

#[test]
fn a_waker_may_poll_its_own_call_at_once() {
    within_seconds(|| {
        let runtime = paused();
        runtime.block_on(async {
            let limiter = limiter(1, 10 * SECOND);
            spend(&limiter);
            let inline: Vec<_> = (0..5).map(|_| Inline::start(&limiter)).collect();
            for _ in 0..6 {
                time::advance(11 * SECOND).await;
            }
            assert!(
                inline
                    .iter()
                    .all(|call| call.call.lock().unwrap().is_none())
            );
            clean(&limiter);
        });
    });
}

#[test]
fn a_waker_that_panics_harms_nobody_else() {
    within_seconds(|| {
        let runtime = paused();
        runtime.block_on(async {
            let limiter = limiter(1, 10 * SECOND);
            spend(&limiter);
            let bomb = Waker::from(Arc::new(Bomb));
            let mut first = Box::pin(limiter.acquire());
            assert_pending!(first.as_mut().poll(&mut Context::from_waker(&bomb)));
            let mut second = task::spawn(limiter.acquire());
            let mut third = task::spawn(limiter.acquire());
            assert_pending!(second.poll());
            assert_pending!(third.poll());
            let both = Quota::new(3, 10 * SECOND).unwrap();
            catch_unwind(AssertUnwindSafe(|| limiter.retune(both))).unwrap_err();
            assert!(second.is_woken());
            // The timer goes on as well.
            drop((first, assert_ready_ok!(second.poll()).dispatch()));
            let _third = assert_ready_ok!(third.poll()).dispatch();
            let mut fourth = task::spawn(limiter.acquire());
            assert_pending!(fourth.poll());
            time::advance(14 * SECOND).await;
            assert!(fourth.is_woken());
        });
    });
}

// === support ===

/// Runs `test` in a thread of its own, and fails if that takes too long.
fn within_seconds(test: impl FnOnce() + Send + 'static) {
    let (done, finished) = mpsc::channel();
    let thread = thread::spawn(move || {
        test();
        _ = done.send(());
    });
    match finished.recv_timeout(20 * SECOND) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

fn paused() -> Runtime {
    Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

fn limiter(requests: u32, per: Duration) -> Limiter {
    let quota = Quota::new(requests, per).unwrap();
    Limiter::builder(quota)
        .window(Window::Sliding)
        .linger(10 * MILLISECOND)
        .build()
}

fn spend(limiter: &Limiter) {
    let flight = assert_ready_ok!(task::spawn(limiter.acquire()).poll()).dispatch();
    flight.settle(&Response::new(()));
}

async fn use_slot(limiter: &Limiter) {
    let flight = limiter.acquire().await.unwrap().dispatch();
    flight.settle(&Response::new(()));
}

/// Nobody waits and nothing is held.
fn clean(limiter: &Limiter) {
    let seen = limiter.snapshot();
    assert_eq!((seen.queued(), seen.in_flight()), (0, 0));
}

fn once(limiter: &Limiter) -> Option<Result<Permit, NotAdmitted>> {
    match poll_once(pin!(limiter.acquire())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A thread with a runtime in which a call waits already.
fn wait_elsewhere(limiter: &Limiter) -> thread::JoinHandle<Result<Permit, NotAdmitted>> {
    let waiting = limiter.clone();
    let thread = thread::spawn(move || current_thread().block_on(waiting.acquire()));
    while limiter.snapshot().queued() == 0 {
        thread::yield_now();
    }
    thread
}

/// Has the limiter wake and drop wakers that do `action` to it, from every place that wakes.
fn re_enter(action: impl Fn(&Limiter) + Clone + Send + Sync + 'static) {
    within_seconds(move || {
        let runtime = paused();
        runtime.block_on(async {
            let limiter = limiter(2, 10 * SECOND);
            let done = Arc::new(AtomicUsize::new(0));
            let waker = || {
                Waker::from(Arc::new(Meddler {
                    limiter: limiter.clone(),
                    action: action.clone(),
                    done: done.clone(),
                }))
            };
            let wait = || {
                let mut call = Box::pin(limiter.acquire());
                // Again with another waker: the first one is dropped.
                assert_pending!(call.as_mut().poll(&mut Context::from_waker(&waker())));
                assert_pending!(call.as_mut().poll(&mut Context::from_waker(&waker())));
                call
            };
            // By the timer, by a permit, by an answer, by hand; and those who leave.
            for by in 0..4 {
                let permits =
                    [0, 1].map(|_| assert_ready_ok!(task::spawn(limiter.acquire()).poll()));
                let calls = [(); 3].map(|()| wait());
                let before = done.load(Ordering::Relaxed);
                match by {
                    0 => drop(permits.map(|permit| permit.dispatch().settle(&Response::new(())))),
                    1 => drop(permits),
                    2 => drop(permits.map(Permit::dispatch)),
                    _ => {
                        limiter.retune(Quota::new(10, 10 * SECOND).unwrap());
                        drop(permits);
                    }
                }
                time::advance(14 * SECOND).await;
                assert!(done.load(Ordering::Relaxed) > before, "nobody was woken");
                drop(calls);
                limiter.retune(Quota::new(2, 10 * SECOND).unwrap());
                time::advance(100 * SECOND).await;
                clean(&limiter);
            }
        });
    });
}

/// A waker that meddles when it is woken, and when it is dropped.
struct Meddler<F: Fn(&Limiter)> {
    limiter: Limiter,
    action: F,
    done: Arc<AtomicUsize>,
}

impl<F: Fn(&Limiter)> Drop for Meddler<F> {
    fn drop(&mut self) {
        (self.action)(&self.limiter);
    }
}

impl<F: Fn(&Limiter) + Send + Sync> Wake for Meddler<F> {
    fn wake(self: Arc<Self>) {
        (self.action)(&self.limiter);
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("as it pleases");
    }
}

/// A call that is polled by its own waker, on the spot.
struct Inline {
    call: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Inline {
    fn start(limiter: &Limiter) -> Arc<Self> {
        let limiter = limiter.clone();
        let call = async move { use_slot(&limiter).await };
        let inline = Arc::new(Self {
            call: Mutex::new(Some(Box::pin(call))),
        });
        inline.clone().wake();
        inline
    }
}

impl Wake for Inline {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        // Woken while it is polled: the poll under way sees it.
        let Ok(mut call) = self.call.try_lock() else {
            return;
        };
        if let Some(future) = &mut *call
            && future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready()
        {
            *call = None;
        }
    }
}
