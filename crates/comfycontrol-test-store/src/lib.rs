//! What every [`Store`](comfycontrol_rate_limit::Store) must do, as functions that tests call.
//!
//! Each takes a function that opens the same store once more, as another process would: over the
//! same file or key, which must be new.

#![expect(
    clippy::missing_panics_doc,
    reason = "a panic is how all of this tells that a test has failed"
)]

mod calls;
mod failure;
mod presence;
mod register;
mod swaps;
mod time;

pub use self::calls::{KEEP, read, record, swap, version};
pub use self::failure::failure;
pub use self::presence::presence_ends;
pub use self::register::is_a_register;
pub use self::swaps::one_swap_wins;
pub use self::time::tells_the_time;
