//! What the page is told, as JSON. Pure: made of snapshots and of the time they were taken at.

mod budget;
mod calls;
mod queue;
mod secret;
mod time;

use serde::Serialize;

pub(crate) use self::budget::Budget;
pub(crate) use self::calls::Ended;
pub(crate) use self::queue::Queue;
pub(crate) use self::secret::Secret;
pub(crate) use self::time::calendar;

/// All of it. Times are milliseconds from now on, except for what is said to be of the calendar.
#[derive(Debug, Serialize)]
pub(crate) struct State {
    /// The calendar's time, since 1970.
    pub(crate) now: u64,
    /// When the dashboard was made, by the calendar: another one is another start of the program.
    pub(crate) started: u64,
    pub(crate) reasons: Vec<&'static str>,
    pub(crate) budget: Option<Budget>,
    pub(crate) queue: Option<Queue>,
    pub(crate) token: Option<Secret>,
    pub(crate) calls: Option<Ended>,
}
