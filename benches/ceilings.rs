//! How many instructions each hot path may take: a little more than it took when this was last
//! changed. `cargo bench -p comfycontrol-benches --bench instructions` holds them to it.

pub(crate) const ADD_TOKEN: u64 = 1_215;
pub(crate) const ATTEMPT_AFTER_A_RESPONSE: u64 = 2_990;
pub(crate) const ATTEMPT_WHEN_FULL: u64 = 590;
pub(crate) const DECODE_JSON: u64 = 5_730;
pub(crate) const DECODE_SUCCESS: u64 = 575;
pub(crate) const GRANT_STRICT: u64 = 338;
pub(crate) const GRANT_SLIDING_LOG: u64 = 338;
pub(crate) const RATE_LIMIT: u64 = 985;
pub(crate) const TEN_REQUESTS: u64 = 446_500;
pub(crate) const TEN_REQUESTS_HTTP2: u64 = 1_020_000;
pub(crate) const THREE_LAYERS: u64 = 1_885;
pub(crate) const WHOLE_STACK: u64 = 6_080;
