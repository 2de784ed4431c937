//! For how long the store has not answered. Pure.

/// All times are nanoseconds of the limiter's own time.
#[derive(Debug)]
pub(super) struct Outage {
    /// How long calls wait while the store is away.
    at_most: Option<u64>,
    /// When it was asked first without an answer.
    since: Option<u64>,
    has_failed: bool,
    /// Calls are rejected.
    is_over: bool,
}

impl Outage {
    pub(super) fn new(at_most: Option<u64>) -> Self {
        Self {
            at_most,
            since: None,
            has_failed: false,
            is_over: false,
        }
    }

    /// The store is asked; returns whether it had answered before.
    pub(super) fn begins(&mut self, asked: u64) {
        self.since.get_or_insert(asked);
    }

    pub(super) fn since(&self) -> Option<u64> {
        self.since
    }

    /// It has not answered; returns whether it had before.
    pub(super) fn fails(&mut self) -> bool {
        !std::mem::replace(&mut self.has_failed, true)
    }

    /// It has answered; returns whether it had not before.
    pub(super) fn ends(&mut self) -> bool {
        self.since = None;
        let was_over = std::mem::take(&mut self.is_over);
        std::mem::take(&mut self.has_failed) || was_over
    }

    /// From when on calls are rejected, if it does not answer until then.
    pub(super) fn deadline(&self) -> Option<u64> {
        if self.is_over {
            return None;
        }
        self.since?.checked_add(self.at_most?)
    }

    /// Whether calls are to be rejected from now on.
    pub(super) fn is_over(&mut self, now: u64) -> bool {
        let over = self.deadline().is_some_and(|at| at <= now);
        self.is_over |= over;
        over
    }
}
