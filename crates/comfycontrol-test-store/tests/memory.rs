//! The limiter's own store does what it asks of the others.

use std::cell::RefCell;

use comfycontrol_rate_limit::MemoryStore;
use comfycontrol_test_store::{is_a_register, one_swap_wins, tells_the_time};
use tokio::runtime::Runtime;

#[test]
fn it_is_a_register() {
    let stores = RefCell::new(Vec::new());
    is_a_register(&Runtime::new().unwrap(), 48, |case| {
        let mut stores = stores.borrow_mut();
        if stores.len() == case as usize {
            stores.push(MemoryStore::new());
        }
        stores[case as usize].clone()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn of_swaps_at_the_same_time_one_wins() {
    let store = MemoryStore::new();
    one_swap_wins(8, 100, || store.clone()).await;
}

#[tokio::test(start_paused = true)]
async fn it_tells_the_time() {
    let store = MemoryStore::new();
    tells_the_time(|| store.clone()).await;
}
