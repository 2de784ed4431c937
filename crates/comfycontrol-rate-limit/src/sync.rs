//! The locks and flags that [`shared`](super::shared) is built from; the interleaving tests build it
//! from others.

pub(crate) use parking_lot::Mutex;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
