//! The whole stack over a service in place of the network, under a paused clock.
//!
//! * `applied`: whether the server may have done what was asked.
//! * `attempts`: how many attempts a call has at most.
//! * `body_timeouts`: time, for the body of a response.
//! * `broken_bodies`: time, for a body that breaks off and is asked for again.
//! * `limits`: which limiter a client has.
//! * `other_origins`: requests that do not go to the API.
//! * `own_errors`: errors that a service in place of the network makes itself.
//! * `request_ids`: the id of a call, in its requests, its errors and its span.
//! * `requests`: what goes out.
//! * `responses`: what comes back.
//! * `retries`: what is sent again.
//! * `rotation`: a token that is replaced while calls are on their way.
//! * `service`: the client as a tower service among others.
//! * `timeouts`: time, for the whole call, for an attempt, and until the head of a response.
//! * `waiting`: how long a call may wait, and for what.
//!
//! `support` makes the service and the client.

mod applied;
mod attempts;
mod body_timeouts;
mod broken_bodies;
mod limits;
mod other_origins;
mod own_errors;
mod request_ids;
mod requests;
mod responses;
mod retries;
mod rotation;
mod service;
mod support;
mod timeouts;
mod waiting;
