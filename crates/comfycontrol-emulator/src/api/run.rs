//! The progress of a run: a function of the time since it was accepted.

use std::time::Duration;

/// The course of one workflow, decided when it is accepted, except for a cancellation.
#[derive(Clone, Debug)]
pub(super) struct Run {
    length: Duration,
    fails: bool,
    /// When a cancellation takes effect.
    cancelled: Option<Duration>,
}

/// The statuses a run goes through, in the order it does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Status {
    Accepted,
    Uploaded,
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Uploaded => "uploaded",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(super) fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl Run {
    pub(super) fn new(length: Duration, fails: bool) -> Self {
        Self {
            length,
            fails,
            cancelled: None,
        }
    }

    /// The status at this age.
    pub(super) fn status(&self, age: Duration) -> Status {
        self.phase(age).0
    }

    /// The age at which the status of this age began.
    pub(super) fn since(&self, age: Duration) -> Duration {
        self.phase(age).1
    }

    /// The age at which it started running, if it has by this age.
    pub(super) fn started(&self, age: Duration) -> Option<Duration> {
        let start = self.begin(4);
        let reached = start <= age && self.cancelled.is_none_or(|at| start < at);
        reached.then_some(start)
    }

    /// The age at which it ended, if it has by this age.
    pub(super) fn ended(&self, age: Duration) -> Option<Duration> {
        let (status, since) = self.phase(age);
        status.is_terminal().then_some(since)
    }

    /// Cancels it, a little later than at this age; returns whether the status allows it.
    ///
    /// A run that ends before that ends as it would have.
    pub(super) fn cancel(&mut self, age: Duration) -> bool {
        let possible = matches!(self.status(age), Status::Queued | Status::Running);
        if possible && self.cancelled.is_none() {
            self.cancelled = Some(age + self.begin(2));
        }
        possible
    }

    fn phase(&self, age: Duration) -> (Status, Duration) {
        if let Some(at) = self.cancelled
            && at <= age
            && at < self.length
        {
            return (Status::Cancelled, at);
        }
        let end = if self.fails {
            Status::Failed
        } else {
            Status::Completed
        };
        let phases = [
            (end, self.length),
            (Status::Running, self.begin(4)),
            (Status::Queued, self.begin(2)),
            (Status::Uploaded, self.begin(1)),
        ];
        let reached = phases.into_iter().find(|(_, begin)| *begin <= age);
        reached.unwrap_or((Status::Accepted, Duration::ZERO))
    }

    /// So many twentieths of the whole.
    fn begin(&self, twentieths: u32) -> Duration {
        self.length / 20 * twentieths
    }
}

#[cfg(test)]
mod tests {
    use comfycontrol_test::SECOND;

    use super::*;

    fn statuses(run: &Run) -> Vec<Status> {
        let mut seen: Vec<_> = (0..=20).map(|age| run.status(SECOND * age)).collect();
        seen.dedup();
        seen
    }

    #[test]
    fn a_run_goes_through_the_documented_statuses() {
        use Status::{Accepted, Completed, Failed, Queued, Running, Uploaded};
        let before = [Accepted, Uploaded, Queued, Running];
        let run = Run::new(SECOND * 20, false);
        assert_eq!(statuses(&run), [&before[..], &[Completed]].concat());
        let run = Run::new(SECOND * 20, true);
        assert_eq!(statuses(&run), [&before[..], &[Failed]].concat());
    }

    #[test]
    fn only_queued_and_running_can_be_cancelled() {
        for (age, possible) in [
            (0, false),
            (1, false),
            (2, true),
            (4, true),
            (19, true),
            (20, false),
        ] {
            let mut run = Run::new(SECOND * 20, false);
            assert_eq!(run.cancel(SECOND * age), possible, "{age}");
        }
    }

    #[test]
    fn a_cancellation_takes_effect_later_unless_the_run_ends_first() {
        let mut run = Run::new(SECOND * 20, false);
        run.cancel(SECOND * 10);
        assert_eq!(run.status(SECOND * 11), Status::Running);
        assert_eq!(run.status(SECOND * 12), Status::Cancelled);
        assert_eq!(run.ended(SECOND * 15), Some(SECOND * 12));

        let mut run = Run::new(SECOND * 20, false);
        run.cancel(SECOND * 19);
        assert_eq!(run.status(SECOND * 21), Status::Completed);
    }

    #[test]
    fn a_run_cancelled_in_the_queue_never_started() {
        let mut run = Run::new(SECOND * 20, false);
        run.cancel(SECOND * 2);
        assert_eq!(run.status(SECOND * 5), Status::Cancelled);
        assert_eq!(run.started(SECOND * 5), None);
    }
}
