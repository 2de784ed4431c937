//! What becomes of a slot when its call is dropped, fails or panics.
//!
//! * `every_point`: every future, dropped at every point of its way, in every situation.
//! * `sent`: requests that have left and get no response, or a late one.
//! * `waiting`: calls given up before their request has left.

mod every_point;
mod sent;
mod waiting;
