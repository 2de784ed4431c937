//! The layer alone in other people's stacks.
//!
//! * `axum`: the layer in an application's state, and around its router.
//! * `boxed`: a stack whose errors are boxes: each cause can be had back by its type.
//! * `companions`: each of tower's own layers outside and inside, and the same promises of all.
//! * `interplay`: what the layer and its neighbours make of each other's errors and waits.
//! * `typed`: a stack whose errors are an enum: the compiler sees that no case is forgotten.
//!
//! `support` is what most of them need.

mod axum;
mod boxed;
mod companions;
mod interplay;
mod support;
mod typed;
