//! The layer over services of many kinds.

mod clearance;
mod contract;
mod interruptions;
mod reading;
mod redirect;
mod refusals;
#[cfg(feature = "retry")]
mod rotation;
mod script;
mod support;
mod time_limit;
