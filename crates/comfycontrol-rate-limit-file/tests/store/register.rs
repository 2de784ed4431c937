use std::cell::RefCell;

use comfycontrol_rate_limit::Store;
use comfycontrol_test::{SECOND, within};
use comfycontrol_test_store::{is_a_register, one_swap_wins, presence_ends, tells_the_time};
use tokio::runtime::Runtime;

use crate::support::*;

#[test]
fn it_is_a_register() {
    let budgets = RefCell::new(Vec::new());
    is_a_register(&Runtime::new().unwrap(), 48, |case| {
        let mut budgets = budgets.borrow_mut();
        if budgets.len() == case as usize {
            budgets.push(Budget::new());
        }
        budgets[case as usize].open()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn of_swaps_at_the_same_time_one_wins() {
    let budget = Budget::new();
    one_swap_wins(8, 100, || budget.open()).await;
}

#[tokio::test]
async fn it_tells_the_time() {
    let budget = Budget::new();
    tells_the_time(|| budget.open()).await;
}

#[tokio::test]
async fn a_member_is_there_while_its_store_is() {
    let budget = Budget::new();
    presence_ends(|| budget.open()).await;
}

#[tokio::test]
async fn the_first_use_has_nothing_to_wait_for() {
    let budget = Budget::new();
    let reading = read(&budget.open()).await;
    assert_eq!(reading.record, None);
    // That of the machine.
    assert!(reading.time.uptime > 10 * SECOND, "{:?}", reading.time);
}

#[tokio::test]
async fn a_step_that_was_dropped_leaves_the_store_usable() {
    let budget = Budget::new();
    let store = budget.open();
    for _ in 0..50 {
        let step = swap(&store, None, 1);
        drop(futures(step).await);
    }
    let reading = within(20 * SECOND, store.read()).await.unwrap();
    assert!(reading.record.is_none_or(|found| found == record(1)));
}

/// Polls a future once.
async fn futures<F: Future>(future: F) -> std::pin::Pin<Box<F>> {
    let mut future = Box::pin(future);
    std::future::poll_fn(|cx| {
        let _ = future.as_mut().poll(cx);
        std::task::Poll::Ready(())
    })
    .await;
    future
}

#[test]
fn what_is_shown_is_the_path() {
    let budget = Budget::new();
    let store = budget.open();
    assert_eq!(store.path(), budget.path);
    let shown = format!("{store:?}");
    assert!(shown.contains(&format!("{:?}", budget.path)), "{shown}");
}
