//! Measurements of the workspace.
//!
//! [`conformance`] drives the rate limiter, and its peers, against every way in which servers count.

pub mod conformance;
