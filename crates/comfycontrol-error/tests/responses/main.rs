//! Responses as they have been seen or documented, and others, each through the whole layer.
//!
//! * `api`: what the API responds.
//! * `edge`: the other responses of the network in front of the API.
//! * `odd`: bodies that no server sends on purpose: status and headers survive.
//! * `standards`: what the standards add.
//! * `too_many`: too many requests, in every form.
//!
//! `support` puts a response through the layer.

mod api;
mod edge;
mod odd;
mod standards;
mod support;
mod too_many;
