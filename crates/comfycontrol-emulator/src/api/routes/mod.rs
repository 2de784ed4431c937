//! One file of routes for each kind of thing the API keeps.

pub(super) mod managed_runners;
pub(super) mod runners;
pub(super) mod templates;
pub(super) mod user;
pub(super) mod workflows;
