//! The rules, as constraints on how long to wait: see the [proof](super).

use super::{Account, Window};

impl Account {
    /// How long from `now` until `unstamped` requests satisfy the rule; `None`: not by waiting.
    pub(super) fn wait(&self, now: u64, unstamped: u64) -> Option<u64> {
        if unstamped > self.limit {
            return None;
        }
        // e = 0: enough stamps must be older than one window.
        let (recent, mut wait) = self.recent(now, unstamped);
        if self.rule == Window::AnyPhase {
            wait = self.wait_for_young(now, unstamped, recent, wait);
            wait = self.wait_for_old(now, unstamped, recent, wait);
        }
        Some(wait)
    }

    /// How many of the newest stamps fit beside `unstamped`, and the wait until the next older one
    /// has left the window.
    fn recent(&self, now: u64, unstamped: u64) -> (usize, u64) {
        let mut excess = (unstamped + self.stamped).saturating_sub(self.limit);
        if excess == 0 {
            return (self.stamps.len(), 0);
        }
        // From the old end, which is the short way in a window that slides.
        let last_to_leave = self.stamps.iter().position(|stamp| {
            let last = stamp.count >= excess;
            excess = excess.saturating_sub(stamp.count);
            last
        });
        let last_to_leave = last_to_leave.expect("the unstamped alone are within the limit");
        let leaves = self.stamps[last_to_leave].at + self.window + 1;
        (
            self.stamps.len() - last_to_leave - 1,
            leaves.saturating_sub(now),
        )
    }

    /// The constraints at `e` = the age of each stamp among the `recent` newest.
    fn wait_for_young(&self, now: u64, unstamped: u64, recent: usize, mut wait: u64) -> u64 {
        let mut older = self.stamps.iter().rev().peekable();
        let (mut near, mut far) = (unstamped, unstamped);
        for stamp in self.stamps.iter().rev().take(recent) {
            near += stamp.count;
            while let Some(other) = older.next_if(|other| other.at + self.window >= stamp.at) {
                far += other.count;
            }
            wait = self.lift(wait, now, stamp.at, near, far);
        }
        wait
    }

    /// The constraints at `e` = the age less one window of each stamp beyond the `recent` newest.
    fn wait_for_old(&self, now: u64, unstamped: u64, recent: usize, mut wait: u64) -> u64 {
        let mut younger = self.stamps.iter().rev().peekable();
        let (mut near, mut far) = (unstamped, unstamped);
        for (index, stamp) in self.stamps.iter().rev().enumerate() {
            far += stamp.count;
            if index < recent {
                continue;
            }
            while let Some(other) = younger.next_if(|other| other.at >= stamp.at + self.window) {
                near += other.count;
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
