//! Longer texts: how to begin, why the stack is ordered so, what errors mean, and how to use
//! the parts.
//!
//! | to | read |
//! |---|---|
//! | make the first call | [`getting_started`] |
//! | come from a client of your own | [`from_reqwest`] |
//! | know when a call waits, and for how long | [`limits`] |
//! | share the limit among processes and machines | [the same](limits#one-address-many-processes) |
//! | change the token of a running program | [`tokens`] |
//! | treat what fails | [`errors`] |
//! | follow runs, read lists and fetch files | the guide of the crate `comfycontrol-api` |
//! | test your program without the network | [`testing`] |
//! | know what is promised, and which test shows it | [`promises`] |
//! | call the API from other languages | [`gateway`] |
//! | see what the client does | [`metrics`] |
//! | understand the stack, make another of its layers, or put them under another library | [`stack_order`] |
//! | add a layer of your own | [`writing_a_layer`] |

#[doc = include_str!("guide/getting_started.md")]
pub mod getting_started {}

#[doc = include_str!("guide/stack_order.md")]
pub mod stack_order {}

#[doc = include_str!("guide/writing_a_layer.md")]
pub mod writing_a_layer {}

#[doc = include_str!("guide/limits.md")]
#[doc = include_str!("guide/shared_budget.md")]
pub mod limits {}

#[doc = include_str!("guide/errors.md")]
#[doc = include_str!("guide/repeats.md")]
pub mod errors {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/promises.md")]
pub mod promises {}

#[doc = include_str!("guide/from_reqwest.md")]
pub mod from_reqwest {}

#[doc = include_str!("guide/tokens.md")]
pub mod tokens {}

#[doc = include_str!("guide/metrics.md")]
pub mod metrics {}

#[doc = include_str!("guide/gateway.md")]
pub mod gateway {}
