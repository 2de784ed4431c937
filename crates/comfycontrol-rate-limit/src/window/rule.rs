//! The rules, as constraints on how long to wait: see the [proof](super).

use super::{Account, Stamp, Window};

impl Account {
    /// How long from `now` until `unstamped` requests satisfy the rule; `None`: not by waiting.
    pub(super) fn wait(&mut self, now: u64, unstamped: u64) -> Option<u64> {
        if unstamped > self.limit {
            return None;
        }
        self.stamps.make_contiguous();
        let (stamps, _) = self.stamps.as_slices();
        // e = 0: enough stamps must be older than one window.
        let (recent, mut wait) = self.recent(stamps, now, unstamped);
        if self.rule == Window::AnyPhase {
            wait = self.wait_for_young(stamps, now, unstamped, recent, wait);
            wait = self.wait_for_old(stamps, now, unstamped, recent, wait);
        }
        Some(wait)
    }

    /// From which index on the stamps fit beside `unstamped`, and the wait until the one before it
    /// has left the window.
    fn recent(&self, stamps: &[Stamp], now: u64, unstamped: u64) -> (usize, u64) {
        let mut excess = (unstamped + self.stamped).saturating_sub(self.limit);
        if excess == 0 {
            return (0, 0);
        }
        // From the old end, which is the short way in a window that slides.
        let last_to_leave = stamps.iter().position(|stamp| {
            let last = stamp.count >= excess;
            excess = excess.saturating_sub(stamp.count);
            last
        });
        let last_to_leave = last_to_leave.expect("the unstamped alone are within the limit");
        let leaves = stamps[last_to_leave].at + self.window + 1;
        (last_to_leave + 1, leaves.saturating_sub(now))
    }

    /// The constraints at `e` = the age of each stamp from `recent` on.
    fn wait_for_young(
        &self,
        stamps: &[Stamp],
        now: u64,
        unstamped: u64,
        recent: usize,
        mut wait: u64,
    ) -> u64 {
        let mut older = stamps;
        let (mut near, mut far) = (unstamped, unstamped);
        for stamp in stamps[recent..].iter().rev() {
            near += stamp.count;
            while let [rest @ .., other] = older
                && other.at + self.window >= stamp.at
            {
                far += other.count;
                older = rest;
            }
            wait = self.lift(wait, now, stamp.at, near, far);
        }
        wait
    }

    /// The constraints at `e` = the age less one window of each stamp before `recent`.
    fn wait_for_old(
        &self,
        stamps: &[Stamp],
        now: u64,
        unstamped: u64,
        recent: usize,
        mut wait: u64,
    ) -> u64 {
        let (old, young) = stamps.split_at(recent);
        let mut younger = stamps;
        let mut near = unstamped;
        let mut far = unstamped + young.iter().map(|stamp| stamp.count).sum::<u64>();
        for stamp in old.iter().rev() {
            far += stamp.count;
            while let [rest @ .., other] = younger
                && other.at >= stamp.at + self.window
            {
                near += other.count;
                younger = rest;
            }
            if near > self.limit {
                break; // these have left both windows before the younger ones have left the first
            }
            wait = self.lift(wait, now, stamp.at + self.window, near, far);
        }
        wait
    }

    /// The longer of `wait` and what one constraint asks: `e·near + (W−e)·far ≤ N·W` for the `e`
    /// that counts from `since`.
    #[inline]
    fn lift(&self, wait: u64, now: u64, since: u64, near: u64, far: u64) -> u64 {
        if far <= self.limit {
            return wait;
        }
        let reach = (now + wait).saturating_sub(since);
        let (excess, slope) = (far - self.limit, far - near);
        if u128::from(reach) * u128::from(slope) >= u128::from(self.window) * u128::from(excess) {
            return wait;
        }
        let needed = match self.window.checked_mul(excess) {
            Some(product) => product.div_ceil(slope),
            None => (u128::from(self.window) * u128::from(excess)).div_ceil(slope.into()) as u64,
        };
        since + needed - now
    }
}
