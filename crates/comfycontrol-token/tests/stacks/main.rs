//! The layer alone in other people's stacks: axum, typed and boxed errors, tower's own middleware
//! outside and inside of it.

mod axum;
mod boxed;
mod companions;
mod interplay;
mod support;
mod typed;
