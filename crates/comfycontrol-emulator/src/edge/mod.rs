//! What stands before the API: the limit first, then the token.
//!
//! Pure: every decision is told the time and does no I/O.

mod algorithm;
mod counters;
mod decide;
mod limit;
mod meter;
mod stats;
mod token_info;
mod tokens;
mod unauthorized;
mod verdict;

pub use self::algorithm::Algorithm;
pub use self::decide::Edge;
pub use self::limit::{Block, InvalidLimit, Lag, Limit};
pub use self::stats::Stats;
pub use self::token_info::TokenInfo;
pub use self::tokens::Tokens;
pub use self::unauthorized::Unauthorized;
pub use self::verdict::Verdict;
