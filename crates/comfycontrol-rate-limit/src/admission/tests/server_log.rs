//! A server that keeps an exact log, at any latency.

/// When the server may have counted each request: just when it left, or as late as can be.
#[derive(Default)]
pub(super) struct ServerLog(Vec<(u64, u64)>);

impl ServerLog {
    pub(super) fn counted(&mut self, earliest: u64, latest: u64) {
        self.0.push((earliest, latest));
    }

    /// It has never counted more than `n` in `w`, however it was counted.
    pub(super) fn check(&self, n: usize, w: u64) {
        let early = self.0.iter().map(|(early, _)| *early).collect();
        let late = self.0.iter().map(|(_, late)| *late).collect();
        let mixed = |k: usize| -> Vec<u64> {
            let counted = self.0.iter().enumerate();
            counted
                .map(|(i, c)| if i % k == 0 { c.0 } else { c.1 })
                .collect()
        };
        for log in [early, late, mixed(2), mixed(3)] {
            for at in &log {
                let window = log
                    .iter()
                    .filter(|other| (at.saturating_sub(w)..=*at).contains(other));
                assert!(
                    window.count() <= n,
                    "over the limit in the window up to {at}: {log:?}"
                );
            }
        }
    }
}
