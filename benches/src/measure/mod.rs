//! How things are timed: cases whose rounds take turns, on pinned threads.
//!
//! ```
//! use comfycontrol_benches::measure::{Case, take_turns};
//! use std::time::Duration;
//!
//! fn sum(of: &mut Vec<u64>) {
//!     std::hint::black_box(of.iter().sum::<u64>());
//! }
//!
//! let mut cases = [
//!     Case::new("ten", 100, || vec![1_u64; 10], sum),
//!     Case::new("ten thousand", 100, || vec![1_u64; 10_000], sum),
//! ];
//! let series = take_turns(&mut cases, 9, Duration::from_micros(200));
//! assert!(series[1].median() > series[0].median());
//! ```

mod case;
mod clock;
mod duo;
mod pin;
mod series;
mod turns;

pub use self::case::Case;
pub use self::clock::{Real, Stopwatch, cpu_time, std_now, tokio_now};
pub use self::duo::two_threads;
pub use self::pin::{pin_to, pinnable};
pub use self::series::Series;
pub use self::turns::take_turns;
pub use comfycontrol_test::at_once;
