//! The settings of the API.

use std::time::Duration;

/// How the emulated API behaves.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) runners: usize,
    pub(crate) run_time: Duration,
    pub(crate) sse_interval: Duration,
    pub(crate) max_sse_events: u32,
    pub(crate) outputs: usize,
    pub(crate) min_output_bytes: usize,
    /// Bytes that runners, workflows and templates take together, roughly.
    pub(crate) max_kept_bytes: usize,
    pub(crate) link_lifetime: Duration,
    /// Where signed URLs lead to: scheme, host and port.
    pub(crate) storage: String,
}

impl Default for Scenario {
    /// As documented: 2 s between updates, 120 of them, links good for 5 minutes.
    fn default() -> Self {
        Self {
            runners: 137,
            run_time: Duration::from_secs(10),
            sse_interval: Duration::from_secs(2),
            max_sse_events: 120,
            outputs: 2,
            min_output_bytes: 0,
            max_kept_bytes: 256 << 20,
            link_lifetime: Duration::from_secs(300),
            storage: "https://storage.comfycontrol.app".to_owned(),
        }
    }
}
