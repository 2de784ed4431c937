//! What it costs in memory to show text, counted by the allocator.

use std::fmt::Write;
use std::hint::black_box;

use allocation_counter::{AllocationInfo, measure};
use comfycontrol_core::Escaped;

#[test]
fn ordinary_text_is_shown_without_an_allocation() {
    let text = "nothing is wrong, cfc_abc and\tall: äöü".repeat(100);
    let mut shown = String::with_capacity(10_000);
    let cost = measure(|| write!(shown, "{}", Escaped::new(&text, 5_000)).unwrap());
    assert_eq!(cost, AllocationInfo::default());
    assert!(shown.len() > 3_000);
}

#[test]
fn a_string_of_ordinary_text_costs_one_allocation() {
    let text = "nothing is wrong".repeat(100);
    let cost = measure(|| drop(black_box(Escaped::new(&text, 5_000).into_string())));
    assert_eq!(cost.count_total, 1, "{cost:?}");
    assert_eq!(cost.bytes_total, text.len() as u64);
}
