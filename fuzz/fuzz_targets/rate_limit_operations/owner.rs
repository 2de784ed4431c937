//! What the limiter's owner does, and time.

use std::time::Duration;

use comfycontrol_fuzz::Rule;
use tokio::time::advance;

use crate::settings::{SECOND, kept, quota, rule};
use crate::world::{LATE, World};

impl World {
    pub(crate) fn hold(&mut self, digit: usize) {
        // Slots that were granted before are not taken back.
        self.collect();
        let pause = SECOND * (digit * digit) as u64;
        self.limiter.pause_for(Duration::from_nanos(pause));
        self.gate.hold(self.now + pause);
        self.plain = false;
    }

    pub(crate) fn set_quota(&mut self, digit: usize) {
        self.collect();
        self.settings.rule = rule(digit, digit / 2, self.settings.rule.sliding);
        self.held.iter_mut().for_each(|held| held.outdated = true);
        self.limiter.set_quota(quota(self.settings.rule));
        self.plain = false;
    }

    /// Each call that was granted a slot takes it up; looking may bring about the next grant.
    fn collect(&mut self) {
        self.look_all();
        while self.is_anybody_woken() {
            self.look_all();
        }
    }

    pub(crate) async fn pass_time(&mut self, digit: usize) {
        let Rule { limit, window, .. } = kept(self.settings.rule);
        let duration = [
            0,
            1,
            1_000_000,
            SECOND / 10,
            SECOND,
            SECOND * 5 / 2,
            window,
            window / limit,
            window + 1,
            2 * window + 1,
        ][digit];
        self.advance(duration).await;
        if !self.settings.lazy && self.plain && duration >= LATE {
            self.look_all();
            let (then, held) = (self.now - LATE, self.held.len() as u64);
            let accepted = self
                .server
                .accepts(kept(self.settings.rule), then, held + 1);
            assert!(self.waiting.is_empty() || !accepted, "waits too long");
        }
    }

    pub(crate) async fn advance(&mut self, duration: u64) {
        self.now += duration;
        advance(Duration::from_nanos(duration)).await;
        tokio::task::yield_now().await;
    }
}
