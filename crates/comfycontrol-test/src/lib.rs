//! What the tests of two or more ComfyControl crates need, and nothing else.
//!
//! It knows none of the layers under test, so that each of them can use it in its own tests.
//!
//! * A stack over a mock: [`pair`], [`Stack`], [`call`], [`poll`], [`arrived`],
//!   [`nothing_arrived`].
//! * A layer next to each of tower's own: [`companions!`].
//! * Typed errors: [`Failed`], [`typed`]. Any errors: [`chain`], [`find`].
//! * Services and policies that do as they are told: [`Scripted`], [`responding`], [`RetryOnce`].
//! * Servers on loopback: [`serve`], [`gateway`], [`client`], [`fetch`]; the ports of others,
//!   and of none: [`port`], [`Unserved`].
//! * Redis and Valkey as they are installed: [`RedisProgram`], [`RedisServer`].
//! * HTTP/2 and SOCKS as bytes: [`http2`], [`socks`].
//! * Time and wake-ups: [`now`], [`paused`], [`real_time`], [`within`], [`until`], [`at_once`],
//!   [`WakeCounter`], [`PanickingWaker`].
//! * A test in a process of its own: [`once_more`].
//! * What is logged, and what a request gives away: [`Log`], [`tracer`], [`carries`].

#![expect(
    clippy::missing_panics_doc,
    reason = "a panic is how all of this tells that a test has failed"
)]

mod at_once;
mod carries;
mod chain;
mod companions;
mod failed;
mod gateway;
pub mod http2;
mod log;
mod loopback;
mod messages;
mod mock;
mod once_more;
mod ports;
mod redis_server;
mod responding;
mod retry_once;
mod scripted;
pub mod socks;
mod stack;
mod time;
mod tracer;
mod wakers;

pub use self::at_once::at_once;
pub use self::carries::carries;
pub use self::chain::{chain, find};
#[doc(hidden)]
pub use self::companions::layers;
pub use self::companions::{Companion, WhileBusy};
pub use self::failed::{Failed, typed};
pub use self::gateway::{Transport, gateway, transport};
pub use self::log::Log;
pub use self::loopback::{client, fetch, serve};
pub use self::messages::{Late, Req, Res, get, head, request, response};
pub use self::mock::{Inner, Server, arrived, next_request, nothing_arrived, pair};
pub use self::once_more::once_more;
pub use self::ports::{Unserved, port};
pub use self::redis_server::{RedisProgram, RedisServer};
pub use self::responding::{Heads, Responding, responding};
pub use self::retry_once::RetryOnce;
pub use self::scripted::Scripted;
pub use self::stack::{Outcome, Stack, call, call_with, poll};
pub use self::time::{MILLISECOND, SECOND, YEAR, now, paused, real_time, until, within};
pub use self::tracer::tracer;
pub use self::wakers::{PanickingWaker, WakeCounter};
#[doc(no_inline)]
pub use tower::BoxError;
