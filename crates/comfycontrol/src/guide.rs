//! Longer texts: how to begin, why the stack is ordered so, what errors mean, and how to use
//! the parts.

#[doc = include_str!("guide/getting_started.md")]
pub mod getting_started {}

#[doc = include_str!("guide/stack_order.md")]
pub mod stack_order {}

#[doc = include_str!("guide/writing_a_layer.md")]
pub mod writing_a_layer {}

#[doc = include_str!("guide/limits.md")]
pub mod limits {}

#[doc = include_str!("guide/errors.md")]
#[doc = include_str!("guide/repeats.md")]
pub mod errors {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/from_reqwest.md")]
pub mod from_reqwest {}
