//! Measurements of the workspace.
//!
//! [`conformance`] drives the rate limiter, and its peers, against every way in which servers
//! count. [`measure`] takes times, [`subjects`] is what is timed: by the benches next to this
//! library, and by `ratios`, which holds all of it against what it must reach. [`place`] is where
//! the processes of `shared-budget` and `chaos` keep their budget, [`process`] is what they tell
//! their judge by, and [`draw`] is what `chaos` and `week` draw their faults from.

pub mod conformance;
pub mod draw;
pub mod measure;
pub mod place;
pub mod process;
pub mod subjects;
