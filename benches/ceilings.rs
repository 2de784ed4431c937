//! How many instructions each hot path may take: a little more than it took when this was last
//! changed. `cargo bench -p comfycontrol-benches --bench instructions` holds them to it.

pub(crate) const ADD_TOKEN: u64 = 1_520;
pub(crate) const ATTEMPT_WHEN_FULL: u64 = 8_200;
pub(crate) const DECODE_JSON: u64 = 63_000;
pub(crate) const DECODE_SUCCESS: u64 = 620;
pub(crate) const GRANT_ANY_PHASE: u64 = 600;
pub(crate) const GRANT_SLIDING: u64 = 600;
pub(crate) const RATE_LIMIT: u64 = 1_090;
pub(crate) const TEN_REQUESTS: u64 = 10_000_000;
pub(crate) const THREE_LAYERS: u64 = 2_300;
pub(crate) const WHOLE_STACK: u64 = 10_300;
