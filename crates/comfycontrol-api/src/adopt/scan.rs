//! Looking through a list of workflows, newest first, for one of a name: no I/O.

use std::time::Duration;

use comfycontrol_core::sent_at;
use http::HeaderMap;
use jiff::Timestamp;

use super::wanted::{Likeness, Wanted};
use crate::WorkflowSummary;

/// A name that is looked for, and how far the list need be read.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    wanted: Wanted<'a>,
    /// What was created before it is another one, by the server's clock.
    oldest: Option<Timestamp>,
    last: Option<Timestamp>,
    has_alike: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Seen {
    /// It is none; older ones follow, all too old.
    Older,
    Other,
    This,
}

impl<'a> Scan<'a> {
    /// Looks for one that was created within this time before the list was read, if that is known.
    ///
    /// The time is the server's own, told with the list: a clock here that is wrong would end the
    /// search too early, and a run be paid twice.
    pub(super) fn new(wanted: Wanted<'a>, within: Option<Duration>, list: &HeaderMap) -> Self {
        let oldest = within.and_then(|within| {
            let read = date(list)?;
            read.checked_sub(within.checked_add(MARGIN)?).ok()
        });
        Self {
            wanted,
            oldest,
            last: None,
            has_alike: false,
        }
    }

    pub(super) fn see(&mut self, workflow: &WorkflowSummary) -> Seen {
        let likeness = self.wanted.compare(&workflow.name);
        if likeness == Likeness::This {
            return Seen::This;
        }
        if self.is_older(workflow.created_at) {
            return Seen::Older;
        }
        self.has_alike |= likeness == Likeness::Alike;
        Seen::Other
    }

    /// Whether one was seen that may be it.
    pub(super) fn has_alike(&self) -> bool {
        self.has_alike
    }

    fn is_older(&mut self, created: Option<Timestamp>) -> bool {
        let Some(created) = created else {
            return false;
        };
        if self.last.is_some_and(|last| created > last) {
            // Not newest first: an old one proves nothing.
            self.oldest = None;
        }
        self.last = Some(created);
        self.oldest.is_some_and(|oldest| created < oldest)
    }
}

/// When the server has sent a response.
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    sent_at(headers)?.try_into().ok()
}

/// Between the clock of the edge, which writes the date, and that of the API.
const MARGIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adopt::Moment;
    use comfycontrol_test::{SECOND, now};
    use http::header::DATE;
    use std::time::SystemTime;

    fn headers(date: &str) -> HeaderMap {
        [(DATE, date.parse().unwrap())].into_iter().collect()
    }

    fn run(name: &str, created: &str) -> WorkflowSummary {
        WorkflowSummary {
            name: name.to_owned(),
            created_at: created.parse().ok(),
            ..WorkflowSummary::default()
        }
    }

    const NOW: &str = "Mon, 15 Jan 2024 10:30:00 GMT";

    #[test]
    fn older_ones_end_the_search_by_the_server_s_clock() {
        let mut scan = Scan::new(Wanted::new("b", false), Some(30 * SECOND), &headers(NOW));
        assert_eq!(scan.see(&run("a", "2024-01-15T10:30:00Z")), Seen::Other);
        assert_eq!(scan.see(&run("a", "2024-01-15T10:28:30Z")), Seen::Other);
        assert_eq!(scan.see(&run("a", "")), Seen::Other);
        assert_eq!(scan.see(&run("a", "2024-01-15T10:28:29Z")), Seen::Older);
        assert_eq!(scan.see(&run(" b ", "2020-01-15T10:28:29Z")), Seen::This);
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_was_sent_before_the_machine_slept_is_not_too_old_to_be_found() {
        let (steady, wall) = (now(), SystemTime::UNIX_EPOCH);
        let sent = Moment::new(steady, wall);
        // Ten seconds awake, in an hour.
        let woken = Moment::new(steady + 10 * SECOND, wall + 3600 * SECOND);
        let within = Some(sent.elapsed(woken));
        let mut scan = Scan::new(Wanted::new("a", false), within, &headers(NOW));
        assert_eq!(scan.see(&run("b", "2024-01-15T10:00:00Z")), Seen::Other);
        assert_eq!(scan.see(&run("a", "2024-01-15T09:30:00Z")), Seen::This);
    }

    #[test]
    fn without_a_time_or_an_order_nothing_is_too_old() {
        for (within, date) in [
            (None, NOW),
            (Some(SECOND), "yesterday"),
            (Some(Duration::MAX), NOW),
        ] {
            let mut scan = Scan::new(Wanted::new("b", false), within, &headers(date));
            assert_eq!(scan.see(&run("a", "1990-01-15T10:28:29Z")), Seen::Other);
        }
        let mut scan = Scan::new(Wanted::new("b", false), Some(SECOND), &headers(NOW));
        assert_eq!(scan.see(&run("a", "2024-01-15T10:29:30Z")), Seen::Other);
        assert_eq!(scan.see(&run("a", "2024-01-15T10:29:31Z")), Seen::Other);
        assert_eq!(scan.see(&run("a", "1990-01-15T10:28:29Z")), Seen::Other);
    }
}
