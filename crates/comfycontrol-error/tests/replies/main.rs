//! Replies as they have been seen or documented, and others, each through the whole layer.

mod api;
mod edge;
mod odd;
mod standards;
mod support;
mod too_many;
